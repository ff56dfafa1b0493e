"""Delivery: every event that was committed is sent, whoever dies, and nobody is held up by somebody else's receiver."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain import accounts, attempts, calls, dispatching, events, seals, webhooks
from domain.attempts import Result
from domain.calls import Means
from domain.dispatching import Room
from storage import database, tables
from storage import deliveries as rows
from storage.database import Database, Transaction
from storage.queues import Lease
from storage.scope import Scope
from storage.wakeups import LocalWakeups
from storage.webhooks import Receiver as Webhook
from tests.gateway.processes import serving
from tests.receiving import Handler, Receiver, status, until
from tests.serving import Server, running
from tests.work.sandboxes import StillClock
from work.dispatcher import Dispatcher
from work.outbound import Reply
from work.sender import Sender
from work.workers import Station, working

KEY = seals.new_key()
MEANS = Means(seals.Seal([KEY]))
URL = "https://hooks.example.com/"
OK = Reply(200, b"", None, None, 1000)


class Outbound:
    """Sends nothing; what comes of it is what a test says."""

    def __init__(self, answer: Callable[[str], Awaitable[Reply]]) -> None:
        self._answer = answer
        self.sent: Counter[tuple[str, str]] = Counter()

    async def post(self, url: str, _body: bytes, headers: dict[str, str], _limits: Any) -> Reply:
        self.sent[url, headers["webhook-id"]] += 1
        return await self._answer(url)

    async def close(self) -> None:
        pass


class Platform:
    """A database with an account whose webhooks want everything, and what works on it."""

    def __init__(self, opened: Database) -> None:
        self.database = opened
        self.clock = StillClock(int(time.time()))
        self.station = Station(opened, self.clock, LocalWakeups(), MEANS)
        self.scope = Scope("", "live")

    async def furnish(self, number: int) -> list[str]:
        """Make the account and some webhooks, and return their ids."""

        def unit(tx: Transaction) -> list[str]:
            self.scope = Scope(accounts.create(tx, self.clock.now(), "Somebody", "scale", "us").id, "live")
            call = calls.of_worker(tx, self.scope, self.clock.now(), MEANS)
            given: Any = {"description": None, "status": "enabled", "events": ["job.*"], "api_version": "2024-01-15"}
            bodies: list[Any] = [{**given, "url": f"{URL}{each}"} for each in range(number)]
            return [webhooks.create(call, body).id for body in bodies]

        return await self.database.write(unit)

    async def happen(self, number: int) -> None:
        """Record some events."""

        def unit(tx: Transaction) -> None:
            call = calls.of_worker(tx, self.scope, self.clock.now(), MEANS)
            for each in range(number):
                events.record(call, "job.created", {"object": "job", "id": f"job_{each}"})

        await self.database.write(unit)
        self.station.wakeups.wake({"events"})

    async def statuses(self) -> dict[tuple[str, int], int]:
        """How many deliveries there are of each status and number of attempts."""
        table = tables.deliveries
        counted = sa.select(table.c.status, table.c.attempts, sa.func.count()).group_by(
            table.c.status, table.c.attempts
        )
        found = await self.database.read(lambda tx: tx.execute(counted).all())
        return {(state, made): count for state, made, count in found}

    async def totals(self) -> dict[str, int]:
        """What the totals say of deliveries."""
        table = tables.counters
        told = sa.select(table.c.status, table.c.count).where(table.c.kind == "delivery", table.c.count != 0)
        return {state: int(count) for state, count in await self.database.read(lambda tx: tx.execute(told).all())}

    def sender(self, out: Any) -> Sender:
        return Sender(self.station, out, lambda event, _: event.id.encode())


def scenario(url: str, play: Callable[[Platform], Awaitable[None]]) -> None:
    """Play something on a database."""

    async def once() -> None:
        opened = database.open_database(url)
        try:
            async with asyncio.timeout(30):
                await play(Platform(opened))
        finally:
            await opened.close()

    asyncio.run(once())


async def eventually(is_true: Callable[[], Awaitable[Any]]) -> None:
    """Return once something is true; the scenario has an end of its own."""
    while True:
        if await is_true():
            return
        await asyncio.sleep(0.02)


async def taking(_: str) -> Reply:
    return OK


def test_what_is_more_than_can_be_held_is_sent_too_and_once(fresh_database: Callable[[], str]) -> None:
    async def play(platform: Platform) -> None:
        await platform.furnish(2)
        out = Outbound(taking)
        sender = platform.sender(out)
        async with working([Dispatcher(platform.station, sender), sender]):
            for _ in range(3):
                await platform.happen(300)

            async def is_done() -> bool:
                return (await platform.statuses()).get(("succeeded", 1)) == 1_800

            await eventually(is_done)
        assert await platform.statuses() == {("succeeded", 1): 1_800}
        assert await platform.totals() == {"succeeded": 1_800}
        assert len(out.sent) == 1_800
        assert set(out.sent.values()) == {1}

    scenario(fresh_database(), play)


def test_many_dispatchers_make_each_delivery_once(fresh_database: Callable[[], str]) -> None:
    url = fresh_database()

    async def play(platform: Platform) -> None:
        await platform.furnish(3)
        opened = [platform.database] * 4
        if not url.startswith("sqlite"):
            opened = [database.open_database(url) for _ in range(4)]
        await platform.happen(400)
        lease, room = Lease("t", 1, 2), Room(10, 5)

        async def dispatch(of: Database) -> None:
            for _ in range(20):
                await of.write(lambda tx: dispatching.dispatch(tx, lease, room))

        await asyncio.gather(*map(dispatch, opened))
        assert await platform.statuses() == {("pending", 0): 1_200}
        assert await platform.totals() == {"pending": 1_200}
        for each in {*opened} - {platform.database}:
            await each.close()

    scenario(url, play)


def test_receivers_that_do_not_answer_hold_up_nobody(fresh_database: Callable[[], str]) -> None:
    async def play(platform: Platform) -> None:
        await platform.furnish(3)
        under_way: Counter[str] = Counter()
        most: Counter[str] = Counter()
        answering = asyncio.Event()

        async def answer(url: str) -> Reply:
            under_way[url] += 1
            most[url] = max(most[url], under_way[url])
            if not url.endswith("0"):
                await answering.wait()
            under_way[url] -= 1
            return OK

        sender = platform.sender(Outbound(answer))
        async with working([Dispatcher(platform.station, sender), sender]):
            await platform.happen(50)

            async def is_done() -> bool:
                return (await platform.statuses()).get(("succeeded", 1)) == 50

            await eventually(is_done)
            assert under_way == {f"{URL}0": 0, f"{URL}1": 4, f"{URL}2": 4}
            answering.set()

            async def is_all_done() -> bool:
                return (await platform.statuses()).get(("succeeded", 1)) == 150

            await eventually(is_all_done)
        assert max(most.values()) <= 4

    scenario(fresh_database(), play)


def test_a_sender_that_stops_gives_back_what_it_holds(
    fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("work.sender.GRACE_SECONDS", 0.1)

    async def play(platform: Platform) -> None:
        await platform.furnish(1)

        async def never(_: str) -> Reply:
            await asyncio.Event().wait()
            return OK

        out = Outbound(never)
        sender = platform.sender(out)
        async with working([Dispatcher(platform.station, sender), sender]):
            await platform.happen(10)

            async def is_under_way() -> bool:
                return len(out.sent) == 4

            await eventually(is_under_way)
        assert await platform.statuses() == {("pending", 0): 10}
        out = Outbound(taking)
        sender = platform.sender(out)
        async with working([sender]):

            async def is_done() -> bool:
                return await platform.statuses() == {("succeeded", 1): 10}

            await eventually(is_done)

    scenario(fresh_database(), play)


def test_what_somebody_else_holds_by_now_is_not_settled(fresh_database: Callable[[], str]) -> None:
    async def play(platform: Platform) -> None:
        await platform.furnish(1)
        await platform.happen(1)
        room = Room(10, 5)
        dispatched = await platform.database.write(lambda tx: dispatching.dispatch(tx, Lease("mine", 1, 2), room))
        row = dispatched.parcel.rows[0]
        receiver = dispatched.parcel.receivers[row.endpoint_id]
        claimed = await platform.database.write(
            lambda tx: rows.QUEUE.claim(tx, row.endpoint_id, Lease("other", 5, 9), 5)
        )
        assert [each.id for each in claimed] == [row.id]
        late = Result(row, receiver, 1, 1, 500, b"", None, None)
        await platform.database.write(lambda tx: attempts.settle(tx, "mine", [late]))
        assert await platform.statuses() == {("pending", 0): 1}
        assert await platform.totals() == {"pending": 1}
        good = late._replace(status=200)
        await platform.database.write(lambda tx: attempts.settle(tx, "other", [good, good]))
        assert await platform.statuses() == {("succeeded", 1): 1}
        assert await platform.totals() == {"succeeded": 1}

    scenario(fresh_database(), play)


def test_a_killed_server_loses_nothing(tmp_path: Path, receiver: Receiver, fresh_database: Callable[[], str]) -> None:
    # B178
    url = fresh_database()
    given = {"API_SECRET_KEYS": KEY, "API_DATABASE_URL": url, "API_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
    let_go = threading.Event()

    def hang(handler: Handler) -> None:
        let_go.wait(30)
        status(200)(handler)

    receiver.usual = hang
    with serving(tmp_path, API_DATA_DIR=str(tmp_path), **given) as process, process.client() as client:
        body = {"url": receiver.url, "events": ["project.created"]}
        assert client.post("/webhooks", json=body).status_code == 201
        made = [client.post("/projects", json={"name": "One", "slug": "one"}).json()["id"]]
        # The first is being sent; the others are killed at whichever point they have come to.
        first = receiver.wait_for(1)[0]
        made += [client.post("/projects", json={"name": "P", "slug": f"p-{each}"}).json()["id"] for each in range(20)]
        process.popen.kill()
        process.popen.wait()
    let_go.set()
    receiver.requests.clear()
    receiver.usual = status(200)
    with running(url, secret_keys=KEY, webhook_allowed_networks="127.0.0.0/8") as server:
        # What the process held is free when its lease has ended.
        server.clock.offset = 61
        until(lambda: len(receiver.requests) >= len(made))
    arrived = {each.json["data"]["object"]["id"]: each.headers["webhook-id"] for each in receiver.requests}
    assert arrived.keys() == {*made}
    assert arrived[made[0]] == first.headers["webhook-id"]


def test_a_slow_receiver_of_one_account_is_nobody_elses(delivering: Server, receiver: Receiver) -> None:
    let_go = threading.Event()
    receiver.answers = [lambda handler: (let_go.wait(30), status(200)(handler))[1]] * 4
    with delivering.tenant().client("/v2", mode="test") as slow, delivering.tenant().client("/v2", mode="test") as fast:
        for client, path in ((slow, "/slow"), (fast, "/fast")):
            body = {"url": receiver.url + path, "events": ["resource.created"]}
            assert client.post("/webhooks", json=body).status_code == 201
        for _ in range(6):
            slow.create()
        until(lambda: len(receiver.requests) == 4, lambda: f"{receiver.requests} of {slow.get('/deliveries').text}")
        fast.create()
        came = receiver.wait_for(5)
        let_go.set()
        assert [each.path for each in came] == ["/slow"] * 4 + ["/fast"]
        assert Counter(each.path for each in receiver.wait_for(7)) == {"/slow": 6, "/fast": 1}


WEBHOOK = Webhook("whk_1", "acct_1", "live", URL, ["*"], "2024-01-15", "enabled", "", None, None, None, 0)


def result(failures: int = 0, code: int | None = 500, retry_after: str | None = None) -> Result:
    """An attempt that ended at second 1000."""
    event = dispatching.Happened("evt_1", "acct_1", "live", "job.created", 1)
    row = dispatching.new(event, "whk_1", 1)._replace(failures=failures)
    return Result(row, WEBHOOK, 1_000_000, 0, code, b"", retry_after, None)


def test_the_waits_are_those_of_the_schedule() -> None:
    waits = [attempts.wait_after(failures, result(), 0) for failures in range(1, 10)]
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 36000, None, None]
    assert attempts.wait_after(1, result(), 0.2) == 6
    assert attempts.wait_after(1, result(code=410), 0) is None
    found = attempts.outcome(result(failures=1), -0.2)
    assert (found.status, found.failures, found.due_ms) == ("pending", 2, 1_240_000)
    found = attempts.outcome(result(failures=7), 0)
    assert (found.status, found.failures, found.due_ms) == ("failed", 8, None)
    found = attempts.outcome(result(failures=3, code=299), 0)
    assert (found.status, found.failures, found.error, found.due_ms) == ("succeeded", 0, None, None)


@pytest.mark.parametrize(
    ("code", "retry_after", "wait"),
    [
        (429, "400", 400),
        (503, "400", 400),
        (503, "1", 300),
        (503, "100000000000000000000", 600),
        (503, "Thu, 01 Jan 1970 00:24:10 GMT", 450),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", 300),
        (503, "soon", 300),
        (503, "", 300),
        (503, "-5", 300),
        (503, "٣٠٠٠", 300),
        (503, "Thu, 99 Foo 99999", 300),
        (500, "400", 300),
        (302, "400", 300),
    ],
)
def test_a_wait_that_is_asked_for_counts_within_bounds(code: int, retry_after: str, wait: int) -> None:
    assert attempts.wait_after(2, result(code=code, retry_after=retry_after), 0) == wait


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [(["*"], True), (["job.created"], True), (["job.*"], True), (["job.failed", "resource.*"], False), ([], False)],
)
def test_a_webhook_gets_what_it_chose(chosen: list[str], wanted: bool) -> None:  # A056
    assert dispatching.wants(chosen, "job.created") is wanted
