"""Jobs are done once in each of their times, by one of any number of processes, and none can end the others."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import orjson
import pytest
import structlog

from gateway import logs
from storage import database, idempotency, scheduled_runs
from storage.database import Database, Transaction, Unavailable
from storage.scope import Scope
from tests.work.sandboxes import DAY, TODAY, StillClock
from work import schedule
from work.schedule import JOBS, LEASE_SECONDS, Job, Schedule

HOUR = 3600
NEXT = TODAY + HOUR


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile."""
    before = structlog.get_config()
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.configure(**before)


class Counting:
    """A job that has so many chunks of work in each of its times, and fails before some of them."""

    def __init__(self, chunks: int, *failures: Exception) -> None:
        self.chunks = chunks
        self.left = chunks
        self.done = 0
        self.failures = list(failures)

    def __call__(self, _tx: Transaction, _now: int, _limit: int) -> int:
        if self.failures:
            raise self.failures.pop()
        if not self.left:
            self.left = self.chunks
            return 0
        self.left -= 1
        self.done += 1
        return 1


def on(url: str, scenario: Callable[[Database], Coroutine[Any, Any, None]]) -> None:
    """Run a scenario with the database open."""

    async def run() -> None:
        opened = database.open_database(url)
        try:
            await scenario(opened)
        finally:
            await opened.close()

    asyncio.run(run())


async def eventually(look: Callable[[], bool]) -> None:
    """Return once it is so."""
    for _ in range(30_000):
        if look():
            return
        await asyncio.sleep(0.001)
    pytest.fail("nothing happened")


def runs(tx: Transaction) -> list[tuple[str, str, bool]]:
    found = tx.exec_driver_sql("SELECT name, slot, finished IS NOT NULL FROM scheduled_runs ORDER BY slot").all()
    return [(name, slot, bool(is_finished)) for name, slot, is_finished in found]


def test_a_job_is_done_once_in_each_of_its_times(url: str) -> None:
    counting, clock = Counting(3), StillClock()
    job = Job("count", HOUR, counting)

    async def scenario(opened: Database) -> None:
        several = [Schedule(opened, clock, [job]) for _ in range(4)]
        for number in range(1, 4):
            for _ in range(2):
                await asyncio.gather(*(each.look() for each in several))
            assert counting.done == 3 * number
            clock.moment += HOUR
        slots = [schedule.slot(TODAY + number * HOUR, HOUR) for number in range(3)]
        assert await opened.write(runs) == [("count", each, True) for each in slots]

    on(url, scenario)


def test_a_slot_is_the_time_at_which_it_begins() -> None:
    assert schedule.slot(0, DAY) == schedule.slot(DAY - 1, DAY) == "1970-01-01T00:00:00Z"
    assert schedule.slot(DAY + HOUR + 5, HOUR) == "1970-01-02T01:00:00Z"


def test_what_a_dead_process_had_is_taken_over_when_its_lease_is_out(url: str) -> None:
    counting, clock = Counting(2), StillClock()
    job = Job("count", HOUR, counting)

    async def scenario(opened: Database) -> None:
        when = schedule.slot(TODAY, HOUR)
        assert await opened.write(lambda tx: scheduled_runs.claim(tx, "count", when, TODAY, TODAY + LEASE_SECONDS))
        living = Schedule(opened, clock, [job])
        clock.moment += LEASE_SECONDS - 1
        await living.look()
        assert counting.done == 0
        clock.moment += 1
        await living.look()
        assert counting.done == 2
        # The other was not dead but slow: it finds that the run is no longer its own.
        assert not await opened.write(lambda tx: scheduled_runs.renew(tx, "count", when, TODAY + LEASE_SECONDS, NEXT))

    on(url, scenario)


