"""Exports are written part by part, and go on where they were when a worker stops: no line is missing or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import orjson
import pytest

from domain import calls, exporting, exports, ids, projects, work
from domain.accounts import Account
from domain.calls import UNLIMITED, Allowance, Call, Means
from domain.work import Job, JobCreate, NewJob
from storage import database, outputs, tasks
from storage import wakeups as wakeup
from storage.database import Database, Transaction
from storage.scope import Scope
from tests.serving import MovableClock
from tests.work import sandboxes
from work import schedule, steps
from work.schedule import Schedule
from work.steps import Step, Steps
from work.workers import Station

DAY = 86_400
CLOCK = MovableClock()


class Names:
    """Writes the names of objects; it may be at fault, so often."""

    def __init__(self, faults: int = 0) -> None:
        self.faults = faults

    def allowance(self, _account: Account) -> Allowance:
        return UNLIMITED

    def line(self, kind: str, shown: Any, api_version: str) -> bytes:
        if self.faults:
            self.faults -= 1
            raise ZeroDivisionError
        return orjson.dumps([kind, shown.id, api_version]) + b"\n"


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


def on(url: str, test: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
    """What a test returns that uses a database as a process does, from its start to its end."""

    async def whole() -> Any:
        opened = database.open_database(url)
        try:
            return await test(opened)
        finally:
            await opened.close()

    return asyncio.run(whole())


def calling(tx: Transaction, account_id: str, mode: str = "live") -> Call:
    call = calls.of_worker(tx, Scope(account_id, mode), CLOCK.now(), Means(sandboxes.SEAL))
    return replace(call, api_version="2024-01-15")


def add(tx: Transaction, account_id: str, number: int) -> list[str]:
    """Create so many projects; their ids."""
    call = calling(tx, account_id)
    slugs = [ids.new("slug").replace("_", "-") for _ in range(number)]
    bodies: list[Any] = [{"name": "A project", "slug": each, "description": None, "metadata": {}} for each in slugs]
    return [projects.create(call, body).id for body in bodies]


def begin(tx: Transaction, account_id: str, **asked: Any) -> Job:
    """Begin an export of projects."""
    call = calling(tx, account_id)
    body: JobCreate = {"type": "export", "kinds": ["projects"], **asked}  # type: ignore[typeddict-item]
    plan = exports.plan(call, body)
    return work.begin(call, NewJob("export", CLOCK.now() * 1000, input=plan.input), plan.tasks)


def lane(opened: Database, url: str, writer: Names | None = None) -> Steps:
    station = Station(opened, CLOCK, wakeup.open_wakeups(url, opened), Means(sandboxes.SEAL))
    return Steps(station, "export", Step(partial(exporting.step, writer or Names()), together=1))


async def finish(running: Steps) -> int:
    """Do the rest; how many parts that were."""
    parts = 0
    while await running.look():
        parts += 1
        assert parts < 100
    return parts


def written(tx: Transaction, account_id: str, job: Job) -> list[str]:
    """The ids in the file of a job that has succeeded."""
    found = exports.output(calling(tx, account_id), job.id)
    content = b"".join(found.read(tx, number) for number in range(found.count))
    return [orjson.loads(line)[1] for line in content.splitlines()]


async def begun(opened: Database, url: str) -> tuple[str, list[str], Job]:
    """An account with projects, the newest first, and an export of them of which the first part is written."""
    account_id = await opened.write(sandboxes.account)
    made = await opened.write(partial(add, account_id=account_id, number=3 * exporting.MOST_LINES + 10))
    job = await opened.write(partial(begin, account_id=account_id))
    assert await lane(opened, url).look()
    (task,) = await opened.read(lambda tx: tasks.first_of(tx, Scope(account_id, "live"), job.id, 1))
    assert (task.status, task.attempts, task.finished) == ("running", 0, None)
    assert task.started is not None
    return account_id, made[::-1], job


async def change(opened: Database, account_id: str, gone: list[str]) -> list[str]:
    """Others come, and some go; the ids of those that came."""

    def delete(tx: Transaction) -> None:
        for each in gone:
            projects.delete(calling(tx, account_id), each)

    await opened.write(delete)
    added: list[str] = await opened.write(partial(add, account_id=account_id, number=3))
    return added


async def be_at_fault(opened: Database, url: str) -> None:
    """A worker that is at fault in the middle of a part, which is tried again."""
    await lane(opened, url, Names(faults=2)).look()
    CLOCK.offset += steps.RETRY_MS / 1000 + 1
    assert await lane(opened, url).look()


def test_a_worker_that_stops_in_the_middle_loses_and_doubles_nothing(url: str) -> None:  # A067
    account_id, there, job = on(url, partial(begun, url=url))
    written_already, not_yet = there[0], there[-5]
    added = on(url, partial(change, account_id=account_id, gone=[written_already, not_yet]))

    async def rest(opened: Database) -> tuple[int, list[str]]:
        return await finish(lane(opened, url)), await opened.read(lambda tx: written(tx, account_id, job))

    try:
        on(url, partial(be_at_fault, url=url))
        parts, found = on(url, rest)
    finally:
        CLOCK.offset = 0
    assert parts == 2
    assert found == [each for each in there if each != not_yet]
    assert not {*added} & {*found}


def test_one_account_holds_up_no_other(url: str) -> None:
    async def test(opened: Database) -> None:
        first, second = [await opened.write(sandboxes.account) for _ in range(2)]
        for account_id in (first, second):
            await opened.write(partial(add, account_id=account_id, number=3 * exporting.MOST_LINES))
        jobs = [await opened.write(partial(begin, account_id=each)) for each in (first, second)]
        running = lane(opened, url)
        scopes = [Scope(first, "live"), Scope(second, "live")]

        def parts(tx: Transaction) -> list[int]:
            return [outputs.count(tx, scope, job.id) for scope, job in zip(scopes, jobs, strict=True)]

        with CLOCK.stopped(CLOCK.time() + 1):
            for _ in range(4):
                assert await running.look()
            assert await opened.read(parts) == [2, 2]
            await finish(running)
        for scope, job in zip(scopes, jobs, strict=True):
            found = await opened.read(partial(written, account_id=scope.account_id, job=job))
            assert len(set(found)) == len(found) == 3 * exporting.MOST_LINES

    on(url, test)


def test_a_part_is_bounded_by_its_size_too(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_BYTES", 500)

    async def test(opened: Database) -> None:
        account_id = await opened.write(sandboxes.account)
        made = await opened.write(partial(add, account_id=account_id, number=30))
        job = await opened.write(partial(begin, account_id=account_id))
        assert await finish(lane(opened, url)) >= 3
        assert await opened.read(lambda tx: written(tx, account_id, job)) == made[::-1]

    on(url, test)


def test_a_file_goes_when_it_is_old(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LOOK_SECONDS", 0.01)

    async def test(opened: Database) -> None:
        account_id = await opened.write(sandboxes.account)
        await opened.write(partial(add, account_id=account_id, number=3))
        job = await opened.write(partial(begin, account_id=account_id))
        await finish(lane(opened, url))

        def count(tx: Transaction) -> int:
            return outputs.count(tx, Scope(account_id, "live"), job.id)

        for days, left in ((exports.KEPT_DAYS, 1), (exports.KEPT_DAYS + 2, 0)):
            clock = sandboxes.StillClock(CLOCK.now() + days * DAY)
            await Schedule(opened, clock).look()
            assert await opened.read(count) == left

    on(url, test)
