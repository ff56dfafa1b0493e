"""The sender: sends deliveries to their webhooks, and settles many attempts together."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from domain import attempts, calls, sending, signatures, webhooks
from domain.attempts import Result
from domain.dispatching import Parcel, Room
from storage import webhooks as webhook_rows
from storage.database import DeadlineExceeded, Transaction, Unavailable
from storage.deliveries import QUEUE
from storage.queues import Lease
from storage.scope import Scope
from storage.webhooks import Receiver
from work import outbound
from work.lanes import Item, Lane, Lanes, Render
from work.outbound import Limits, Outbound, Reply
from work.workers import Station

log = structlog.get_logger()

LIMITS = Limits(seconds=15, most_bytes=1024)
# Longer than an attempt may take, with time to wait for its turn.
LEASE_SECONDS = 60
# So many webhooks are claimed from, and so many attempts settled, in one transaction.
MOST_CLAIMED_FROM = 32
MOST_SETTLED = 256
# A crowded lane is filled again before it is empty.
FEW_WAITING = 64
# A test that moves the clock, and a wake-up that was lost, are noticed after so long.
LOOK_SECONDS = 0.5
# How long attempts that are under way may go on when the sender stops; then they are given back.
GRACE_SECONDS = 3
UNPREPARED = Reply(None, b"", None, None, 0)


class Sender:
    """Sends what is due until it is stopped; it may be handed what was just dispatched."""

    def __init__(self, station: Station, out: Outbound, render: Render) -> None:
        self._database, self._clock, self._wakeups, self._means = station
        self._out = out
        self._token = secrets.token_hex(8)
        self._lanes = Lanes(render)
        self._flights: set[asyncio.Task[None]] = set()
        self._results: list[Result] = []
        self._landed = asyncio.Event()
        self._stopping = False
        self.has_ended = False

    async def run(self) -> None:
        """Look again and again; what is under way at the end has a moment to finish and is then given back."""
        settling = asyncio.create_task(self._settle_all())
        while not self._stopping:
            await _carefully(self.look)
            await self._wakeups.wait("deliveries", LOOK_SECONDS)
        if self._flights:
            await asyncio.wait(self._flights, timeout=GRACE_SECONDS)
        for flight in self._flights:
            flight.cancel()
        await asyncio.gather(*self._flights, return_exceptions=True)
        self._landed.set()
        await settling
        self.has_ended = True
        await self.give_back()
        await self._out.close()

    def stop(self) -> None:
        """Have `run` return."""
        self._stopping = True
        self._wakeups.stir({"deliveries"})

    async def give_back(self) -> None:
        """Let others send at once what is held."""
        await _carefully(self._give_back)

    def lease(self) -> Lease:
        """Holds deliveries for this process from now on."""
        now_ms = int(self._clock.time() * 1000)
        return Lease(self._token, now_ms, now_ms + LEASE_SECONDS * 1000)

    def room(self) -> Room:
        """How much more this process can hold."""
        return self._lanes.room()

    def take(self, parcel: Parcel, lease: Lease) -> None:
        """Send what is held under a lease."""
        for lane in self._lanes.add(parcel, lease.until_ms):
            self._send(lane)
        if parcel.crowded:
            self._wakeups.stir({"deliveries"})

    async def look(self) -> None:
        """Claim what is due, as much as there is room for; drop what waits for webhooks that are not there any more."""
        waiting = self._lanes.waiting()
        if waiting:
            current = await self._database.read(lambda tx: webhook_rows.receivers(tx, waiting))
            dropped = self._lanes.refresh(current, waiting)
            if dropped:
                parcel = Parcel(receivers=current)
                await self._database.write(lambda tx: sending.give_up(tx, self.lease(), dropped, parcel))
        lease, room = self.lease(), self.room()
        due = await self._database.read(lambda tx: QUEUE.owners(tx, lease.now_ms))
        due = [endpoint_id for endpoint_id in due if room.of(endpoint_id) > 0]
        for start in range(0, len(due), MOST_CLAIMED_FROM):
            if self._stopping or self.room().in_all <= 0:
                return
            some = due[start : start + MOST_CLAIMED_FROM]
            claiming = partial(sending.claim, endpoint_ids=some, lease=lease, room=self.room())
            parcel = await self._database.write(claiming)
            for lane in self._lanes.add(parcel, lease.until_ms):
                self._send(lane)

    def _send(self, lane: Lane) -> None:
        """Begin as many attempts as a lane may have."""
        deadline_ms = self._clock.time() * 1000 + LIMITS.seconds * 1000
        while not self._stopping and (item := self._lanes.next_of(lane)) is not None:
            if item.until_ms < deadline_ms:
                # It has waited too long; who claims it next sends it.
                self._lanes.put_back(lane, item)
                continue
            flight = asyncio.create_task(self._attempt(lane, item))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        if lane.is_crowded and len(lane.waiting) < FEW_WAITING:
            lane.is_crowded = False
            self._wakeups.stir({"deliveries"})

    def _land(self, lane: Lane) -> None:
        """Give the place that is free now to who has queued for it, else to the lane itself."""
        self._lanes.landed(lane)
        while (queueing := self._lanes.next_in_queue()) is not None:
            self._send(queueing)
        self._send(lane)

    async def _attempt(self, lane: Lane, item: Item) -> None:
        """Send a delivery once; what comes of it is settled soon."""
        receiver = lane.receiver
        began_ms = int(self._clock.time() * 1000)
        try:
            reply, error = await self._post(lane, item, began_ms // 1000)
            taken = (began_ms, reply.duration_us, reply.status, reply.body, reply.retry_after, error)
            self._results.append(Result(item.row, receiver, *taken))
            self._landed.set()
        finally:
            self._land(lane)

    async def _post(self, lane: Lane, item: Item, now: int) -> tuple[Reply, str | None]:
        """What came of sending, and what went wrong, in words."""
        try:
            body = item.letter.body(lane.receiver.api_version)
            headers = signatures.headers(lane.secrets(self._means, now), item.row.event_id, now, body)
        except Exception:
            log.exception("a delivery could not be prepared", delivery=item.row.id)
            return UNPREPARED, "The event could not be prepared."
        reply = await self._out.post(lane.receiver.url, body, headers, LIMITS)
        return reply, None if reply.error is None else outbound.ERRORS[reply.error]

    async def _settle_all(self) -> None:
        """Settle what has landed, again and again until the sender stops and nothing is under way."""
        while not (self._stopping and not self._flights):
            await self._landed.wait()
            self._landed.clear()
            while self._results and await _carefully(self._settle):
                pass
            if self._results and not self._stopping:
                await asyncio.sleep(LOOK_SECONDS)
                self._landed.set()

    async def _settle(self) -> None:
        """Settle some attempts in one transaction, and disable the webhooks that have to be."""
        results, self._results = self._results[:MOST_SETTLED], self._results[MOST_SETTLED:]
        try:
            disabling = await self._database.write(partial(attempts.settle, token=self._token, results=results))
        except (Unavailable, DeadlineExceeded):
            self._results = results + self._results
            raise
        except Exception:
            # Else they would count as held for ever, and be sent by nobody.
            self._lanes.held.difference_update(result.delivery.id for result in results)
            raise
        self._lanes.held.difference_update(result.delivery.id for result in results)
        for result in results:
            lane = self._lanes.of(result.receiver.id)
            if lane is not None and result.is_success != (lane.receiver.failing_since is None):
                since = None if result.is_success else result.ended
                lane.receiver = lane.receiver._replace(failing_since=since)
                self._send(lane)
        for receiver, reason in disabling:
            await self._database.write(partial(self._disable, receiver=receiver, reason=reason))
            self._wakeups.wake({"events"})

    def _disable(self, tx: Transaction, *, receiver: Receiver, reason: str) -> None:
        now, scope = self._clock.now(), Scope(receiver.account_id, receiver.mode)
        call = calls.of_worker(tx, scope, now, self._means, receiver.offset)
        webhooks.disable(call, receiver.id, reason)

    async def _give_back(self) -> None:
        held = list(self._lanes.held)
        if held:
            now_ms = int(self._clock.time() * 1000)
            await self._database.write(lambda tx: QUEUE.renew(tx, held, self._token, now_ms))


async def _carefully(step: Callable[[], Awaitable[None]]) -> bool:
    """Whether a step succeeds; what fails is logged, and to be tried again after a moment."""
    try:
        await step()
        return True
    except (Unavailable, DeadlineExceeded) as error:
        log.warning("deliveries put off", reason=str(error))
    except Exception:
        log.exception("deliveries failed")
    return False
