"""Exact totals that need no counting, by kind and status."""

from collections.abc import Sequence
from functools import cache
from typing import Any

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


@cache
def _several(count: int) -> Statement[Any]:
    """The statement that changes so many totals."""
    columns = [column.name for column in counters.c]
    values: list[dict[str, Any]] = [
        {name: sa.bindparam(f"{name}_{number}") for name in columns} for number in range(count)
    ]
    adding = insert_into(counters).inline().values(values)
    changed = counters.c.count + adding.excluded.count
    return Statement(
        adding.on_conflict_do_update(index_elements=list(counters.primary_key.columns), set_={"count": changed}), tuple
    )


def change_several(tx: Transaction, scope: Scope, changes: Sequence[tuple[str, str, int]]) -> None:
    """Add to some different totals, each given by its kind, its status and what to add; as `change` in their order."""
    values: dict[str, Any] = {}
    for number, (kind, status, delta) in enumerate(changes):
        values |= {f"account_id_{number}": scope.account_id, f"mode_{number}": scope.mode, f"kind_{number}": kind}
        values |= {f"status_{number}": status, f"count_{number}": delta}
    _several(len(changes)).run(tx, values)


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
