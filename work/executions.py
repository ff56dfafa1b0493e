"""Tasks that talk to others: claimed with a lease, done outside of any transaction, settled by who still holds it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import structlog

from domain import ids
from domain.calls import Call
from domain.settling import Again, Failed, Outcome, Settlement, Stopped, Succeeded
from domain.work import Job, WorkError
from storage import tasks
from storage.database import DeadlineExceeded, Transaction, Unavailable
from storage.queues import Lease
from storage.tasks import Row
from work.workers import Station

log = structlog.get_logger()

# In flight at once in a process, and of one account.
MOST = 32
MOST_OF_ACCOUNT = 8
# A worker that has died is given up after so long; one that lives renews in time.
LEASE_SECONDS = 30
RENEW_SECONDS = 10
# What is in flight when the worker is stopped has so long to finish; then it is given back.
GRACE_SECONDS = 10
SETTLE_SECONDS = 1
MOST_ATTEMPTS = 25
BROKEN = WorkError("internal_error", "Something went wrong on our side.")
LOST = Failed("worker_lost", f"Its worker was lost {MOST_ATTEMPTS} times.")


@dataclass(frozen=True, slots=True)
class Execution:
    """How a task is done outside of a transaction.

    `prepare(call, job, task)` reads what it needs while the task is claimed, or says at once what becomes of it;
    `perform` does the work, as often as workers die of it, so at least once. `close` is called when nothing is done
    any more.
    """

    prepare: Callable[[Call, Job, Row], Any | Outcome]
    perform: Callable[[Any], Awaitable[Outcome]]
    close: Callable[[], Awaitable[None]] | None = None


class Begun(NamedTuple):
    """A claimed task and what was prepared for it."""

    row: Row
    prepared: Any


class Executions:
    """Does the due tasks of one type, several at once."""

    def __init__(self, station: Station, kind: str, execution: Execution) -> None:
        self._station = station
        self._queue = tasks.QUEUES[kind]
        self._execution = execution
        self._token = ids.new("wrk")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._owners: Counter[str] = Counter()
        self._last = ""
        self._renewed = 0.0
        self.next_due_ms: int | None = None

    async def look(self) -> bool:
        """Claim and begin what is due and has room, of every account its share, and say whether there may be more.

        `next_due_ms` is then when the first task is due, in unix milliseconds; those that are due already, and still
        wait, belong to accounts that have their share: the end of a task wakes for them.
        """
        await self._renew()
        room, now_ms = MOST - len(self._running), self._now_ms()
        self.next_due_ms = await self._station.database.read(self._queue.soonest) if room else None
        if self.next_due_ms is None or self.next_due_ms > now_ms:
            return False
        owners = await self._station.database.read(lambda tx: self._queue.owners(tx, now_ms))
        shares = self._shares(owners, room)
        if not shares:
            return False
        try:
            return await self._begin(shares)
        except (Unavailable, DeadlineExceeded):
            raise
        except Exception:
            # One of them is at fault: each alone, so that the others go on.
            log.exception("claiming failed")
        for owner in shares:
            try:
                await self._begin({owner: 1})
            except (Unavailable, DeadlineExceeded):
                raise
            except Exception:
                log.exception("a task is given up", account=owner)
                await self._begin({owner: 1}, is_broken=True)
        return True

    async def finish(self) -> None:
        """Wait for what runs, not for long; then give it back, for another worker to begin anew."""
        running = dict(self._running)
        if running:
            await asyncio.wait(running.values(), timeout=GRACE_SECONDS)
        left = [name for name, each in running.items() if not each.done()]
        for name in left:
            running[name].cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        try:
            if left:
                await self._station.database.write(partial(self._give_back, left=left))
        except (Unavailable, DeadlineExceeded) as error:
            # Their leases end by themselves.
            log.warning("tasks not given back", reason=str(error))
        if self._execution.close is not None:
            await self._execution.close()

    def _shares(self, owners: Sequence[str], room: int) -> dict[str, int]:
        """How many tasks to claim of whom: in turn, after the account that was served last."""
        ordered = sorted(owners)
        after = [owner for owner in ordered if owner > self._last]
        waiting = {owner: MOST_OF_ACCOUNT - self._owners[owner] for owner in (*after, *ordered)}
        waiting = {owner: free for owner, free in waiting.items() if free > 0}
        shares: Counter[str] = Counter()
        while room and waiting:
            for owner in list(waiting)[:room]:
                shares[owner] += 1
                waiting[owner] -= 1
                self._last = owner
            room = max(0, room - len(waiting))
            waiting = {owner: free for owner, free in waiting.items() if free > 0}
        return shares

    async def _begin(self, shares: Mapping[str, int], *, is_broken: bool = False) -> bool:
        """Claim and begin tasks, or give them up where they cannot be prepared; whether there were any."""
        claim = partial(self._claim, shares=shares, is_broken=is_broken)
        begun, is_more, topics = await self._station.database.write(claim)
        self._station.wakeups.wake(topics)
        for each in begun:
            self._owners[each.row.account_id] += 1
            self._running[each.row.id] = asyncio.create_task(self._perform(each))
        return is_more

    def _claim(
        self, tx: Transaction, *, shares: Mapping[str, int], is_broken: bool
    ) -> tuple[list[Begun], bool, set[str]]:
        """What is begun, whether there may be more to claim, and the topics to wake."""
        now_ms = self._now_ms()
        lease = Lease(self._token, now_ms, now_ms + LEASE_SECONDS * 1000)
        rows = [row for owner, share in shares.items() for row in self._queue.claim(tx, owner, lease, share)]
        settlement = Settlement(tx, now_ms, self._station.means, rows)
        begun = []
        # What is prepared may lock the resource: always in one order, so that two do not wait for each other.
        for row in sorted(rows, key=lambda row: settlement.job(row).resource or ""):
            was_begun = row.status == "running"
            row = settlement.begin(row)
            if settlement.is_stopped(row) and not was_begun:
                prepared: Any = Stopped()
            elif is_broken:
                prepared = Failed(BROKEN.code, BROKEN.message)
            elif row.attempts > MOST_ATTEMPTS:
                prepared = LOST
            else:
                prepared = self._execution.prepare(settlement.call(row), settlement.job(row), row)
            if isinstance(prepared, Succeeded | Failed | Again | Stopped):
                settlement.settle(row, prepared)
            else:
                begun.append(Begun(row, prepared))
        return begun, bool(rows), settlement.close()

    async def _perform(self, begun: Begun) -> None:
        """Do a task and settle it; a result that cannot be stored is lost, and the task is begun again."""
        row = begun.row
        began = time.perf_counter_ns()
        try:
            outcome = await self._execution.perform(begun.prepared)
        except Exception:
            log.exception("task failed", task=row.id)
            outcome = Failed(BROKEN.code, BROKEN.message)
        duration_us = (time.perf_counter_ns() - began) // 1000
        try:
            await self._settle(row, outcome, duration_us)
        finally:
            self._running.pop(row.id, None)
            self._owners[row.account_id] -= 1
            self._owners += Counter()
            self._station.wakeups.stir({"tasks"})

    async def _settle(self, row: Row, outcome: Outcome, duration_us: int) -> None:
        """Store the outcome; while the database cannot, try again as long as the lease is held."""

        def unit(tx: Transaction) -> set[str]:
            held = self._queue.held(tx, row.id, self._token)
            if held is None or held.attempts != row.attempts:
                return set()
            settlement = Settlement(tx, self._now_ms(), self._station.means, [held])
            settlement.settle(held, outcome, duration_us)
            return settlement.close()

        while True:
            try:
                self._station.wakeups.wake(await self._station.database.write(unit))
                return
            except (Unavailable, DeadlineExceeded) as error:
                log.warning("settling put off", task=row.id, reason=str(error))
                await asyncio.sleep(SETTLE_SECONDS)

    async def _renew(self) -> None:
        """Hold what runs for longer."""
        now = self._station.clock.time()
        # A clock that was set back is no reason to wait until it has come as far again.
        if not self._running or abs(now - self._renewed) < RENEW_SECONDS:
            self._renewed = self._renewed if self._running else now
            return
        until, ids = int((now + LEASE_SECONDS) * 1000), list(self._running)
        await self._station.database.write(lambda tx: self._queue.renew(tx, ids, self._token, until))
        self._renewed = now

    def _give_back(self, tx: Transaction, *, left: Sequence[str]) -> None:
        now_ms = self._now_ms()
        held = [row for each in left if (row := self._queue.held(tx, each, self._token)) is not None]
        for row in held:
            tasks.settle(tx, row, {"status": "queued", "due_ms": now_ms, "token": None})

    def _now_ms(self) -> int:
        return int(self._station.clock.time() * 1000)
