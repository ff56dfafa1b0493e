"""Several workers at once keep to one resource's rate limit, and measure every execution once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

import processors
from domain import calls, jobs, resources
from domain.calls import Means
from domain.work import Job
from storage import database, tables, wakeups
from storage import tasks as task_rows
from storage.database import Database, Transaction
from storage.scope import Scope
from storage.tasks import Row
from tests.serving import MovableClock
from tests.work import sandboxes
from work.outbound import Outbound
from work.processing import Processing
from work.tasks import TaskRunner
from work.workers import Station

SCOPE = Scope("acct_1", "live")
MEANS = Means(sandboxes.SEAL, processors=("echo",))
# In a minute; of which a tenth, and one more, is begun at once.
RATE_LIMIT = 20
AT_ONCE = 3
WORKERS = 3


def begun(tx: Transaction, now: int, number: int) -> Job:
    """A job of so many batches for an active resource."""
    call = calls.of_worker(tx, SCOPE, now, MEANS)
    made = sandboxes.resource(call)
    resources.update(call, made.id, {"status": "active", "configuration": {"batch_size": 1}})
    tx.execute(sa.update(tables.resources).values(rate_limit=RATE_LIMIT))
    return jobs.create(call, {"type": "process", "resource": made.id, "items": [{}] * number})


def test_workers_at_once_keep_to_the_limit(fresh_database: Callable[[], str]) -> None:
    clock, url, number = MovableClock(), fresh_database(), 8

    async def whole() -> None:
        opened = database.open_database(url)
        job = await opened.write(lambda tx: begun(tx, clock.now(), number))
        runners = [runner(opened, url, clock) for _ in range(WORKERS)]
        with clock.stopped():
            running = [asyncio.create_task(each.run()) for each in runners]
            rows = await settled(opened, job, number)
            assert len({row.due_ms for row in rows if row.status == "queued"}) == number - AT_ONCE
            for left in (2, 0):
                # Late ones are not begun all at once either.
                clock.offset += 60
                rows = await settled(opened, job, left)
                assert queued(rows) == left
            assert {row.attempts for row in rows} == {1}
            for each in runners:
                each.stop()
            await asyncio.gather(*running)
        await measured(opened, str(job.resource), number, clock)
        await opened.close()

    asyncio.run(whole())


async def settled(opened: Database, job: Job, most: int) -> list[Row]:
    """The tasks of a job, once each is done or has a turn to wait for, and at most so many wait."""
    quiet = {("succeeded", None), ("queued", "rate_limited")}
    for _ in range(1_000):
        rows = await opened.read(lambda tx: task_rows.first_of(tx, SCOPE, job.id, 100))
        if {(row.status, row.error_code) for row in rows} <= quiet and queued(rows) <= most:
            return rows
        await asyncio.sleep(0.01)
    return pytest.fail("It did not come to that.")


def runner(opened: Database, url: str, clock: MovableClock) -> TaskRunner:
    station = Station(opened, clock, wakeups.open_wakeups(url, opened), MEANS)
    return TaskRunner(station, {"process": Processing(clock, processors.discover(), Outbound()).execution()})


def queued(rows: list[Row]) -> int:
    return sum(row.status == "queued" for row in rows)


async def measured(opened: Database, resource: str, number: int, clock: MovableClock) -> None:
    def unit(tx: Transaction) -> Any:
        return resources.fetch(calls.of_worker(tx, SCOPE, clock.now(), MEANS), resource).metrics.lifetime

    assert (await opened.read(unit)).requests == number
