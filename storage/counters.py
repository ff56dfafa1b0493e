"""Exact totals that need no counting, by kind and status."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import counters

# The form of PostgreSQL compiles for SQLite too, so one upsert serves both.
_ADD = insert_into(counters).inline()
CHANGE = Statement(
    _ADD.on_conflict_do_update(
        index_elements=list(counters.primary_key.columns), set_={"count": counters.c.count + _ADD.excluded.count}
    ),
    tuple,
    tuple(counters.c.keys()),
)
_SUM = sa.select(sa.func.coalesce(sa.func.sum(counters.c.count), 0)).where(
    scopes.of(counters), counters.c.kind == sa.bindparam("kind")
)
TOTAL = Statement(_SUM, tuple)
TOTAL_OF_STATUS = Statement(_SUM.where(counters.c.status == sa.bindparam("status")), tuple)


def change(tx: Transaction, scope: Scope, kind: str, status: str, delta: int) -> None:
    """Add `delta` to a total.

    Do this last in a transaction: on PostgreSQL the row stays locked for every other writer of the account until the
    commit.
    """
    CHANGE.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "kind": kind, "status": status, "count": delta})


def total(tx: Transaction, scope: Scope, kind: str, status: str | None) -> int:
    """How many objects of a kind there are, all of them or those of one status."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "kind": kind}
    found = TOTAL.first(tx, values) if status is None else TOTAL_OF_STATUS.first(tx, {**values, "status": status})
    return int(found[0]) if found else 0
