"""Statements on the log: an entry for each request, written in bulk behind the answers."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.collection import Listing, Order, Shape
from storage.database import Transaction
from storage.statements import ManyRows, Statement
from storage.tables import logs, settings
from storage.uncounted import Uncounted


class Row(NamedTuple):
    """An entry of the log, its columns in the order of the table."""

    account_id: str
    mode: str
    id: str
    created: int
    type: str
    level: str
    message: str
    method: str | None
    path: str | None
    operation: str | None
    status: int | None
    duration_us: int | None
    api_version: str | None
    key_id: str | None
    key_prefix: str | None
    error_code: str | None
    limiter: str | None
    idempotency: str | None
    resource_id: str | None


class Entries(Uncounted[Row]):
    """The entries of the log, which have no other index than their ids."""

    def statements(self, shapes: Iterable[Shape]) -> Iterator[Statement[Any]]:
        """Every statement that can be run, for lists narrowed by each of these sets of filters."""
        yield self._fetch
        for shape in shapes:
            yield self._counting(shape)
            for order in (None, Order("id", True), Order("id", False)):
                yield self._paging(shape, order, False)
            yield self._paging(shape, None, True)


FILTERS = ("type", "level", "status", "operation", "key_id", "resource_id")
ROWS = Entries(
    "log",
    logs,
    Row._make,
    Listing(filters={name: logs.c[name] == sa.bindparam(name) for name in FILTERS}, sorts=("id",)),
)
INSERT = ManyRows(logs)
KEPT_DAYS = Statement(sa.select(settings.c.log_retention_days).distinct(), tuple)
_OLD = (
    sa.select(logs.c.account_id, logs.c.mode, logs.c.id)
    .join_from(settings, logs, sa.and_(logs.c.account_id == settings.c.account_id, logs.c.mode == settings.c.mode))
    .where(
        settings.c.log_retention_days == sa.bindparam("days"),
        # Ids begin with their time, so that this finds the old ones by the primary key; the other is what counts.
        logs.c.id < sa.bindparam("before_id"),
        logs.c.created < sa.bindparam("before"),
    )
    .limit(sa.bindparam("limit"))
)
DELETE_OLD = Statement(sa.delete(logs).where(sa.tuple_(*logs.primary_key.columns).in_(_OLD)), tuple)


def kept_days(tx: Transaction) -> list[int]:
    """For how many days some account keeps its log, each number once."""
    return [int(row[0]) for row in KEPT_DAYS.all(tx, {})]


def delete_old(tx: Transaction, days: int, before: tuple[int, str], limit: int) -> int:
    """Remove up to `limit` entries of the accounts that keep so many days, older than a time and its lowest id."""
    return DELETE_OLD.run(tx, {"days": days, "before": before[0], "before_id": before[1], "limit": limit})
