"""The log: an entry for each request that was made with a valid key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain import kinds, refusals
from domain.calls import Call
from domain.kinds import ListQuery
from domain.pages import Page
from storage import events, logs
from storage.database import Transaction
from storage.logs import ROWS, Row

SECONDS_PER_DAY = 86_400

# An entry as it is stored: the values of storage.logs.Row, in their order.
Entry = tuple[Any, ...]


class LogQuery(ListQuery, total=False):
    """How to list entries of the log."""

    type: str
    level: str
    status: int
    operation: str
    key: str
    resource: str


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key that a request was made with; `prefix` are its first characters."""

    id: str
    prefix: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened. What only requests have is None where there was none."""

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


def fetch(call: Call, entry_id: str) -> LogEntry:
    """The entry with this id."""
    row = ROWS.fetch(call.tx, call.scope, entry_id)
    if row is None:
        raise refusals.not_found("log entry", entry_id)
    return _load(row)


def page(call: Call, query: LogQuery) -> Page[LogEntry]:
    """One page of the caller's log."""
    wanted = ("type", "level", "status", "operation")
    filters = {**{name: query.get(name) for name in wanted}, "key_id": query.get("key")}
    filters["resource_id"] = query.get("resource")
    return kinds.page_of(call, ROWS, _load, query, filters)


def history(call: Call, object_ids: Sequence[str], most: int) -> dict[str, list[LogEntry]]:
    """What happened to each of some objects, newest first, at most `most` entries each."""
    found: dict[str, list[LogEntry]] = {object_id: [] for object_id in object_ids}
    for row in events.RECENT.of(call.tx, call.scope, object_ids, most):
        entry = LogEntry(row.id, row.created, "event", "info", row.type, row.request_id, resource=row.object_id)
        found[row.object_id].append(entry)
    return found


def store(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Add entries; one that is there already stays as it is."""
    logs.INSERT.run(tx, entries)


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Remove up to `limit` entries that their accounts keep no longer, and return how many there were."""
    removed = 0
    for days in logs.kept_days(tx):
        before = now - days * SECONDS_PER_DAY
        # A UUIDv7 begins with the milliseconds of its making, in hex.
        removed += logs.delete_old(tx, days, (before, f"req_{before * 1000:012x}"), limit - removed)
        if removed >= limit:
            break
    return removed


def _load(row: Row) -> LogEntry:
    return LogEntry(
        id=row.id,
        created=row.created,
        type=row.type,
        level=row.level,
        message=row.message or _message(row),
        request_id=row.id if row.type == "request" else None,
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
    )


def _message(row: Row) -> str:
    """What a request came to, in a sentence."""
    asked = f"{row.method} {(row.path or '').partition('?')[0]}"
    return f"{asked} was not sent to its end" if row.status is None else f"{asked} answered {row.status}"
