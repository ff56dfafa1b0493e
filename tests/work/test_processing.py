"""Several workers at once keep to one resource's rate limit, and measure every execution once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
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

    async def scenario(opened: Database) -> None:
        job = await opened.write(lambda tx: begun(tx, clock.now(), number))

        async def found() -> list[Row]:
            return await opened.read(lambda tx: task_rows.first_of(tx, SCOPE, job.id, 100))

        async def until(holds: Callable[[list[Row]], bool]) -> list[Row]:
            rows: list[Row] = []
            for _ in range(1_000):
                rows = await found()
                if holds(rows):
                    return rows
                await asyncio.sleep(0.01)
            return pytest.fail(f"It did not come to that: {[(row.status, row.error_code) for row in rows]}")

        with clock.stopped():
            runners = [runner(opened, url, clock) for _ in range(WORKERS)]
            running = [asyncio.create_task(each.run()) for each in runners]
            rows = await until(partial(is_quiet, most=number))
            waiting = [row for row in rows if row.status == "queued"]
            assert len(waiting) == number - AT_ONCE
            assert len({row.due_ms for row in waiting}) == len(waiting)
            while waiting:
                # Late ones are not begun all at once either.
                clock.offset += 60
                rows = await until(partial(is_quiet, most=max(0, len(waiting) - AT_ONCE)))
                assert queued(rows) == max(0, len(waiting) - AT_ONCE)
                waiting = waiting[AT_ONCE:]
            assert {row.attempts for row in rows} == {1}
            for each in runners:
                each.stop()
            await asyncio.gather(*running)
        await measured(opened, str(job.resource), number, clock)

    async def whole() -> None:
        opened = database.open_database(url)
        try:
            await scenario(opened)
        finally:
            await opened.close()

    asyncio.run(whole())


def runner(opened: Database, url: str, clock: MovableClock) -> TaskRunner:
    station = Station(opened, clock, wakeups.open_wakeups(url, opened), MEANS)
    return TaskRunner(station, {"process": Processing(clock, processors.discover(), Outbound()).execution()})


def is_quiet(rows: list[Row], most: int) -> bool:
    """Whether every task is done or has a turn to wait for, and at most so many wait."""
    settled = (
        row.status == "succeeded" or (row.status == "queued" and row.error_code == "rate_limited") for row in rows
    )
    return all(settled) and queued(rows) <= most


def queued(rows: list[Row]) -> int:
    return sum(row.status == "queued" for row in rows)


async def measured(opened: Database, resource: str, number: int, clock: MovableClock) -> None:
    def unit(tx: Transaction) -> Any:
        return resources.fetch(calls.of_worker(tx, SCOPE, clock.now(), MEANS), resource).metrics.lifetime

    assert (await opened.read(unit)).requests == number
