"""Tasks are done once, in turn of their accounts, and by another worker when one dies."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import pytest

from domain import calls, work
from domain.calls import Call, Means
from domain.settling import Again, Failed, Outcome, Stopped, Succeeded
from domain.work import Job, NewJob, NewTask
from storage import database, tasks
from storage import wakeups as wakeup
from storage.database import Database, Transaction
from storage.jobs import ROWS as JOBS
from storage.scope import Scope
from storage.tasks import Row
from tests.serving import MovableClock
from tests.work.sandboxes import SEAL
from work import executions
from work.executions import Execution
from work.steps import Step
from work.tasks import TaskRunner
from work.workers import Station

# Of a hundredth of a second.
ROUNDS = 2_000


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    return fresh_database()


class Bench:
    """A database, a clock that stands still until it is moved, and runners."""

    def __init__(self, opened: Database, url: str) -> None:
        self.database = opened
        self.clock = MovableClock()
        self.url = url

    def station(self) -> Station:
        return Station(self.database, self.clock, wakeup.open_wakeups(self.url, self.database), Means(SEAL))

    async def add(self, account: str, parts: int, kind: str = "process", mode: str = "live") -> Job:
        """Add a job with so many tasks."""

        def unit(tx: Transaction) -> Job:
            call = calls.of_worker(tx, Scope(account, mode), self.clock.now(), Means(SEAL))
            new = NewJob(kind, self.clock.now() * 1000)
            return work.begin(call, new, [NewTask(f"part_{number}") for number in range(parts)])

        return await self.database.write(unit)

    async def job(self, job: Job, account: str, mode: str = "live") -> Any:
        return await self.database.read(lambda tx: JOBS.fetch(tx, Scope(account, mode), job.id))

    async def tasks(self, job: Job, account: str, mode: str = "live") -> list[Row]:
        return await self.database.read(lambda tx: tasks.first_of(tx, Scope(account, mode), job.id, 1_000))

    async def run(self, executors: Mapping[str, Any], until: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        """Run the tasks until something holds."""
        runner = TaskRunner(self.station(), executors)
        running = asyncio.create_task(runner.run())
        try:
            for _ in range(ROUNDS):
                if await until():
                    return
                await asyncio.sleep(0.01)
            pytest.fail("It did not come to that.")
        finally:
            runner.stop()
            await running

    async def run_to_end(self, executors: Mapping[str, Any], job: Job, account: str = "acct_1") -> Any:
        """Run the tasks until a job has ended, and return it."""

        async def ended() -> bool:
            return (await self.job(job, account)).status in work.ENDED

        await self.run(executors, ended)
        return await self.job(job, account)


On = Callable[[Callable[[Bench], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def on(url: str) -> On:
    """Runs a test on one event loop with a bench."""

    def run(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            opened = database.open_database(url)
            try:
                await test(Bench(opened, url))
            finally:
                await opened.close()

        asyncio.run(whole())

    return run


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(ROUNDS):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It did not come to that.")


def prepare(_call: Call, _job: Job, task: Row) -> Row:
    return task


def performing(do: Callable[[Row], Coroutine[Any, Any, Outcome]]) -> dict[str, Any]:
    return {"process": Execution(prepare, do)}


def test_a_chain_of_steps_is_done_in_order_and_ends_its_job(on: On) -> None:
    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 4, "provision")
        seen: list[int] = []

        def step(_call: Call, _job: Job, task: Row) -> Outcome:
            seen.append(task.number)
            return Succeeded({"n": task.number})

        ended = await bench.run_to_end({"provision": Step(step)}, job)
        assert (ended.status, ended.tasks_succeeded, seen) == ("succeeded", 4, [1, 2, 3, 4])
        rows = await bench.tasks(job, "acct_1")
        assert [(row.status, row.attempts, row.output, row.due_ms) for row in rows] == [
            ("succeeded", 1, {"n": number}, None) for number in range(1, 5)
        ]

    on(test)


def test_executions_succeed_fail_and_are_tried_again(on: On) -> None:
    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 3)
        begun: Counter[int] = Counter()
        effects: list[int] = []

        async def perform(task: Row) -> Outcome:
            begun[task.number] += 1
            if task.number == 1:
                return Failed("broken", "It does not work.")
            if task.number == 2 and begun[2] < 3:
                return Again(int(bench.clock.time() * 1000))
            return Succeeded(effect=lambda _: effects.append(task.number))

        ended = await bench.run_to_end(performing(perform), job)
        assert (ended.status, ended.tasks_succeeded, ended.tasks_failed) == ("failed", 2, 1)
        assert ended.error_code == "broken"
        assert begun == {1: 1, 2: 3, 3: 1}
        assert sorted(effects) == [2, 3]
        assert [row.attempts for row in await bench.tasks(job, "acct_1")] == [1, 3, 1]

    on(test)


def test_one_accounts_backlog_does_not_starve_anothers_one(on: On) -> None:
    async def test(bench: Bench) -> None:
        large = await bench.add("acct_1", 2_000)
        done: Counter[str] = Counter()

        async def perform(task: Row) -> Outcome:
            done[task.account_id] += 1
            if done["acct_1"] == 40 and done["acct_2"] == 0:
                job = await bench.add("acct_2", 1)
                mine.append(job)
            return Succeeded()

        mine: list[Job] = []

        async def small_is_done() -> bool:
            return bool(mine) and (await bench.job(mine[0], "acct_2")).status == "succeeded"

        await bench.run(performing(perform), small_is_done)
        assert done["acct_2"] == 1
        assert done["acct_1"] < 1_500
        assert (await bench.job(large, "acct_1")).status == "running"

    on(test)


def test_what_runs_at_the_end_is_finished_or_given_back(on: On, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "GRACE_SECONDS", 0.3)

    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 2)
        begun: list[int] = []

        async def perform(task: Row) -> Outcome:
            begun.append(task.number)
            await asyncio.sleep(0.1 if task.number == 1 else 60)
            return Succeeded()

        async def both_begun() -> bool:
            return len(begun) == 2

        await bench.run(performing(perform), both_begun)
        first, second = await bench.tasks(job, "acct_1")
        assert (first.status, second.status) == ("succeeded", "queued")
        assert second.token is None
        assert second.due_ms is not None
        assert second.due_ms <= bench.clock.time() * 1000

    on(test)


def test_another_worker_takes_over_when_a_lease_ends(on: On) -> None:
    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 1)
        lost = asyncio.Event()
        begun: list[int] = []

        async def hang(task: Row) -> Outcome:
            begun.append(task.attempts)
            await lost.wait()
            return Succeeded("late")

        first = TaskRunner(bench.station(), performing(hang))
        running = asyncio.create_task(first.run())
        await eventually(lambda: bool(begun))
        lane = first._lanes[0]
        assert isinstance(lane, executions.Executions)
        lane._renewed = bench.clock.time() + 3_600
        bench.clock.offset += executions.LEASE_SECONDS + 1

        async def perform(_: Row) -> Outcome:
            return Succeeded("taken over")

        # The first one looks too: whoever claims it, the result of the lost lease is dropped.
        first.stop()
        ended = await bench.run_to_end(performing(perform), job)
        lost.set()
        await running
        assert ended.status == "succeeded"
        (task,) = await bench.tasks(job, "acct_1")
        assert (task.output, task.attempts) == ("taken over", 2)

    on(test)


def test_a_job_is_canceled_between_tasks(on: On) -> None:
    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 20)
        go = asyncio.Event()
        begun: list[int] = []

        async def perform(task: Row) -> Outcome:
            begun.append(task.number)
            await go.wait()
            return Succeeded()

        def cancel(tx: Transaction) -> Job:
            call = calls.of_worker(tx, Scope("acct_1", "live"), bench.clock.now(), Means(SEAL))
            return work.cancel(call, work.JOBS.lock(call, job.id))

        async def cancel_when_some_run() -> None:
            await eventually(lambda: len(begun) == executions.MOST_OF_ACCOUNT)
            assert (await bench.database.write(cancel)).status == "running"
            go.set()

        ended, _ = await asyncio.gather(bench.run_to_end(performing(perform), job), cancel_when_some_run())
        assert ended.status == "canceled"
        assert (ended.tasks_succeeded, ended.tasks_canceled) == (executions.MOST_OF_ACCOUNT, 12)
        assert len(begun) == executions.MOST_OF_ACCOUNT

    on(test)


def test_a_step_at_fault_holds_up_no_other(on: On) -> None:
    async def test(bench: Bench) -> None:
        bad = await bench.add("acct_1", 1, "provision")
        good = await bench.add("acct_2", 1, "provision")
        gone = await bench.add("acct_3", 2, "provision")

        def step(call: Call, _job: Job, _task: Row) -> Outcome:
            if call.scope.account_id == "acct_1":
                raise ZeroDivisionError
            return Stopped() if call.scope.account_id == "acct_3" else Succeeded()

        async def others_done() -> bool:
            found = [await bench.job(good, "acct_2"), await bench.job(gone, "acct_3")]
            return [job.status for job in found] == ["succeeded", "canceled"]

        await bench.run({"provision": Step(step)}, others_done)
        (task,) = await bench.tasks(bad, "acct_1")
        assert (task.status, task.error_code, task.attempts) == ("queued", "internal_error", 1)

    on(test)


def test_an_execution_that_cannot_be_prepared_holds_up_no_other(on: On) -> None:
    async def test(bench: Bench) -> None:
        bad = await bench.add("acct_1", 2)
        good = await bench.add("acct_2", 20)

        def refuse(call: Call, _job: Job, task: Row) -> Row:
            if call.scope.account_id == "acct_1" and task.number == 1:
                raise ZeroDivisionError
            return task

        async def perform(_: Row) -> Outcome:
            return Succeeded()

        executors = {"process": Execution(refuse, perform)}
        assert (await bench.run_to_end(executors, good, "acct_2")).status == "succeeded"
        ended = await bench.run_to_end(executors, bad, "acct_1")
        assert (ended.status, ended.error_code) == ("failed", "internal_error")
        assert [row.status for row in await bench.tasks(bad, "acct_1")] == ["failed", "succeeded"]

    on(test)


def test_a_clock_that_is_set_back_does_not_end_a_lease(on: On, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executions, "RENEW_SECONDS", 0.05)

    async def test(bench: Bench) -> None:
        job = await bench.add("acct_1", 1)
        let_go = asyncio.Event()
        begun: list[int] = []

        async def perform(task: Row) -> Outcome:
            begun.append(task.attempts)
            await let_go.wait()
            return Succeeded()

        async def play() -> None:
            await eventually(lambda: bool(begun))
            bench.clock.offset -= 3_600
            (held,) = await bench.tasks(job, "acct_1")
            for _ in range(ROUNDS):
                if (await bench.tasks(job, "acct_1"))[0].due_ms != held.due_ms:
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("It is not renewed.")
            let_go.set()

        ended, _ = await asyncio.gather(bench.run_to_end(performing(perform), job), play())
        assert (ended.status, begun) == ("succeeded", [1])

    on(test)
