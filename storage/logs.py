"""Statements on the log: entries of requests, written in bulk behind the answers, and of jobs."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import routes
from storage.collection import Listing, Order, Shape
from storage.database import Transaction
from storage.latest import Latest, Recent
from storage.statements import ManyRows, Statement
from storage.tables import logs, settings
from storage.uncounted import Uncounted


class Row(NamedTuple):
    """An entry of the log, its columns in the order of the table; those that only requests have are None of a job."""

    account_id: str
    mode: str
    id: str
    created: int
    type: str
    level: str
    message: str
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    status: int | None = None
    duration_us: int | None = None
    api_version: str | None = None
    key_id: str | None = None
    key_prefix: str | None = None
    error_code: str | None = None
    limiter: str | None = None
    idempotency: str | None = None
    resource_id: str | None = None
    job_id: str | None = None


class Entries(Uncounted[Row]):
    """The entries of the log. Only those of jobs have another index than their ids."""

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
    Listing(
        filters={
            **{name: logs.c[name] == sa.bindparam(name) for name in FILTERS},
            "job_id": routes.Rare(logs.c.job_id == sa.bindparam("job_id")),
        },
        sorts=("id",),
    ),
)
# The message of a request is made of the rest of it when it is read.
INSERT_REQUESTS = ManyRows(
    logs, {"type": sa.literal_column("'request'"), "message": sa.literal_column("''"), "job_id": sa.null()}
)
INSERT = ManyRows(logs)
OF_JOB = Latest(logs, Row._make, logs.c.job_id, logs.c.id, logs.c.job_id.is_not(None))
OF_JOBS_ON_RESOURCE = Latest(logs, Row._make, logs.c.resource_id, logs.c.id, logs.c.job_id.is_not(None))
# An index of the requests to a resource would double what it takes to write their entries.
REQUESTS_ON_RESOURCE = Recent(logs, Row._make, logs.c.resource_id, logs.c.id, logs.c.job_id.is_(None))
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
