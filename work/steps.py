"""Tasks that are work of the database alone: many of them are done and settled in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from domain.calls import Call
from domain.settling import Again, Failed, Outcome, Settlement, Stopped
from domain.work import Job, WorkError
from storage import tasks
from storage.database import DeadlineExceeded, Transaction, Unavailable
from storage.tasks import Row
from work.workers import Station

log = structlog.get_logger()

# So many at once keep SQLite's one writer for a few milliseconds; then requests have their turn.
CHUNK = 16
MOST_ATTEMPTS = 5
RETRY_MS = 5_000
BROKEN = WorkError("internal_error", "Something went wrong on our side.")


@dataclass(frozen=True, slots=True)
class Step:
    """How a task is done in the transaction that settles it: `run(call, job, task)`; it may be run again.

    Up to `together` are done in one transaction.
    """

    run: Callable[[Call, Job, Row], Outcome]
    together: int = CHUNK


class Steps:
    """Does the due tasks of one type. Who dies in the middle leaves nothing behind, so no lease is needed."""

    def __init__(self, station: Station, kind: str, step: Step) -> None:
        self._station = station
        self._queue = tasks.QUEUES[kind]
        self._step = step
        self.next_due_ms: int | None = None

    async def look(self) -> bool:
        """Do some of what is due, of every account its share, and say whether there may be more.

        `next_due_ms` is then when the first task is due, in unix milliseconds.
        """
        now_ms = self._now_ms()
        self.next_due_ms = await self._station.database.read(self._queue.soonest)
        if self.next_due_ms is None or self.next_due_ms > now_ms:
            return False
        owners = await self._station.database.read(lambda tx: self._queue.owners(tx, now_ms))
        together = self._step.together
        turn, share = owners[:together], max(1, together // max(1, len(owners)))
        try:
            await self._do(turn, share)
        except (Unavailable, DeadlineExceeded):
            raise
        except Exception:
            # One of them is at fault: each alone, so that the others go on.
            log.exception("step failed")
            for owner in turn:
                await self._do([owner], 1, is_alone=True)
        return True

    async def finish(self) -> None:
        """Nothing is held between two looks."""

    async def _do(self, owners: Sequence[str], share: int, *, is_alone: bool = False) -> None:
        def unit(tx: Transaction) -> set[str]:
            now_ms = self._now_ms()
            rows = [row for owner in owners for row in self._queue.take(tx, owner, now_ms, share)]
            return self._settle(tx, now_ms, rows)

        def broken(tx: Transaction) -> set[str]:
            now_ms = self._now_ms()
            rows = [row for owner in owners for row in self._queue.take(tx, owner, now_ms, share)]
            settlement = Settlement(tx, now_ms, self._station.means, rows)
            for row in rows:
                settlement.settle(row, given_up(row, now_ms))
            return settlement.close()

        write = self._station.database.write
        try:
            topics = await write(unit)
        except (Unavailable, DeadlineExceeded):
            raise
        except Exception:
            if not is_alone:
                raise
            topics = await write(broken)
        self._station.wakeups.wake(topics)

    def _settle(self, tx: Transaction, now_ms: int, rows: Sequence[Row]) -> set[str]:
        settlement = Settlement(tx, now_ms, self._station.means, rows)
        for row in rows:
            began = time.perf_counter_ns()
            if settlement.is_stopped(row):
                outcome: Outcome = Stopped()
            else:
                outcome = self._step.run(settlement.call(row), settlement.job(row), row)
            settlement.settle(row, outcome, (time.perf_counter_ns() - began) // 1000)
        return settlement.close()

    def _now_ms(self) -> int:
        return int(self._station.clock.time() * 1000)


def given_up(row: Row, now_ms: int) -> Outcome:
    """What becomes of a task that met an error of ours: it is tried again a few times."""
    if row.attempts + 1 >= MOST_ATTEMPTS:
        return Failed(BROKEN.code, BROKEN.message)
    return Again(now_ms + RETRY_MS, BROKEN)
