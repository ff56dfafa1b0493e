"""Statements on users, the people of an account."""

from typing import NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import users


class Row(NamedTuple):
    """A user, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    email: str
    name: str | None
    role: str
    status: str
    invitation_digest: str | None
    invitation_expires: int | None


ROWS = Collection(
    "user",
    users,
    Row._make,
    Listing(
        filters={
            "status": users.c.status == sa.bindparam("status"),
            "role": users.c.role == sa.bindparam("role"),
            "email": users.c.email == sa.bindparam("email"),
        },
        sorts=("created", "updated", "email"),
        counted="status",
    ),
    unique="email",
)
FETCH_INVITED = Statement(
    sa.select(users)
    .where(scopes.of(users), users.c.invitation_digest == sa.bindparam("invitation_digest"))
    .with_for_update(),
    Row._make,
)

LOCK_ACTIVE = Statement(
    sa.select(users)
    .where(scopes.of(users), users.c.role == sa.bindparam("role"), users.c.status == "active")
    .order_by(users.c.id)
    .with_for_update(),
    Row._make,
)


def fetch_invited(tx: Transaction, scope: Scope, invitation_digest: str) -> Row | None:
    """Find a user by the digest of the invitation's token, and lock it until the transaction ends."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "invitation_digest": invitation_digest}
    return FETCH_INVITED.first(tx, values)


def lock_active(tx: Transaction, scope: Scope, role: str) -> set[str]:
    """The ids of the active users of a role, locked until the transaction ends."""
    return {row.id for row in LOCK_ACTIVE.all(tx, {"account_id": scope.account_id, "mode": scope.mode, "role": role})}
