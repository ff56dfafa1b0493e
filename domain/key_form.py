"""The form of API keys: how they are made and recognised, and what is stored of them."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 30
CHECKSUM_LENGTH = 6
FORM = re.compile(r"(sk_(?:live|test)_[0-9A-Za-z]{30})([0-9A-Za-z]{6})\Z", re.ASCII)
SHOWN_PREFIX = len("sk_live_") + 4


def generate(mode: str) -> str:
    """A new key: 178 bits of randomness and a checksum, so that a mistyped key is told apart without a look-up."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
    body = f"sk_{mode}_{secret}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 of the key's first part in base 62."""
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits


def digest(key: str) -> str | None:
    """What is stored of a key; None for text that cannot be one. Keys are random, so a fast hash suffices."""
    match = FORM.match(key)
    if match is None or checksum(match[1]) != match[2]:
        return None
    return hashlib.sha256(key.encode()).hexdigest()
