"""Signatures of what is sent to webhooks, by which its receiver knows that it is ours and unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"


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
