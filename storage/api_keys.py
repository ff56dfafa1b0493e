"""Statements on API keys. Those that find or serve the scope itself are not bound to one."""

from typing import NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import accounts, api_keys, settings, users


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
    updated: int
    version: int
    user_id: str | None
    allowed_networks: list[str]
    last_used: int | None


class Identity(NamedTuple):
    """What authentication needs of an API key, its account, the account's settings in its mode and its user."""

    id: str
    account_id: str
    mode: str
    prefix: str
    scopes: list[str]
    api_version: str | None
    expires: int | None
    revoked: int | None
    allowed_networks: list[str]
    user_id: str | None
    role: str | None
    plan: str
    region: str
    limits: dict[str, int | None] | None
    test_clock_offset: int
    account_api_version: str | None


# A revoked key stays, so that whoever still sends it is told, but it is not there any more.
ROWS = Collection(
    "api_key",
    api_keys,
    Row._make,
    Listing(filters={"user_id": api_keys.c.user_id == sa.bindparam("user_id")}, sorts=("created", "updated", "name")),
    hidden=api_keys.c.revoked.is_not(None),
)
FETCH_BY_DIGEST = Statement(
    sa.select(
        *(api_keys.c[name] for name in Identity._fields[:10]),
        users.c.role,
        accounts.c.plan,
        accounts.c.region,
        accounts.c.limits,
        accounts.c.test_clock_offset,
        settings.c.api_version.label("account_api_version"),
    )
    .join_from(api_keys, accounts, api_keys.c.account_id == accounts.c.id)
    .join(settings, sa.and_(settings.c.account_id == api_keys.c.account_id, settings.c.mode == api_keys.c.mode))
    .outerjoin(users, users.c.id == api_keys.c.user_id)
    .where(api_keys.c.digest == sa.bindparam("digest")),
    Identity._make,
)
REVOKE = Statement(
    sa.update(api_keys)
    .where(api_keys.c.id == sa.bindparam("id"), api_keys.c.revoked.is_(None))
    .returning(api_keys.c.account_id, api_keys.c.mode),
    Scope._make,
    ("revoked",),
)
TOUCH = Statement(
    sa.update(api_keys)
    .where(
        scopes.of(api_keys),
        api_keys.c.id == sa.bindparam("id"),
        sa.func.coalesce(api_keys.c.last_used, -1) < sa.bindparam("used"),
    )
    .values(last_used=sa.bindparam("used")),
    Row._make,
)
LOCK_OF_USER = Statement(
    sa.select(api_keys)
    .where(scopes.of(api_keys), api_keys.c.user_id == sa.bindparam("user_id"), api_keys.c.revoked.is_(None))
    .order_by(api_keys.c.id)
    .with_for_update(),
    Row._make,
)
LIST_OF = Statement(
    sa.select(api_keys).where(api_keys.c.account_id == sa.bindparam("account_id")).order_by(api_keys.c.id), Row._make
)


def fetch_by_digest(tx: Transaction, digest: str) -> Identity | None:
    """Find a key by the digest of its secret, revoked and expired ones too."""
    return FETCH_BY_DIGEST.first(tx, {"digest": digest})


def revoke(tx: Transaction, key_id: str, now: int) -> bool:
    """Revoke a key for the operator; False when there is none or it is revoked already, whose time then stays."""
    scope = REVOKE.first(tx, {"id": key_id, "revoked": now})
    if scope is None:
        return False
    ROWS.tally(tx, scope, {"": -1})
    return True


def lock_of_user(tx: Transaction, scope: Scope, user_id: str) -> list[Row]:
    """The keys of a user that are not revoked, locked until the transaction ends."""
    return LOCK_OF_USER.all(tx, {"account_id": scope.account_id, "mode": scope.mode, "user_id": user_id})


def touch(tx: Transaction, scope: Scope, key_id: str, used: int) -> None:
    """Note when a key was last used. Its version stays: that counts what its owner changes."""
    TOUCH.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": key_id, "used": used})


def list_of(tx: Transaction, account_id: str) -> list[Row]:
    """Every key of an account in both modes, oldest first, revoked ones too."""
    return LIST_OF.all(tx, {"account_id": account_id})
