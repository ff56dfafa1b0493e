"""Deliveries: events on their way to webhooks. They make no events of their own, which would have to be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from domain import dispatching, events, ids, kinds, refusals, webhooks
from domain.calls import Call
from domain.kinds import ListQuery
from domain.pages import Page
from domain.refusals import Invalid, Refusal
from domain.webhooks import Webhook
from storage import deliveries
from storage.database import Transaction
from storage.deliveries import ROWS, AttemptRow, Row

DAY = 86_400
RETENTION = 30 * DAY
LONGEST_RECOVERY = 14 * DAY
# So many keep SQLite's one writer for about twenty milliseconds.
MOST_RECOVERED = 1_000
MOST_ATTEMPTS_SHOWN = 100
TEST = "webhook.test"
MOST_TESTS = 10
MINUTE = 60


class DeliveryQuery(ListQuery, total=False):
    """How to list deliveries."""

    webhook: str
    event: str
    status: str


class Recovery(TypedDict):
    """Since when to recover, in unix seconds."""

    since: int
    idempotency_key: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt; `response_body` is the first part of the answer, as text."""

    number: int
    created: int
    duration_ms: float
    response_status: int | None
    response_body: str | None
    error: str | None


@dataclass(slots=True)
class Delivery:
    """An event on its way to a webhook.

    `response_status` and `error` are those of the last attempt, and `next_attempt` is None while one is under way.
    """

    id: str
    created: int
    updated: int
    version: int
    webhook: str
    event: str
    event_type: str
    status: str
    attempt_count: int
    next_attempt: int | None
    response_status: int | None
    error: str | None
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many failed deliveries of a webhook are sent again, and whether there are more."""

    webhook: str
    since: int
    recovered: int
    has_more: bool


def page(call: Call, query: DeliveryQuery) -> Page[Delivery]:
    """One page of the caller's deliveries."""
    filters = {"endpoint_id": query.get("webhook"), "event_id": query.get("event"), "status": query.get("status")}
    return kinds.page_of(call, ROWS, lambda row: _load(call, row), query, filters)


def page_of_webhook(call: Call, webhook_id: str, query: DeliveryQuery) -> Page[Delivery]:
    """One page of the deliveries to a webhook."""
    return page(call, {**query, "webhook": webhooks.fetch(call, webhook_id).id})


def fetch(call: Call, delivery_id: str) -> Delivery:
    """The delivery with this id, with its newest attempts, newest first."""
    found = ROWS.fetch(call.tx, call.scope, delivery_id)
    if found is None:
        raise refusals.not_found("delivery", delivery_id)
    delivery = _load(call, found)
    delivery.attempts = [
        _attempt(row) for row in deliveries.attempts(call.tx, call.scope, delivery_id, MOST_ATTEMPTS_SHOWN)
    ]
    return delivery


def resend(call: Call, delivery_id: str) -> Delivery:
    """Have a delivery sent again now, whatever became of it; one that is being sent stays as it is."""
    found = ROWS.fetch_for_update(call.tx, call.scope, delivery_id)
    if found is None:
        raise refusals.not_found("delivery", delivery_id)
    _require_enabled(webhooks.fetch(call, found.endpoint_id))
    if found.token is not None:
        return _load(call, found)
    queued = found._replace(status="pending", failures=0, due_ms=call.real_now * 1000, updated=call.now)
    changes = {name: getattr(queued, name) for name in ("status", "failures", "due_ms", "updated")}
    ROWS.update(call.tx, call.scope, found.id, found.version, changes)
    if found.status != "pending":
        ROWS.tally(call.tx, call.scope, {found.status: -1, "pending": 1})
    call.wake("deliveries")
    return _load(call, queued._replace(version=found.version + 1))


def recover(call: Call, webhook_id: str, body: Recovery) -> Recovered:
    """Have the oldest failed deliveries of a webhook since a time sent again, but for those of two weeks ago."""
    since = max(body["since"], call.now - LONGEST_RECOVERY)
    if since > call.now:
        raise Invalid("since", "too_large", "must not be in the future")
    _require_enabled(webhooks.lock(call, webhook_id))
    to = (call.now, call.real_now * 1000, MOST_RECOVERED)
    count = deliveries.requeue_failed(call.tx, call.scope, webhook_id, since, to)
    call.wake("deliveries")
    return Recovered(webhook_id, since, count, has_more=count == MOST_RECOVERED)


def test(call: Call, webhook_id: str) -> Delivery:
    """Send an event to this webhook alone, whichever it has chosen."""
    webhook = webhooks.lock(call, webhook_id)
    _require_enabled(webhook)
    minute_ago = ids.lowest("dlv", call.real_now - MINUTE)
    if deliveries.count_sent(call.tx, call.scope, webhook_id, TEST, minute_ago) >= MOST_TESTS:
        message = (
            f"{MOST_TESTS} test events were sent to this webhook within a minute, which is the most. Wait a minute."
        )
        raise Refusal("limit_reached", message)
    event_id = events.record(call, TEST, webhooks.snapshot(webhook))
    event = dispatching.Happened(event_id, call.scope.account_id, call.scope.mode, TEST, call.now)
    row = dispatching.new(event, webhook_id, call.real_now * 1000)
    deliveries.insert(call.tx, [row])
    call.wake("deliveries")
    return _load(call, row)


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Delete some deliveries that are kept no longer, and say how many; 0 when none is left."""
    return deliveries.delete_below(tx, ids.lowest("dlv", now - RETENTION), limit)


def delete_of_deleted(tx: Transaction, _: int, limit: int) -> int:
    """Delete some deliveries of a webhook that is gone; 0 when there is no such webhook."""
    found = deliveries.lock_deleted(tx)
    if found is None:
        return 0
    deleted = deliveries.delete_of_endpoint(tx, *found, limit)
    if deleted < limit:
        deliveries.forget_deleted(tx, *found)
    return deleted + 1


def _require_enabled(webhook: Webhook) -> None:
    if webhook.status != "enabled":
        raise Refusal("webhook_disabled")


def _load(call: Call, row: Row) -> Delivery:
    waits = row.due_ms is not None and row.token is None
    return Delivery(
        id=row.id,
        created=row.created,
        updated=row.updated,
        version=row.version,
        webhook=row.endpoint_id,
        event=row.event_id,
        event_type=row.event_type,
        status=row.status,
        attempt_count=row.attempts,
        next_attempt=(row.due_ms or 0) // 1000 + call.clock_offset if waits else None,
        response_status=row.response_status,
        error=row.error,
    )


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        number=row.number,
        created=row.created,
        duration_ms=row.duration_us / 1000,
        response_status=row.response_status,
        response_body=row.response_body,
        error=row.error,
    )
