"""Statements on events: what happened to the objects of an account."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import events

# The events of this many objects take SQLite about a millisecond.
MANY_OBJECTS = 10


class Row(NamedTuple):
    """An event, its columns in the order of the table."""

    sequence: int
    id: str
    account_id: str
    mode: str
    type: str
    created: int
    object_id: str
    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None
    request_id: str | None
    idempotency_key: str | None


INSERT = Statement(sa.insert(events).inline(), Row._make, Row._fields[1:])


def insert(tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> None:
    """Add an event; the database gives it its place in the sequence."""
    INSERT.run(
        tx,
        {
            "previous_attributes": None,
            "request_id": None,
            "idempotency_key": None,
            **values,
            "account_id": scope.account_id,
            "mode": scope.mode,
        },
    )


def recent(tx: Transaction, scope: Scope, object_ids: Sequence[str], limit: int) -> list[Row]:
    """The last events of some objects, at most `limit` of each, newest first."""
    if not object_ids:
        return []
    if len(object_ids) > MANY_OBJECTS:
        leave_loop(tx)
    values = {f"object_id_{number}": object_id for number, object_id in enumerate(object_ids)}
    scoped = {"account_id": scope.account_id, "mode": scope.mode, "limit": limit}
    return recent_of(len(object_ids)).all(tx, {**values, **scoped})


@cache
def recent_of(count: int) -> Statement[Row]:
    """The statement for the last events of so many objects, which reads no more of the index than it returns."""
    latest = [
        sa.select(events)
        .where(scopes.of(events), events.c.object_id == sa.bindparam(f"object_id_{number}"))
        .order_by(events.c.sequence.desc())
        .limit(sa.bindparam("limit"))
        .subquery()
        for number in range(count)
    ]
    return Statement(sa.union_all(*map(sa.select, latest)).order_by(sa.desc("sequence")), Row._make)
