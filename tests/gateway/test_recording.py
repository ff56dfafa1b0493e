"""What is recorded of requests: no keys, nothing lost at a stop, nothing that a slow database could hold up."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from urllib.parse import quote

import pytest
import structlog

from domain.callers import Caller
from gateway import entries, logs
from gateway.entries import HIDDEN
from gateway.exchange import Answer, Exchange
from gateway.recording import MOST_AT_ONCE, MOST_WAITING, Recorder
from storage import api_keys
from storage.database import Database, Transaction, Unavailable
from storage.scope import Scope
from storage.tables import metadata
from tests.contract import troubles
from tests.gateway.processes import eventually, serving
from tests.serving import Server, Tenant

T = TypeVar("T")
GOOD = {"name": "A resource", "type": "production"}


class Broken:
    """A database that takes nothing while `error` is set, and counts what it takes."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.units: list[int] = []

    async def write(self, unit: Any) -> dict[str, int]:
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        self.units.append(len(unit.keywords["batch"].requests))
        return {}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the server writes about itself."""
    before, stream = structlog.get_config(), io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.configure(**before)


def exchange(number: int = 0, status: int = 200) -> Exchange:
    """An answered request."""
    caller = SimpleNamespace(scope=Scope("acct_1", "live"), key_id="key_1", key_prefix="sk_live_abcd")
    made = Exchange(
        cast(Any, None), {"headers": [], "method": "GET", "query_string": b"", "raw_path": b"/v2/x"}, cast(Any, None)
    )
    made.caller, made.match = cast(Caller, caller), cast(Any, SimpleNamespace(values=()))
    made.request_id, made.now, made.version, made.answer = f"req_{number}", 1000, "", Answer(status)
    return made


def recording_on(database: Broken, work: Callable[[Recorder], Any]) -> None:
    async def run() -> None:
        recorder = Recorder(cast(Database, database))
        await work(recorder)

    asyncio.run(run())


def test_entries_are_written_together(lines: io.StringIO) -> None:
    database = Broken(None)

    async def work(recorder: Recorder) -> None:
        for number in range(2 * MOST_AT_ONCE + 1):
            recorder.record(exchange(number))
        await recorder.close()

    recording_on(database, work)
    assert database.units == [MOST_AT_ONCE, MOST_AT_ONCE, 1]
    assert lines.getvalue() == ""


def test_while_the_database_is_away_entries_wait_and_the_oldest_are_dropped(lines: io.StringIO) -> None:
    database = Broken(Unavailable("away"))

    async def work(recorder: Recorder) -> None:
        for number in range(MOST_WAITING + 7):
            recorder.record(exchange(number))
            if number % 5000 == 0:
                await asyncio.sleep(0.01)
        for _ in range(3):
            await recorder.flush()
        assert recorder.dropped == 7
        database.error = None
        await recorder.flush()
        await recorder.close()

    recording_on(database, work)
    assert sum(database.units) == MOST_WAITING
    told = [json.loads(line) for line in lines.getvalue().splitlines() if "request log" in line]
    assert [(line["event"], line.get("dropped")) for line in told] == [
        ("request log waits", None),
        ("request log is written again", 7),
    ]


def test_what_the_database_refuses_is_dropped_and_told(lines: io.StringIO) -> None:
    database = Broken(ValueError("a fault of ours"))

    async def work(recorder: Recorder) -> None:
        recorder.record(exchange(1))
        await recorder.flush()
        database.error = None
        recorder.record(exchange(2))
        await recorder.flush()
        assert recorder.dropped == 1

    recording_on(database, work)
    assert database.units == [1]
    assert "request log not written" in lines.getvalue()


def test_requests_go_on_while_the_log_cannot_be_written(tenant: Tenant, server: Server) -> None:
    with tenant.client("/v2") as client:
        with troubles.locked(server.settings):
            answers = [client.get("/resources") for _ in range(20)]
        assert {each.status_code for each in answers} == {200}
        wanted = {each.headers["X-Request-Id"] for each in answers}

        def all_there() -> bool:
            return wanted <= {each["id"] for each in client.get("/logs", params={"limit": 100}).json()["data"]}

        assert eventually(all_there)


SECRET = "sk_live_0123456789abcdefghijABCDEFGHIJKLMNOP"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("/v2/resources", "/v2/resources"),
        ("/v2/resources?limit=2&starting_after=res_1", "/v2/resources?limit=2&starting_after=res_1"),
        (f"/v2/x?api_key={SECRET}&limit=1", f"/v2/x?api_key={HIDDEN}&limit=1"),
        ("/v2/x?api_key=anything&limit=1", f"/v2/x?api_key={HIDDEN}&limit=1"),
        ("/v2/x?API_KEY=anything", f"/v2/x?API_KEY={HIDDEN}"),
        ("/v2/x?api%5Fkey=anything", f"/v2/x?api%5Fkey={HIDDEN}"),
        (f"/v2/x?name=a{SECRET}", f"/v2/x?name=a{HIDDEN}"),
        (f"/v2/x?{SECRET}", f"/v2/x?{HIDDEN}"),
        (f"/v2/{SECRET}/y?a=b", f"/v2/{HIDDEN}/y?a=b"),
        (f"/v2/{quote(SECRET).replace('_', '%5F')}", f"/v2/{HIDDEN}"),
        ("/v2/x?name=sk%5ftest%5Fabc", f"/v2/x?{HIDDEN}"),
        ("/v2/x?name=a%20b", "/v2/x?name=a%20b"),
        ("/v2/" + "x" * 3000, "/v2/" + "x" * 1996 + "…"),
    ],
)
def test_no_key_is_shown(sent: str, shown: str) -> None:  # B019
    path, _, query = sent.encode().partition(b"?")
    assert entries.shown_path(path, query) == shown


def everything(server: Server, extra: str = "") -> str:
    """All that is stored, as text."""
    return str(server.database.read(rows)) + extra


def rows(tx: Transaction) -> list[Any]:
    """Every row of every table."""
    return [tx.exec_driver_sql(f'SELECT * FROM "{table}"').all() for table in metadata.tables]


def test_no_key_is_stored_or_written(tenant: Tenant, server: Server, lines: io.StringIO) -> None:  # A012 B019
    keys = [tenant.live_key, tenant.test_key]
    for mode, key in (("live", keys[0]), ("test", keys[1])):
        with tenant.client("/v2", mode=mode) as client:
            made = [
                client.get("/resources", params={"api_key": key}),
                client.get("/webhooks", params={"api_key": key}),
                client.get(f"/resources/{key}"),
                client.post(f"/resources?api_key={key}", json=GOOD),
                client.post("/resources", json=GOOD, headers={"Idempotency-Key": "a"}),
                client.post("/resources", json={**GOOD, "type": key}),
            ]
            found = {each["id"]: each for each in client.get("/logs", params={"limit": 100}).json()["data"]}
        for answer in made:
            shown = found[answer.headers["X-Request-Id"]]
            assert key not in str(shown)
            assert answer.request.url.query == b"" or shown["path"].endswith(f"?api_key={HIDDEN}")
    stored = everything(server, lines.getvalue())
    assert tenant.account_id in stored
    assert not any(key in stored for key in keys)


def last_used(tenant: Tenant) -> dict[str, int | None]:
    """When each key of a tenant was last used, by its mode."""
    return {
        row.mode: row.last_used
        for row in tenant.server.database.read(lambda tx: api_keys.list_of(tx, tenant.account_id))
    }


def test_the_last_use_of_a_key_is_noted_once_a_minute(tenant: Tenant, server: Server) -> None:
    assert last_used(tenant) == {"live": None, "test": None}
    server.clock.offset = 60 - server.clock.now() % 60
    with tenant.client("/v2") as client:
        before = server.clock.now()
        for _ in range(3):
            client.get("/usage")
        first = last_used(tenant)["live"]
        assert first is not None
        assert before <= first <= server.clock.now()
        server.clock.offset += 61
        client.get("/resources")
        client.get("/usage")
        second = last_used(tenant)["live"]
    assert second is not None
    assert second >= first + 61
    assert last_used(tenant)["test"] is None


@pytest.fixture
def place(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> list[str]:
    """Options that name data of the test's own, on the engine of this run."""
    return ["--data-dir", str(tmp_path / "data")] if engine == "sqlite" else ["--database", fresh_database()]


def test_a_killed_server_loses_no_row_of_a_customer(place: list[str], tmp_path: Path) -> None:
    with serving(tmp_path, *place) as process:
        key = process.key()
        with process.client() as client:
            made = client.post("/resources", json=GOOD)
            process.stop(signal.SIGKILL)
    with serving(tmp_path, *place) as again, again.client(key=key) as client:
        assert client.get(f"/resources/{made.json()['id']}").status_code == 200
        assert client.get("/logs").status_code == 200


def test_a_stopped_server_has_written_everything(place: list[str], tmp_path: Path) -> None:
    answered: list[str] = []
    with serving(tmp_path, *place) as process:
        key = process.key()

        def ask() -> None:
            with process.client() as client:
                answered.extend(client.get("/resources").headers["X-Request-Id"] for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        process.stop()
        assert process.errors == ""
    with serving(tmp_path, *place) as again, again.client(key=key) as client:
        page = client.get("/logs", params={"limit": 100}).json()
        assert {each["id"] for each in page["data"]} == set(answered)
        assert client.get("/usage").json()["requests"] == len(answered) + 1
