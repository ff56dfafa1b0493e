"""Statements on deliveries: events on their way to webhooks, and each attempt to send one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import members
from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.queues import Queue
from storage.scope import Scope
from storage.statements import ManyRows, Statement
from storage.tables import deleted_webhooks, deliveries, delivery_attempts, webhook_endpoints


class Row(NamedTuple):
    """A delivery, its columns in the order of the table. One with a `due_ms` is pending, and no other is."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    endpoint_id: str
    event_id: str
    event_type: str
    status: str
    attempts: int
    failures: int
    response_status: int | None
    error: str | None
    due_ms: int | None
    token: str | None


class AttemptRow(NamedTuple):
    """An attempt, its columns in the order of the table."""

    account_id: str
    mode: str
    delivery_id: str
    number: int
    created: int
    duration_us: int
    response_status: int | None
    response_body: str | None
    error: str | None


class Outcome(NamedTuple):
    """What an attempt makes of a delivery."""

    updated: int
    status: str
    failures: int
    response_status: int | None
    error: str | None
    due_ms: int | None


class Settled(NamedTuple):
    """A delivery that was still held when its attempt was settled; `attempts` counts that one too."""

    id: str
    account_id: str
    mode: str
    attempts: int


class Gone(NamedTuple):
    """A delivery that was deleted."""

    id: str
    account_id: str
    mode: str
    status: str


ROWS = Collection(
    "delivery",
    deliveries,
    Row._make,
    Listing(
        filters={
            "endpoint_id": deliveries.c.endpoint_id == sa.bindparam("endpoint_id"),
            "event_id": deliveries.c.event_id == sa.bindparam("event_id"),
            "status": deliveries.c.status == sa.bindparam("status"),
        },
        sorts=("created",),
        counted="status",
    ),
)
QUEUE: Queue[Row] = Queue(deliveries, Row._make, "endpoint_id")
INSERT = ManyRows(deliveries)
INSERT_ATTEMPTS = ManyRows(delivery_attempts)
_HELD = sa.and_(deliveries.c.token == sa.bindparam("by"), members.among(deliveries.c.id, "ids"))
_SETTLING = sa.update(deliveries).where(_HELD)
SETTLE = Statement(
    _SETTLING.values(
        version=deliveries.c.version + 1, attempts=deliveries.c.attempts + sa.bindparam("attempted"), token=None
    ).returning(*(deliveries.c[name] for name in Settled._fields)),
    Settled._make,
    Outcome._fields,
)
ATTEMPTS = Statement(
    sa.select(delivery_attempts)
    .where(scopes.of(delivery_attempts), delivery_attempts.c.delivery_id == sa.bindparam("delivery_id"))
    .order_by(delivery_attempts.c.number.desc())
    .limit(sa.bindparam("limit")),
    AttemptRow._make,
)
_FAILED = (
    sa.select(deliveries.c.id)
    .where(
        scopes.of(deliveries),
        deliveries.c.endpoint_id == sa.bindparam("endpoint_id"),
        # As a bind SQLite would not know that the index of the failed ones will do.
        sa.text("status = 'failed'"),
        deliveries.c.created >= sa.bindparam("since"),
    )
    .order_by(deliveries.c.created)
    .limit(sa.bindparam("limit"))
    .with_for_update()
    .cte("failed")
)
REQUEUE = Statement(
    sa.update(deliveries)
    .where(scopes.of(deliveries), deliveries.c.id.in_(sa.select(_FAILED.c.id)))
    .values(status="pending", failures=0, token=None, version=deliveries.c.version + 1),
    tuple,
    ("updated", "due_ms"),
)
ADVANCE = Statement(
    sa.update(deliveries)
    .where(
        scopes.of(deliveries),
        deliveries.c.endpoint_id.in_(sa.select(webhook_endpoints.c.id).where(scopes.of(webhook_endpoints))),
        deliveries.c.due_ms.is_not(None),
        deliveries.c.token.is_(None),
    )
    .values(due_ms=deliveries.c.due_ms - sa.bindparam("by_ms")),
    tuple,
)
SENT_SINCE = Statement(
    sa.select(sa.func.count()).where(
        scopes.of(deliveries),
        deliveries.c.endpoint_id == sa.bindparam("endpoint_id"),
        deliveries.c.id > sa.bindparam("after_id"),
        deliveries.c.event_type == sa.bindparam("event_type"),
    ),
    tuple,
)


def _deleting(*conditions: sa.ColumnElement[bool], scoped: bool = True) -> Statement[Gone]:
    chosen = [scopes.of(deliveries)] if scoped else []
    some = sa.select(deliveries.c.id).where(*chosen, *conditions).limit(sa.bindparam("limit"))
    deleted = sa.delete(deliveries).where(*chosen, deliveries.c.id.in_(some))
    return Statement(deleted.returning(*(deliveries.c[name] for name in Gone._fields)), Gone._make)


DELETE_BELOW = _deleting(deliveries.c.id < sa.bindparam("below_id"), scoped=False)
DELETE_BEFORE = _deleting(deliveries.c.created < sa.bindparam("before"))
DELETE_OF_ENDPOINT = _deleting(deliveries.c.endpoint_id == sa.bindparam("endpoint_id"))
DELETE_ATTEMPTS = Statement(
    sa.delete(delivery_attempts).where(
        scopes.of(delivery_attempts), members.among(delivery_attempts.c.delivery_id, "ids")
    ),
    tuple,
)
NOTE_DELETED = Statement(sa.insert(deleted_webhooks).inline(), tuple, ("account_id", "mode", "id"))
LOCK_DELETED = Statement(sa.select(deleted_webhooks).limit(1).with_for_update(skip_locked=True), tuple)
FORGET_DELETED = Statement(
    sa.delete(deleted_webhooks).where(scopes.of(deleted_webhooks), deleted_webhooks.c.id == sa.bindparam("id")), tuple
)


