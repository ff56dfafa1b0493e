"""Seals: secrets that must be read again are stored encrypted."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SealBroken(Exception):
    """A stored secret cannot be read: the key that sealed it is not among the server's keys any more."""


class Seal:
    """Encrypts and decrypts with the first of its keys, and decrypts with the others too, so that keys can be changed.

    A key is 32 bytes in URL-safe base 64; ValueError for any other.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def close(self, secret: bytes) -> str:
        """The secret, sealed."""
        return self._fernet.encrypt(secret).decode()

    def open(self, sealed: str) -> bytes:
        """The secret in a seal; raises SealBroken."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise SealBroken("A stored secret cannot be decrypted. Add its key to API_SECRET_KEYS.") from error


def new_key() -> str:
    """A new random key."""
    return Fernet.generate_key().decode()
