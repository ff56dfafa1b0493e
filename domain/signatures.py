"""Signatures of what is sent to webhooks, by which its receiver knows that it is ours and unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def sign(secret: str, body: bytes) -> str:
    """The value of `X-Signature`: HMAC-SHA256 in lower-case hex, whose key is the whole secret as it was shown."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def standard(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """A value of `webhook-signature` as Standard Webhooks has it, whose key is what the secret's base 64 stands for.

    Several secrets' values are joined by spaces. See https://www.standardwebhooks.com.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%s.%d." % (message_id.encode(), timestamp) + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def headers(signing: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a body; `X-Signature` is one value, so only the first, the newest, of the secrets makes it."""
    return {
        "Content-Type": "application/json",
        "X-Signature": sign(signing[0], body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(standard(each, message_id, timestamp, body) for each in signing),
    }


def new_secret() -> str:
    """A new key of signatures, in the form that Standard Webhooks gives it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether a text has the form of a key of signatures."""
    try:
        return text.startswith(PREFIX) and len(base64.b64decode(text.removeprefix(PREFIX), validate=True)) > 0
    except ValueError:
        return False
