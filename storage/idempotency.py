"""Idempotency keys: who owns one, and the answer that repeats of its request get."""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from storage import scope as scopes
from storage.database import Transaction, Unavailable
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import idempotency_keys as keys


class Row(NamedTuple):
    """An idempotency key with the answer to its request, its columns in the order of the table.

    The answer is NULL only inside the transaction that owns the key.
    """

    account_id: str
    mode: str
    key: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: bytes
    created: int
    expires: int


_NEW = insert_into(keys).inline()
# RETURNING, as psycopg reports no row count for ON CONFLICT.
CLAIM = Statement(
    _NEW.on_conflict_do_update(
        index_elements=list(keys.primary_key.columns),
        set_={
            "fingerprint": _NEW.excluded.fingerprint,
            "status": sa.null(),
            "headers": sa.null(),
            "body": sa.null(),
            "created": _NEW.excluded.created,
            "expires": _NEW.excluded.expires,
        },
        where=keys.c.expires <= sa.bindparam("now"),
    ).returning(keys.c.key),
    tuple,
    ("account_id", "mode", "key", "fingerprint", "created", "expires"),
)
FETCH = Statement(sa.select(keys).where(scopes.of(keys), keys.c.key == sa.bindparam("key")), Row._make)
COMPLETE = Statement(
    sa.update(keys).where(scopes.of(keys), keys.c.key == sa.bindparam("key")), Row._make, ("status", "headers", "body")
)
_primary_key = sa.tuple_(*keys.primary_key.columns)
DELETE_EXPIRED = Statement(
    sa.delete(keys).where(
        _primary_key.in_(
            sa.select(*keys.primary_key.columns)
            .where(keys.c.expires <= sa.bindparam("now"))
            .order_by(keys.c.expires)
            .limit(sa.bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    ),
    Row._make,
)


def claim(tx: Transaction, scope: Scope, key: str, fingerprint: str, now: int, expires: int) -> Row | None:
    """Take the key, if it is new or expired; None when this transaction now owns it, else the row that stands.

    Claims of one key wait for each other: on SQLite for the writer, on PostgreSQL for the other's commit. So a row
    that stands is complete.
    """
    scoped = {"account_id": scope.account_id, "mode": scope.mode, "key": key}
    # The row that stood in the way can be gone again once it is looked for, when it has just expired.
    for _ in range(3):
        if CLAIM.first(tx, {**scoped, "fingerprint": fingerprint, "created": now, "expires": expires, "now": now}):
            return None
        standing = FETCH.first(tx, scoped)
        if standing is not None:
            return standing
    raise Unavailable("The idempotency key is being cleaned up. Send the request again.")


def fetch(tx: Transaction, scope: Scope, key: str, now: int) -> Row | None:
    """The row of a key that has not expired."""
    row = FETCH.first(tx, {"account_id": scope.account_id, "mode": scope.mode, "key": key})
    return row if row is not None and row.expires > now else None


def complete(tx: Transaction, scope: Scope, key: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Store the answer of the request that owns the key."""
    COMPLETE.run(
        tx,
        {
            "account_id": scope.account_id,
            "mode": scope.mode,
            "key": key,
            "status": status,
            "headers": headers,
            "body": body,
        },
    )


def delete_expired(tx: Transaction, now: int, limit: int) -> int:
    """Delete up to `limit` keys that have expired, of every account, and say how many."""
    return DELETE_EXPIRED.run(tx, {"now": now, "limit": limit})
