"""Test data of yesterday goes at midnight, exactly, whoever does it and whatever comes in between."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from domain import projects
from gateway.settings import ROOT
from storage import accounts, database, tables
from storage.database import Database, Transaction
from tests.work import sandboxes
from tests.work.sandboxes import DAY, TODAY, StillClock
from work import schedule
from work.schedule import Schedule

TOMORROW = TODAY + DAY
CHUNK = 20
# More than two chunks of each kind.
MANY = 2 * CHUNK + 7
RESET = [job for job in schedule.JOBS if job.name == "reset_sandbox"]
# Table → why a reset leaves it alone.
KEPT = {
    "api_keys": "programs go on to use them",
    "webhook_endpoints": "they are part of the set-up",
    "users": "they are people",
    "settings": "they are part of the set-up",
    "usage": "it is what was used, not what is there",
    "deleted_webhooks": "they tell what is to be deleted",
    "counters": "they are counted down with what they count",
}
TOTALS = {
    "resource total": 0,
    "project total": 0,
    "job total": 0,
    "task total": 0,
    "delivery total": 0,
    "api_key total": 1,
}
NOTHING = dict.fromkeys(sandboxes.EMPTIED, 0) | TOTALS

RESETTING = """
import asyncio, sys
from storage.database import open_database
from tests.work.sandboxes import StillClock
from work import schedule
from work.schedule import Schedule

schedule.CHUNK = 20

async def main():
    opened = open_database(sys.argv[1])
    write = opened.write
    async def telling(unit):
        done = await write(unit)
        print("chunk", flush=True)
        return done
    opened.write = telling
    await Schedule(opened, StillClock(int(sys.argv[2]))).look()
    await opened.close()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "CHUNK", CHUNK)


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


def look(
    url: str, now: int, beside: Callable[[Database], Coroutine[Any, Any, None]] | None = None, schedules: int = 1
) -> None:
    """Do what is due at a time, by several schedules at once, each with connections of its own."""

    async def scenario() -> None:
        opened = [database.open_database(url) for _ in range(schedules)]
        looks = [Schedule(each, StillClock(now), RESET).look() for each in opened]
        await asyncio.gather(*looks, *([beside(opened[0])] if beside else []))
        for each in opened:
            await each.close()

    asyncio.run(scenario())


def made(url: str, number: int, now: int = TODAY) -> str:
    """An account with so much test data, and some live data."""

    def unit(tx: Transaction) -> str:
        account_id = sandboxes.account(tx)
        sandboxes.fill(tx, account_id, number, now)
        sandboxes.fill(tx, account_id, 3, now, "live")
        return account_id

    return sandboxes.write(url, unit)


def left(url: str, account_id: str, mode: str = "test") -> dict[str, int]:
    return sandboxes.write(url, lambda tx: sandboxes.rows(tx, account_id, mode))


def test_every_table_of_a_mode_is_emptied_or_kept() -> None:
    of_a_mode = {table.name for table in tables.metadata.sorted_tables if {"account_id", "mode"} <= set(table.c.keys())}
    assert not set(sandboxes.EMPTIED) & KEPT.keys()
    assert of_a_mode == {*sandboxes.EMPTIED, *KEPT}


def test_it_goes_at_midnight_and_not_before(url: str) -> None:  # A087
    account_id = made(url, 5)
    full, live = left(url, account_id), left(url, account_id, "live")
    assert full["resources"] == full["resource total"] == 5
    look(url, TOMORROW - 1)
    assert left(url, account_id) == full
    look(url, TOMORROW)
    assert left(url, account_id) == NOTHING
    assert left(url, account_id, "live") == live


def test_it_goes_each_day_and_only_what_is_older(url: str) -> None:  # A087
    account_id = made(url, 5)
    look(url, TOMORROW + 100)
    for day in range(1, 4):
        now = TODAY + day * DAY + 200
        sandboxes.write(url, partial(sandboxes.fill, account_id=account_id, number=day, now=now))
        look(url, now + 100)
        assert left(url, account_id)["resource total"] == day
        look(url, now + DAY)
        assert left(url, account_id) == NOTHING


