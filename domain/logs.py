"""The log: an entry for each request that was made with a valid key, and what jobs wrote about their work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from domain import ids, kinds, refusals
from domain.calls import Call
from domain.kinds import ListQuery
from domain.pages import Page
from storage import logs
from storage.collection import Place
from storage.database import Transaction
from storage.logs import ROWS, Row

SECONDS_PER_DAY = 86_400
# What an id begins with when it is shown. Without it the ids of all entries are in the order of their time.
PREFIXES = {"request": "req_", "job": "log_"}

# A request's entry as it is stored: the values of storage.logs.INSERT_REQUESTS, in their order.
Entry = tuple[Any, ...]


class LogQuery(ListQuery, total=False):
    """How to list entries of the log."""

    type: str
    level: str
    status: int
    operation: str
    key: str
    resource: str
    job: str


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that a request was made with; `prefix` are its first characters."""

    id: str
    prefix: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened. What only requests have is None where there was none, and of others."""

    id: str
    created: int
    type: str
    level: str
    message: str
    request_id: str | None
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    status: int | None = None
    duration_ms: float | None = None
    api_version: str | None = None
    key: LogKey | None = None
    error_code: str | None = None
    limiter: str | None = None
    idempotency: str | None = None
    resource: str | None = None
    job: str | None = None


def write(call: Call, level: str, message: str, *, job: str, resource: str | None = None) -> None:
    """Add what a job has to tell, in the transaction of what it tells about."""
    row = Row(*call.scope, ids.in_hex(), call.now, "job", level, message, resource_id=resource, job_id=job)
    logs.INSERT.run(call.tx, [row])


def fetch(call: Call, entry_id: str) -> LogEntry:
    """The entry with this id."""
    row = ROWS.fetch(call.tx, call.scope, stored_id(entry_id))
    if row is None or shown_id(row) != entry_id:
        raise refusals.not_found("log entry", entry_id)
    return _load(row)


def page(call: Call, query: LogQuery) -> Page[LogEntry]:
    """One page of the caller's log."""
    wanted = ("type", "level", "status", "operation")
    filters = {**{name: query.get(name) for name in wanted}, "key_id": query.get("key")}
    filters |= {"resource_id": query.get("resource"), "job_id": query.get("job")}
    if "starting_after" in query:
        query = {**query, "starting_after": stored_id(query["starting_after"])}
    return kinds.page_of(call, ROWS, _load, query, filters)


def behind(call: Call, entry_id: str | None, limit: int) -> list[LogEntry]:
    """Up to `limit` of the caller's entries behind the one with this id, from the newest to the oldest."""
    place = Place(after=None if entry_id is None else stored_id(entry_id))
    return [_load(row) for row in ROWS.page(call.tx, call.scope, {}, place, limit)]


def of_resources(call: Call, resource_ids: Sequence[str], most: int) -> dict[str, list[LogEntry]]:
    """What happened to each of some resources, newest first, at most `most` entries each.

    That is what jobs wrote about it, and the requests to it among the last ones of the account.
    """
    rows = logs.OF_JOBS_ON_RESOURCE.of(call.tx, call.scope, resource_ids, most)
    rows += logs.REQUESTS_ON_RESOURCE.of(call.tx, call.scope, resource_ids, most)
    found: dict[str, list[LogEntry]] = {resource_id: [] for resource_id in resource_ids}
    for row in sorted(rows, key=attrgetter("id"), reverse=True):
        if len(found[str(row.resource_id)]) < most:
            found[str(row.resource_id)].append(_load(row))
    return found


def of_jobs(call: Call, job_ids: Sequence[str], most: int) -> dict[str, list[LogEntry]]:
    """What each of some jobs wrote, newest first, at most `most` entries each."""
    found: dict[str, list[LogEntry]] = {job_id: [] for job_id in job_ids}
    for row in logs.OF_JOB.of(call.tx, call.scope, job_ids, most):
        found[str(row.job_id)].append(_load(row))
    return found


def store(tx: Transaction, entries: Iterable[Entry]) -> None:
    """Add entries of requests; one that is there already stays as it is."""
    logs.INSERT_REQUESTS.run(tx, entries)


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Remove up to `limit` entries that their accounts keep no longer, and return how many there were."""
    removed = 0
    for days in logs.kept_days(tx):
        before = now - days * SECONDS_PER_DAY
        # A UUIDv7 begins with the milliseconds of its making, in hex.
        removed += logs.delete_old(tx, days, (before, f"{before * 1000:012x}"), limit - removed)
        if removed >= limit:
            break
    return removed


def stored_id(entry_id: str) -> str:
    """An entry's id without what it begins with when it is shown."""
    return entry_id.partition("_")[2]


def shown_id(row: Row) -> str:
    """An entry's id as it is shown; that of a request is the request's."""
    return PREFIXES[row.type] + row.id


def _load(row: Row) -> LogEntry:
    entry_id = shown_id(row)
    return LogEntry(
        id=entry_id,
        created=row.created,
        type=row.type,
        level=row.level,
        message=row.message or _message(row),
        request_id=entry_id if row.type == "request" else None,
        method=row.method,
        path=row.path,
        operation=row.operation,
        status=row.status,
        duration_ms=None if row.duration_us is None else row.duration_us / 1000,
        api_version=row.api_version,
        key=None if row.key_id is None else LogKey(row.key_id, row.key_prefix or ""),
        error_code=row.error_code,
        limiter=row.limiter,
        idempotency=row.idempotency,
        resource=row.resource_id,
        job=row.job_id,
    )


def _message(row: Row) -> str:
    """What a request came to, in a sentence."""
    asked = f"{row.method} {(row.path or '').partition('?')[0]}"
    return f"{asked} was not sent to its end" if row.status is None else f"{asked} answered {row.status}"
