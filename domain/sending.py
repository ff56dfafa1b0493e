"""Sending: what a process takes to send it, and what it does not send after all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from domain.dispatching import Parcel, Room
from storage import deliveries, events, webhooks
from storage.database import Transaction
from storage.deliveries import QUEUE, Outcome, Row
from storage.queues import Lease
from storage.scope import Scope
from storage.webhooks import Receiver

# So many deliveries of a webhook that is gone are deleted where one of them comes up; the others follow.
MOST_GONE = 250


def claim(tx: Transaction, endpoint_ids: Sequence[str], lease: Lease, room: Room) -> Parcel:
    """Take what is due of some webhooks, as much as there is room for; what is not to be sent is settled at once."""
    parcel = Parcel()
    for endpoint_id in endpoint_ids:
        limit = min(room.of(endpoint_id), room.in_all - len(parcel.rows))
        if limit > 0:
            claimed = QUEUE.claim(tx, endpoint_id, lease, limit)
            parcel.rows += sorted(claimed)
            if len(claimed) == limit:
                parcel.crowded.add(endpoint_id)
    parcel.receivers = webhooks.receivers(tx, {row.endpoint_id for row in parcel.rows})
    parcel.events = events.with_ids(tx, {row.event_id for row in parcel.rows})
    unsent = [row for row in parcel.rows if why_not(row, parcel.receivers, parcel.events)]
    give_up(tx, lease, unsent, parcel)
    parcel.rows = [row for row in parcel.rows if row not in unsent]
    return parcel


def give_up(tx: Transaction, lease: Lease, rows: Iterable[Row], parcel: Parcel) -> None:
    """Fail held deliveries that are not to be sent, without an attempt; those to a webhook that is gone are deleted."""
    outcomes, gone = [], set()
    for row in rows:
        receiver = parcel.receivers.get(row.endpoint_id)
        if receiver is None:
            gone.add((Scope(row.account_id, row.mode), row.endpoint_id))
            continue
        updated = lease.now_ms // 1000 + receiver.offset
        error = why_not(row, parcel.receivers, parcel.events)
        outcomes.append((row.id, Outcome(updated, "failed", row.failures, row.response_status, error, None)))
    settled = deliveries.settle(tx, lease.token, outcomes, attempted=0)
    deliveries.tally_settled(tx, [(Scope(each.account_id, each.mode), "failed") for each in settled])
    for scope, endpoint_id in sorted(gone):
        deliveries.delete_of_endpoint(tx, scope, endpoint_id, MOST_GONE)


def why_not(row: Row, receivers: Mapping[str, Receiver], found: Mapping[str, events.Row]) -> str | None:
    """Why a delivery is not to be sent, if it is not."""
    receiver = receivers.get(row.endpoint_id)
    if receiver is None:
        return "The webhook was deleted."
    if receiver.status != "enabled":
        return "The webhook was disabled."
    return None if row.event_id in found else "The event is kept no longer."
