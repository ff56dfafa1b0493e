"""What is done again and again, in whichever process comes first. Read `JOBS` first."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import structlog

from domain import deliveries, events, exports, logs, metrics, sandbox
from domain.clock import Clock
from storage import idempotency, scheduled_runs
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable

log = structlog.get_logger()

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RUNS_KEPT = 30 * DAY

LOOK_SECONDS = 0.5
# So many rows at once keep SQLite's one writer for less than ten milliseconds; then requests have their turn.
CHUNK = 250
PAUSE_SECONDS = 0.005
# A process that has died is given up after so long.
LEASE_SECONDS = 60


class Job(NamedTuple):
    """Something to be done: `work(tx, now, limit)` does some of it and returns 0 when nothing is left.

    It is done once in each period of `every` seconds, by one process. With None every process looks after it all the
    time: then the rows themselves tell what is due and, by their locks, who has it.
    """

    name: str
    every: int | None
    work: Callable[[Transaction, int, int], int]


def delete_old_runs(tx: Transaction, now: int, limit: int) -> int:
    """Delete some rows of this schedule that nobody asks for any more."""
    return scheduled_runs.delete_finished(tx, now - RUNS_KEPT, limit)


JOBS = (
    Job("reset_sandbox", None, sandbox.reset_some),
    Job("delete_expired_idempotency_keys", HOUR, idempotency.delete_expired),
    Job("delete_old_logs", HOUR, logs.delete_old),
    Job("delete_old_outputs", HOUR, exports.delete_old),
    Job("delete_old_deliveries", HOUR, deliveries.delete_old),
    Job("delete_deliveries_of_deleted_webhooks", MINUTE, deliveries.delete_of_deleted),
    Job("delete_old_events", HOUR, events.delete_old),
    Job("delete_old_metrics", HOUR, metrics.delete_old),
    Job("delete_old_runs", DAY, delete_old_runs),
)


class Run(NamedTuple):
    """A job's run that this process holds."""

    slot: str
    leased_until: int


class Schedule:
    """Looks after the jobs until it is stopped. What fails is logged and tried again at the next look."""

    def __init__(self, database: Database, clock: Clock, jobs: Sequence[Job] = JOBS) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._stopping = asyncio.Event()
        self._held: dict[str, Run] = {}
        self._settled: dict[str, str] = {}

    async def run(self) -> None:
        """Look again and again; returns soon after `stop`, when the chunk at hand is done."""
        while not self._stopping.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_SECONDS)

    def stop(self) -> None:
        """Have `run` return."""
        self._stopping.set()

    async def look(self) -> None:
        """Do everything that is due now."""
        for job in self._jobs:
            try:
                await (self._do(job) if job.every is None else self._do_once(job, slot(self._clock.now(), job.every)))
            except (Unavailable, DeadlineExceeded) as error:
                log.warning("job put off", job=job.name, reason=str(error))
            except Exception:
                # Whatever a job meets, the others go on.
                log.exception("job failed", job=job.name)

    async def _do(self, job: Job) -> None:
        """Do all of a job, chunk by chunk."""

        def chunk(tx: Transaction) -> int:
            return job.work(tx, self._clock.now(), CHUNK)

        while await self._database.write(chunk) and not await self._is_stopping():
            pass

    async def _do_once(self, job: Job, wanted: str) -> None:
        """Do all of a job in this slot, unless another process has it or has done it."""
        if self._settled.get(job.name) == wanted:
            return
        held = self._held.get(job.name)
        if held is None or held.slot != wanted:
            held, is_finished = await self._database.write(lambda tx: self._claim(tx, job, wanted))
            if is_finished:
                self._settled[job.name] = wanted
        while held is not None:
            self._held[job.name] = held
            if await self._is_stopping():
                return
            held = await self._database.write(partial(self._chunk, job=job, run=held))
        self._held.pop(job.name, None)

    async def _is_stopping(self) -> bool:
        """Whether to stop, after a pause in which others have their turn."""
        await asyncio.sleep(PAUSE_SECONDS)
        return self._stopping.is_set()

    def _claim(self, tx: Transaction, job: Job, wanted: str) -> tuple[Run | None, bool]:
        """The run, if this process has it now, and whether it is finished already."""
        now = self._clock.now()
        if scheduled_runs.claim(tx, job.name, wanted, now, now + LEASE_SECONDS):
            return Run(wanted, now + LEASE_SECONDS), False
        return None, scheduled_runs.is_finished(tx, job.name, wanted)

    def _chunk(self, tx: Transaction, *, job: Job, run: Run) -> Run | None:
        """Do a part of the job and hold the run for longer; None when it is done or another has taken it over."""
        now = self._clock.now()
        until = now + LEASE_SECONDS
        if not scheduled_runs.renew(tx, job.name, run.slot, run.leased_until, until):
            return None
        if job.work(tx, now, CHUNK):
            return Run(run.slot, until)
        scheduled_runs.finish(tx, job.name, run.slot, now)
        return None


def slot(now: int, every: int) -> str:
    """Which of its times a job is at: when it began, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now // every * every))