def test_days_that_nobody_was_there_are_made_up_for_at_once(url: str) -> None:
    account_id = made(url, 2)
    sandboxes.write(url, lambda tx: sandboxes.fill(tx, account_id, 2, TODAY + 5 * DAY))
    look(url, TODAY + 5 * DAY + 100)
    assert left(url, account_id)["resource total"] == 2
    found = sandboxes.write(url, lambda tx: accounts.fetch(tx, account_id))
    assert found is not None
    assert found.next_test_reset == TODAY + 6 * DAY


def test_many_rows_go_chunk_by_chunk_and_totals_stay_exact(url: str) -> None:  # A087
    account_id = made(url, MANY)

    async def compare(opened: Database) -> None:
        for _ in range(20):
            counted, told = await opened.write(lambda tx: sandboxes.totals_by_status(tx, account_id))
            assert counted == told
            await asyncio.sleep(0)

    look(url, TOMORROW, compare)
    assert left(url, account_id) == NOTHING


def test_a_write_in_the_middle_survives(url: str) -> None:
    account_id = made(url, MANY)

    def write(tx: Transaction) -> None:
        sandboxes.resource(sandboxes.calling(tx, account_id, "test", TOMORROW))

    async def create(opened: Database) -> None:
        for _ in range(10):
            await opened.write(write)
            await asyncio.sleep(0.01)

    look(url, TOMORROW, create)
    found = left(url, account_id)
    kept = {"resources": 10, "jobs": 10, "tasks": 50, "resource total": 10, "job total": 10, "task total": 50}
    assert found == NOTHING | kept | {"events": 20}


def test_a_project_that_is_given_a_new_resource_stays(url: str) -> None:
    def unit(tx: Transaction) -> str:
        account_id = sandboxes.account(tx)
        old = sandboxes.calling(tx, account_id, "test", TODAY)
        kept = projects.create(old, {"name": "Kept", "slug": "kept", "description": None, "metadata": {}})
        projects.create(old, {"name": "Gone", "slug": "gone", "description": None, "metadata": {}})
        sandboxes.resource(old, kept.id)
        sandboxes.resource(sandboxes.calling(tx, account_id, "test", TOMORROW), kept.id)
        return account_id

    account_id = sandboxes.write(url, unit)
    look(url, TOMORROW)
    found = left(url, account_id)
    assert (found["projects"], found["project total"], found["resources"], found["resource total"]) == (1, 1, 1, 1)
    look(url, TOMORROW + DAY)
    assert left(url, account_id) == NOTHING


def test_several_at_once_do_it_once(url: str) -> None:  # A087
    accounts_made = [made(url, 60) for _ in range(3)]
    look(url, TOMORROW, schedules=3)
    for account_id in accounts_made:
        assert left(url, account_id) == NOTHING


def test_what_a_killed_process_left_is_done_by_the_next(url: str) -> None:  # A087
    account_id = made(url, MANY)
    command = [sys.executable, "-c", RESETTING, url, str(TOMORROW)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "chunk\n"
        process.kill()
    counted, told = sandboxes.write(url, lambda tx: sandboxes.totals_by_status(tx, account_id))
    assert counted == told
    assert sum(left(url, account_id)[name] for name in sandboxes.EMPTIED) > 0
    look(url, TOMORROW)
    assert left(url, account_id) == NOTHING


def test_the_accounts_own_clock_decides(url: str) -> None:
    account_id = made(url, 2)

    def ahead(tx: Transaction) -> None:
        accounts.set_test_clock(tx, account_id, 3 * DAY, TOMORROW - 3 * DAY)

    other = made(url, 2)
    sandboxes.write(url, ahead)
    look(url, TODAY + 10)
    assert left(url, account_id) == NOTHING
    assert left(url, other)["resource total"] == 2
    found = sandboxes.write(url, lambda tx: accounts.fetch(tx, account_id))
    assert found is not None
    assert found.next_test_reset == TOMORROW
