"""Lanes: what is to be sent to each webhook, so that a slow one holds up nobody else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

from domain.calls import Means
from domain.dispatching import Parcel, Room
from storage import events
from storage.deliveries import Row
from storage.webhooks import Receiver

Render = Callable[[events.Row, str], bytes]

MOST_AT_ONCE = 256
MOST_TO_ONE = 4
# One that keeps failing is mostly waited for, and many of those would leave nothing to the others.
MOST_TO_FAILING = 1
# How many are held in all, and of one webhook, those included that wait for their turn.
HELD = 2_048
HELD_OF_ONE = 256


class Letter:
    """An event as it is sent: written once for each dated version, however many webhooks get it."""

    def __init__(self, event: events.Row, render: Render) -> None:
        self._event = event
        self._render = render
        self._bodies: dict[str, bytes] = {}

    def body(self, api_version: str) -> bytes:
        """What is sent to webhooks of a version."""
        if api_version not in self._bodies:
            self._bodies[api_version] = self._render(self._event, api_version)
        return self._bodies[api_version]


class Item(NamedTuple):
    """A delivery that is held until a time, in unix milliseconds."""

    row: Row
    letter: Letter
    until_ms: int


class Lane:
    """What is to be sent to one webhook, in order."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.waiting: deque[Item] = deque()
        self.in_flight = 0
        self.is_crowded = False
        self._opened: tuple[str, ...] = ()
        self._sealed: tuple[str, ...] = ()

    @property
    def is_free(self) -> bool:
        """Whether one more may be in flight."""
        return self.in_flight < (MOST_TO_ONE if self.receiver.failing_since is None else MOST_TO_FAILING)

    def secrets(self, means: Means, now: int) -> tuple[str, ...]:
        """What to sign with: the secret, and behind it the one before as long as that one lives."""
        receiver = self.receiver
        sealed: tuple[str, ...] = (receiver.secret,)
        if receiver.previous_secret is not None and now < (receiver.previous_secret_expires or 0):
            sealed = (*sealed, receiver.previous_secret)
        if sealed != self._sealed:
            self._opened = tuple(means.seal.open(each).decode() for each in sealed)
            self._sealed = sealed
        return self._opened


class Lanes:
    """Every lane that has something; knows what is held, and whose turn it is."""

    def __init__(self, render: Render) -> None:
        self._render = render
        self.held: set[str] = set()
        self.in_flight = 0
        self._lanes: dict[str, Lane] = {}
        # Those that could send if there were not as many in flight as there may be, in the order in which they waited.
        self._queueing: dict[str, Lane] = {}

    def room(self) -> Room:
        """For how many more there is room, and what each lane has taken."""
        taken = {endpoint_id: len(lane.waiting) for endpoint_id, lane in self._lanes.items()}
        return Room(HELD - len(self.held), HELD_OF_ONE, taken)

    def add(self, parcel: Parcel, until_ms: int) -> list[Lane]:
        """Put deliveries into their lanes, which are returned; those that are held already stay where they are."""
        touched: dict[str, Lane] = {}
        letters = {event_id: Letter(event, self._render) for event_id, event in parcel.events.items()}
        for row in parcel.rows:
            if row.id in self.held:
                continue
            receiver = parcel.receivers[row.endpoint_id]
            lane = self._lanes.setdefault(row.endpoint_id, Lane(receiver))
            lane.receiver = receiver
            lane.waiting.append(Item(row, letters[row.event_id], until_ms))
            self.held.add(row.id)
            touched[row.endpoint_id] = lane
        for endpoint_id in parcel.crowded & touched.keys():
            touched[endpoint_id].is_crowded = True
        return list(touched.values())

    def next_of(self, lane: Lane) -> Item | None:
        """What a lane is to send now, which then counts as in flight; None when it is not its turn."""
        if not lane.waiting or not lane.is_free:
            return None
        if self.in_flight >= MOST_AT_ONCE:
            self._queueing[lane.receiver.id] = lane
            return None
        lane.in_flight += 1
        self.in_flight += 1
        return lane.waiting.popleft()

    def landed(self, lane: Lane) -> None:
        """One of a lane is in flight no longer."""
        lane.in_flight -= 1
        self.in_flight -= 1

    def next_in_queue(self) -> Lane | None:
        """The lane that has queued longest for the place that is free now; None when there is no such place or lane."""
        if self.in_flight >= MOST_AT_ONCE or not self._queueing:
            return None
        return self._queueing.pop(next(iter(self._queueing)))

    def put_back(self, lane: Lane, item: Item) -> None:
        """Hold something no longer that was to be sent."""
        self.landed(lane)
        self.held.discard(item.row.id)

    def of(self, endpoint_id: str) -> Lane | None:
        """The lane of a webhook, if it has one."""
        return self._lanes.get(endpoint_id)

    def waiting(self) -> list[str]:
        """The webhooks for which something waits; lanes that are done with are forgotten."""
        done = [endpoint_id for endpoint_id, lane in self._lanes.items() if not lane.waiting and not lane.in_flight]
        for endpoint_id in done:
            del self._lanes[endpoint_id]
        return [endpoint_id for endpoint_id, lane in self._lanes.items() if lane.waiting]

    def refresh(self, receivers: Mapping[str, Receiver], endpoint_ids: list[str]) -> list[Row]:
        """Take in what webhooks are now; returns what waited for those that are not sent to any more."""
        dropped: list[Row] = []
        for endpoint_id in endpoint_ids:
            receiver, lane = receivers.get(endpoint_id), self._lanes[endpoint_id]
            if receiver is not None and receiver.status == "enabled":
                lane.receiver = receiver
                continue
            dropped += [item.row for item in lane.waiting]
            lane.waiting.clear()
        self.held.difference_update(row.id for row in dropped)
        return dropped
