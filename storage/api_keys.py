"""Statements on API keys. They find or serve the scope itself, so they are not bound to one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database import Transaction
from storage.statements import Statement
from storage.tables import accounts, api_keys


class Row(NamedTuple):
    """An API key, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    name: str
    digest: str
    prefix: str
    last4: str
    scopes: list[str]
    api_version: str | None
    created: int
    expires: int | None
    revoked: int | None


class Identity(NamedTuple):
    """An API key followed by what authentication needs of its account."""

    id: str
    account_id: str
    mode: str
    name: str
    digest: str
    prefix: str
    last4: str
    scopes: list[str]
    api_version: str | None
    created: int
    expires: int | None
    revoked: int | None
    account_name: str
    plan: str
    region: str
    account_api_version: str | None


INSERT = Statement(sa.insert(api_keys).inline(), Row._make, Row._fields)
FETCH_BY_DIGEST = Statement(
    sa.select(
        api_keys,
        accounts.c.name.label("account_name"),
        accounts.c.plan,
        accounts.c.region,
        accounts.c.api_version.label("account_api_version"),
    )
    .join_from(api_keys, accounts, api_keys.c.account_id == accounts.c.id)
    .where(api_keys.c.digest == sa.bindparam("digest")),
    Identity._make,
)
REVOKE = Statement(
    sa.update(api_keys).where(api_keys.c.id == sa.bindparam("id"), api_keys.c.revoked.is_(None)),
    Row._make,
    ("revoked",),
)
LIST_OF = Statement(
    sa.select(api_keys).where(api_keys.c.account_id == sa.bindparam("account_id")).order_by(api_keys.c.id), Row._make
)


def insert(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Add an API key."""
    INSERT.run(tx, {"api_version": None, "expires": None, "revoked": None, **values})


def fetch_by_digest(tx: Transaction, digest: str) -> Identity | None:
    """Find a key by the digest of its secret, revoked and expired ones too."""
    return FETCH_BY_DIGEST.first(tx, {"digest": digest})


def revoke(tx: Transaction, key_id: str, now: int) -> bool:
    """Revoke a key; False when there is none or it is revoked already, whose time then stays."""
    return REVOKE.run(tx, {"id": key_id, "revoked": now}) == 1


def list_of(tx: Transaction, account_id: str) -> list[Row]:
    """Every key of an account in both modes, oldest first."""
    return LIST_OF.all(tx, {"account_id": account_id})
