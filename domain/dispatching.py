"""Dispatching: each event becomes a delivery for every webhook that wants it, once and in the order of the events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain import ids
from storage import deliveries, event_cursors, events, webhooks
from storage.database import Transaction
from storage.deliveries import Row
from storage.queues import Lease
from storage.webhooks import Receiver

CURSOR = "deliveries"
# So many at once keep SQLite's one writer for about ten milliseconds; then requests have their turn.
MOST_EVENTS = 256
MOST_DELIVERIES = 1_000
# What was made for one webhook alone, whose delivery stands beside it already.
NOT_DISPATCHED = ("webhook.test",)


class Happened(NamedTuple):
    """An event, as far as its deliveries show it."""

    id: str
    account_id: str
    mode: str
    type: str
    created: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many deliveries the sender of this process can take at once, in all and for each webhook."""

    in_all: int
    each: int
    taken: Mapping[str, int] = field(default_factory=dict)

    def of(self, endpoint_id: str) -> int:
        """How many more it can take for a webhook."""
        return self.each - self.taken.get(endpoint_id, 0)


@dataclass(slots=True)
class Parcel:
    """Deliveries that this process holds, with what sending them takes."""

    rows: list[Row] = field(default_factory=list)
    events: dict[str, events.Row] = field(default_factory=dict)
    receivers: dict[str, Receiver] = field(default_factory=dict)
    # Webhooks that have more due than was taken.
    crowded: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Dispatched:
    """What a step came to: the deliveries for this process to send, and whether there may be more events."""

    parcel: Parcel
    has_more: bool


def dispatch(tx: Transaction, lease: Lease, room: Room) -> Dispatched:
    """Make the deliveries of the next events, and hold as many as there is room for; the others are due at once.

    Nothing is done while another process dispatches. The cursor moves in the transaction in which the deliveries are
    made, so that no event is lost or taken twice.
    """
    parcel = Parcel()
    cursor = event_cursors.lock(tx, CURSOR)
    if cursor is None:
        return Dispatched(parcel, has_more=False)
    found = events.following(tx, (cursor.transaction_id, cursor.sequence), MOST_EVENTS)
    if not found:
        return Dispatched(parcel, has_more=False)
    receivers = webhooks.enabled_of(tx, {event.account_id for event in found})
    made, last = _deliveries(found, receivers)
    deliveries.insert(tx, _held(made, lease, room, parcel))
    event_cursors.move(tx, CURSOR, last.transaction_id, last.sequence)
    parcel.receivers = {each.id: each for each in receivers}
    wanted = {row.event_id for row in parcel.rows}
    parcel.events = {event.id: event for event in found if event.id in wanted}
    return Dispatched(parcel, has_more=len(found) == MOST_EVENTS or last is not found[-1])


def new(event: Happened | events.Row, endpoint_id: str, due_ms: int) -> Row:
    """A delivery that nobody holds yet; its times are those of the event, which are those of its mode."""
    return Row(
        id=ids.new("dlv"),
        account_id=event.account_id,
        mode=event.mode,
        created=event.created,
        updated=event.created,
        version=1,
        endpoint_id=endpoint_id,
        event_id=event.id,
        event_type=event.type,
        status="pending",
        attempts=0,
        failures=0,
        response_status=None,
        error=None,
        due_ms=due_ms,
        token=None,
    )


def wants(chosen: Iterable[str], event_type: str) -> bool:
    """Whether somebody who chose some types of events, `*` or all those of a kind, wants one of a type."""
    return any(each in ("*", event_type, f"{event_type.partition('.')[0]}.*") for each in chosen)


def _deliveries(found: Sequence[events.Row], receivers: Iterable[Receiver]) -> tuple[list[Row], events.Row]:
    """The deliveries of the first events, up to a number, and the last event that they are of."""
    of: dict[tuple[str, str], list[Receiver]] = defaultdict(list)
    for receiver in receivers:
        of[receiver.account_id, receiver.mode].append(receiver)
    made: list[Row] = []
    event = found[0]
    for event in found:
        if event.type not in NOT_DISPATCHED:
            there = of.get((event.account_id, event.mode), ())
            made += [new(event, each.id, 0) for each in there if wants(each.events, event.type)]
        if len(made) >= MOST_DELIVERIES:
            break
    return made, event


def _held(made: Iterable[Row], lease: Lease, room: Room, parcel: Parcel) -> list[Row]:
    """The deliveries as they are stored: those for which there is room are held, and put into the parcel."""
    stored = []
    held: dict[str, int] = defaultdict(int)
    for row in made:
        if len(parcel.rows) < room.in_all and held[row.endpoint_id] < room.of(row.endpoint_id):
            held[row.endpoint_id] += 1
            row = row._replace(due_ms=lease.until_ms, token=lease.token)
            parcel.rows.append(row)
        else:
            row = row._replace(due_ms=lease.now_ms)
            parcel.crowded.add(row.endpoint_id)
        stored.append(row)
    return stored
