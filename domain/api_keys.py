"""API keys: how they are made, kept and recognised. Only their digest is stored."""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain import ids
from domain.refusals import Refusal
from storage import api_keys
from storage.database import Transaction
from storage.scope import Scope

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET_LENGTH = 30
CHECKSUM_LENGTH = 6
FORM = re.compile(r"(sk_(?:live|test)_[0-9A-Za-z]{30})([0-9A-Za-z]{6})\Z", re.ASCII)
SHOWN_PREFIX = len("sk_live_") + 4


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a key stands for, and what it may do."""

    key_id: str
    scope: Scope
    scopes: frozenset[str]
    plan: str
    region: str
    key_version: str | None
    account_version: str | None
    expires: int | None
    limits: Mapping[str, int | None] | None

    def may(self, scope: str) -> bool:
        """Whether the key has a scope, by name, by kind (`resources:*`) or by `*`."""
        scopes = self.scopes
        return scope in scopes or "*" in scopes or f"{scope.partition(':')[0]}:*" in scopes


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it can be shown: never the key itself."""

    id: str
    name: str
    mode: str
    prefix: str
    last4: str
    scopes: Sequence[str]
    created: int
    expires: int | None
    revoked: int | None


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """What a new key may do, in which mode, until when and in which version."""

    mode: str
    scopes: Sequence[str]
    name: str = "API key"
    api_version: str | None = None
    expires: int | None = None


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


def create(tx: Transaction, now: int, account_id: str, options: KeyOptions) -> str:
    """Create a key and return it, this once."""
    key = generate(options.mode)
    values = {
        "id": ids.new("key"),
        "name": options.name,
        "digest": digest(key),
        "prefix": key[:SHOWN_PREFIX],
        "last4": key[-4:],
        "scopes": list(options.scopes),
        "api_version": options.api_version,
        "created": now,
        "expires": options.expires,
    }
    scope = Scope(account_id, options.mode)
    api_keys.ROWS.insert(tx, scope, api_keys.columns(values))
    api_keys.ROWS.tally(tx, scope, {"": 1})
    return key


def recognise(tx: Transaction, key_digest: str, now: int) -> Caller:
    """Whom a key stands for; refuses one that is unknown, revoked or expired."""
    row = api_keys.fetch_by_digest(tx, key_digest)
    if row is None:
        raise Refusal("key_invalid")
    if row.revoked is not None and row.revoked <= now:
        raise Refusal("key_revoked")
    caller = Caller(
        key_id=row.id,
        scope=Scope(row.account_id, row.mode),
        scopes=frozenset(row.scopes),
        plan=row.plan,
        region=row.region,
        key_version=row.api_version,
        account_version=row.account_api_version,
        expires=row.expires,
        limits=row.limits,
    )
    refuse_expired(caller, now)
    return caller


def refuse_expired(caller: Caller, now: int) -> None:
    """Refuse a key whose time has passed."""
    if caller.expires is not None and caller.expires <= now:
        raise Refusal("key_expired")


def revoke(tx: Transaction, now: int, key_id: str) -> bool:
    """Revoke a key; false when there is none with this id."""
    return api_keys.revoke(tx, key_id, now)


def list_of(tx: Transaction, account_id: str) -> list[ApiKey]:
    """The keys of an account, oldest first."""
    return [_shown(row) for row in api_keys.list_of(tx, account_id)]


def _shown(row: Any) -> ApiKey:
    return ApiKey(row.id, row.name, row.mode, row.prefix, row.last4, row.scopes, row.created, row.expires, row.revoked)