def insert(tx: Transaction, rows: Sequence[Row]) -> None:
    """Add pending deliveries, with their totals."""
    INSERT.run(tx, rows)
    _tally(tx, ((Scope(row.account_id, row.mode), {"pending": 1}) for row in rows))


def settle(tx: Transaction, token: str, outcomes: Iterable[tuple[str, Outcome]], attempted: int) -> list[Settled]:
    """Write what became of the deliveries with these ids that the token still holds, and say which these were.

    `attempted` is 1, or 0 where there was no attempt. Their totals are not changed yet.
    """
    alike: dict[Outcome, list[str]] = defaultdict(list)
    for delivery_id, outcome in outcomes:
        alike[outcome].append(delivery_id)
    settled = []
    for outcome, ids in alike.items():
        settled += SETTLE.all(tx, {**outcome._asdict(), "by": token, "ids": ids, "attempted": attempted})
    return settled


def tally_settled(tx: Transaction, settled: Iterable[tuple[Scope, str]]) -> None:
    """Change the totals for deliveries that were pending and now have another status."""
    _tally(tx, ((scope, {"pending": -1, status: 1}) for scope, status in settled if status != "pending"))


def attempts(tx: Transaction, scope: Scope, delivery_id: str, limit: int) -> list[AttemptRow]:
    """The newest attempts of a delivery, newest first."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "delivery_id": delivery_id}
    return ATTEMPTS.all(tx, {**values, "limit": limit})


def requeue_failed(tx: Transaction, scope: Scope, endpoint_id: str, since: int, to: tuple[int, int, int]) -> int:
    """Make the oldest failed deliveries of a webhook pending again; `to` are updated, due_ms and how many at most."""
    updated, due_ms, limit = to
    chosen = {"account_id": scope.account_id, "mode": scope.mode, "endpoint_id": endpoint_id, "since": since}
    count = REQUEUE.run(tx, {**chosen, "updated": updated, "due_ms": due_ms, "limit": limit})
    if count:
        ROWS.tally(tx, scope, {"failed": -count, "pending": count})
    return count


def advance(tx: Transaction, scope: Scope, by_ms: int) -> None:
    """Make what waits for its time due so much earlier."""
    ADVANCE.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "by_ms": by_ms})


def count_sent(tx: Transaction, scope: Scope, endpoint_id: str, event_type: str, after_id: str) -> int:
    """How many deliveries of a type a webhook has got that are newer than an id."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "endpoint_id": endpoint_id}
    found = SENT_SINCE.first(tx, {**values, "event_type": event_type, "after_id": after_id})
    return int(found[0]) if found else 0


def delete_below(tx: Transaction, below_id: str, limit: int) -> int:
    """Delete up to `limit` deliveries with lower ids, with their attempts and totals, and say how many."""
    return _clear(tx, DELETE_BELOW.all(tx, {"below_id": below_id, "limit": limit}))


def delete_before(tx: Transaction, scope: Scope, before: int, limit: int) -> int:
    """Delete up to `limit` deliveries created before a time, with their attempts and totals, and say how many."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "before": before, "limit": limit}
    return _clear(tx, DELETE_BEFORE.all(tx, values))


def delete_of_endpoint(tx: Transaction, scope: Scope, endpoint_id: str, limit: int) -> int:
    """Delete up to `limit` deliveries to a webhook, with their attempts and totals, and say how many."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "endpoint_id": endpoint_id, "limit": limit}
    return _clear(tx, DELETE_OF_ENDPOINT.all(tx, values))


def note_deleted(tx: Transaction, scope: Scope, endpoint_id: str) -> None:
    """Have the deliveries of a webhook that is gone deleted later."""
    NOTE_DELETED.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": endpoint_id})


def lock_deleted(tx: Transaction) -> tuple[Scope, str] | None:
    """A webhook that is gone and whose deliveries are not, which nobody else has locked."""
    found: Any = LOCK_DELETED.first(tx, {})
    return None if found is None else (Scope(found[0], found[1]), found[2])


def forget_deleted(tx: Transaction, scope: Scope, endpoint_id: str) -> None:
    """Note that nothing is left of a webhook."""
    FORGET_DELETED.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": endpoint_id})


def _clear(tx: Transaction, gone: Sequence[Gone]) -> int:
    """Delete the attempts of deliveries that are gone, and take them from the totals."""
    of: dict[Scope, list[str]] = defaultdict(list)
    for row in gone:
        of[Scope(row.account_id, row.mode)].append(row.id)
    for scope, ids in of.items():
        DELETE_ATTEMPTS.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "ids": ids})
    _tally(tx, ((Scope(row.account_id, row.mode), {row.status: -1}) for row in gone))
    return len(gone)


def _tally(tx: Transaction, changes: Iterable[tuple[Scope, dict[str, int]]]) -> None:
    """Change the totals of several accounts, always in the same order, so that no two wait for each other."""
    totals: dict[Scope, Counter[str]] = defaultdict(Counter)
    for scope, change in changes:
        totals[scope].update(change)
    for scope in sorted(totals):
        ROWS.tally(tx, scope, totals[scope])