def test_a_slow_process_stops_when_another_has_taken_over(url: str) -> None:
    clock = StillClock()

    async def scenario(opened: Database) -> None:
        def sleep(_tx: Transaction, _now: int, _limit: int) -> int:
            clock.moment += LEASE_SECONDS
            return 1

        slow = Schedule(opened, clock, [Job("count", DAY, sleep)])
        looking = asyncio.create_task(slow.look())
        counting = Counting(2)
        fast = Schedule(opened, clock, [Job("count", DAY, counting)])
        while not counting.done:
            await fast.look()
        await asyncio.wait_for(looking, 30)
        assert counting.done == 2
        assert await opened.write(runs) == [("count", schedule.slot(TODAY, DAY), True)]

    on(url, scenario)


@pytest.mark.parametrize("every", [HOUR, None])
@pytest.mark.parametrize(
    ("error", "says"), [(RuntimeError("broken"), "job failed"), (Unavailable("locked"), "job put off")]
)
def test_a_failure_is_logged_and_tried_again_at_the_next_look(
    url: str, log: io.StringIO, every: int | None, error: Exception, says: str
) -> None:
    failing, other = Counting(2, error), Counting(1)

    async def scenario(opened: Database) -> None:
        looking = Schedule(opened, StillClock(), [Job("fail", every, failing), Job("other", HOUR, other)])
        await looking.look()
        assert (failing.done, other.done) == (0, 1)
        await looking.look()
        assert (failing.done, other.done) == (2, 1)

    on(url, scenario)
    (line,) = [orjson.loads(each) for each in log.getvalue().splitlines()]
    assert (line["event"], line["job"]) == (says, "fail")


@pytest.mark.parametrize("every", [HOUR, None])
def test_it_stops_after_the_chunk_at_hand(url: str, every: int | None) -> None:
    endless = Counting(10**9)

    async def scenario(opened: Database) -> None:
        looking = Schedule(opened, StillClock(), [Job("endless", every, endless)])
        running = asyncio.create_task(looking.run())
        await eventually(lambda: endless.done >= 2)
        looking.stop()
        await asyncio.wait_for(running, 30)
        done = endless.done
        await asyncio.sleep(0)
        assert endless.done == done

    on(url, scenario)


def test_it_looks_again_and_again_until_it_is_stopped(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.001)
    counting, clock = Counting(1), StillClock()

    async def scenario(opened: Database) -> None:
        looking = Schedule(opened, clock, [Job("count", HOUR, counting)])
        running = asyncio.create_task(looking.run())
        for number in range(3):
            await eventually(lambda expected=number + 1: counting.done == expected)  # type: ignore[misc]
            clock.moment += HOUR
        looking.stop()
        await asyncio.wait_for(running, 30)

    on(url, scenario)


def test_expired_idempotency_keys_and_old_runs_are_deleted(url: str) -> None:
    async def scenario(opened: Database) -> None:
        def keys(tx: Transaction) -> None:
            for number in range(schedule.CHUNK + 1):
                idempotency.claim(tx, Scope("acct_1", "live"), str(number), "f", TODAY, TODAY + DAY)
            idempotency.claim(tx, Scope("acct_1", "live"), "late", "f", TODAY + HOUR, TODAY + HOUR + DAY)

        def left(tx: Transaction) -> int:
            return int(tx.exec_driver_sql("SELECT count(*) FROM idempotency_keys").scalar_one())

        await opened.write(keys)
        clock = StillClock()
        looking = Schedule(opened, clock)
        for later, expected in ((0, schedule.CHUNK + 2), (DAY, 1), (DAY + HOUR, 0)):
            clock.moment = TODAY + later
            await looking.look()
            assert await opened.write(left) == expected
        clock.moment += 31 * DAY
        await looking.look()
        assert {slot for _, slot, _ in await opened.write(runs)} == {
            schedule.slot(clock.moment, HOUR),
            *daily(clock.moment),
        }

    on(url, scenario)


def daily(now: int) -> set[str]:
    return {schedule.slot(now, job.every) for job in JOBS if job.every}
