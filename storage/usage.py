"""Statements on usage: how many requests came on each day, and how many to each deprecated operation."""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import usage


class Row(NamedTuple):
    """The requests of one day, its columns in the order of the table."""

    account_id: str
    mode: str
    day: int
    operation: str
    requests: int
    last: int


_ADD = insert_into(usage).inline()
ADD = Statement(
    _ADD.on_conflict_do_update(
        index_elements=list(usage.primary_key.columns),
        set_={"requests": usage.c.requests + _ADD.excluded.requests, "last": _ADD.excluded.last},
    ),
    tuple,
    Row._fields,
)
OF_DAYS = Statement(
    sa.select(usage)
    .where(scopes.of(usage), usage.c.day >= sa.bindparam("first"), usage.c.day < sa.bindparam("end"))
    .order_by(usage.c.day, usage.c.operation),
    Row._make,
)

Key = tuple[str, str, int, str]


def add(tx: Transaction, counted: Mapping[Key, tuple[int, int]]) -> None:
    """Add requests, and the time of the last one, by account, mode, day and operation."""
    # Always in the same order, so that two at once do not wait for each other.
    for key, more in sorted(counted.items()):
        ADD.run(tx, Row(*key, *more)._asdict())


def of_days(tx: Transaction, scope: Scope, first: int, end: int) -> list[Row]:
    """The days from `first` to before `end` on which there were requests, in order."""
    return OF_DAYS.all(tx, {"account_id": scope.account_id, "mode": scope.mode, "first": first, "end": end})
