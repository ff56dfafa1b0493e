"""A database that cannot be written to: requests are told so, work waits, and nothing is half done or done twice."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy

from storage import sqlite, tables
from storage.database import Transaction
from tests.contract import troubles
from tests.receiving import Handler, Receiver, status, until
from tests.serving import Client, Server, running
from work import executions

BATCHES = 3
# More than fits into the pages that a small database has free.
LARGE = {f"key_{number}": "x" * 500 for number in range(20)}
REFUSED = {"name": "Too late", "type": "production", "metadata": LARGE}
KEY = {"Idempotency-Key": "one"}
# Nothing is added to these by a request that is refused, nor by work.
OF_REQUESTS = ("resources", "idempotency_keys", "jobs")
MOST_PAGES = 1_073_741_823


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections to SQLite that are made from now on."""
    made: list[Any] = []
    original = sqlite.make_engine

    def make_engine(*arguments: Any, **options: Any) -> Any:
        engine = original(*arguments, **options)
        sqlalchemy.event.listen(engine, "connect", lambda connection, _: made.append(connection))
        return engine

    monkeypatch.setattr(sqlite, "make_engine", make_engine)
    return made


@contextlib.contextmanager
def full(server: Server, connections: list[Any]) -> Iterator[None]:
    """The disk of the database takes no more meanwhile."""
    if server.settings.is_embedded:
        limit(connections, 1)
        yield
        limit(connections, MOST_PAGES)
        return
    server.database.write(lambda tx: run(tx, REFUSE_ALL))
    yield
    server.database.write(lambda tx: run(tx, "DROP FUNCTION refuse CASCADE"))


@contextlib.contextmanager
def locked(server: Server, _: list[Any]) -> Iterator[None]:
    """Somebody else writes meanwhile."""
    with troubles.locked(server.settings):
        yield


def limit(connections: list[Any], pages: int) -> None:
    """Let a file have so many pages, or as many as it has."""
    for connection in connections:
        with contextlib.suppress(sqlite.DRIVER.ProgrammingError):
            connection.execute(f"PRAGMA max_page_count = {pages}")


REFUSE_ALL = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$;"
REFUSE_ALL += "".join(
    f"CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION refuse();"
    for name in tables.metadata.tables
)


def run(tx: Transaction, script: str) -> None:
    driver: Any = tx.connection.driver_connection
    driver.execute(script)


def targeted(receiver: Receiver) -> int:
    """How many batches have come."""
    return sum(each.path == "/target" for each in receiver.requests)


def state(server: Server) -> dict[str, int]:
    """How many rows there are; what has room in a row that is there may still be changed."""
    counts = [f"SELECT count(*) FROM {name}" for name in OF_REQUESTS]
    found = server.database.read(lambda tx: [tx.exec_driver_sql(count).scalar_one() for count in counts])
    return dict(zip(OF_REQUESTS, found, strict=True))


@pytest.mark.parametrize("trouble", [locked, full])
def test_work_waits_and_requests_are_refused(  # A028 A029
    trouble: Callable[[Server, list[Any]], contextlib.AbstractContextManager[None]],
    fresh_database: Callable[[], str],
    connections: list[Any],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executions, "SETTLE_SECONDS", 0.1)
    let_go = threading.Event()

    def hold(handler: Handler) -> None:
        let_go.wait(30)
        status(200)(handler)

    options: dict[str, Any] = {"busy_timeout": 0.2, "provisioning_step_seconds": 0.01}
    with running(fresh_database(), webhook_allowed_networks="127.0.0.0/8", **options) as server:
        with server.tenant().client("/v2", mode="test") as client:
            job = begin(client, receiver)
            receiver.answers = [hold] * BATCHES
            until(lambda: targeted(receiver) == BATCHES)
            client.post("/webhooks", json={"url": f"{receiver.url}/events", "events": ["*"]})
            with trouble(server, connections):
                before = state(server)
                let_go.set()
                refused = client.post("/resources", json=REFUSED, headers=KEY)
                assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
                assert int(refused.headers["Retry-After"]) > 0
                assert client.get("/resources").json()["total_count"] == 1
                # Long enough for what has ended to be settled in vain.
                time.sleep(0.5)
                assert state(server) == before
            first, again = (client.post("/resources", json=REFUSED, headers=KEY) for _ in range(2))
            assert (first.status_code, first.content) == (201, again.content)
            until(lambda: client.get(f"/jobs/{job}").json()["status"] == "succeeded")
            assert targeted(receiver) == BATCHES
            told = until(lambda: events_at(receiver, job, first.json()["id"]))
        assert set(told.values()) == {1}


def begin(client: Client, receiver: Receiver) -> str:
    """A job whose batches are sent to the receiver."""
    target = {"target_url": f"{receiver.url}/target", "configuration": {"batch_size": 1}}
    resource = client.create(**target)["id"]
    until(lambda: client.get(f"/resources/{resource}").json()["status"] == "active")
    items = [{"number": number} for number in range(BATCHES)]
    answer = client.post("/jobs", json={"type": "process", "resource": resource, "items": items})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def events_at(receiver: Receiver, job: str, resource: str) -> Counter[str]:
    """How often each event has come, once the end of a job and the creation of a resource are among them."""
    came = [each for each in receiver.requests if each.path == "/events"]
    told = {(each.json["type"], each.json["data"]["object"]["id"]) for each in came}
    is_whole = {("job.succeeded", job), ("resource.created", resource)} <= told
    return Counter(each.headers["webhook-id"] for each in came) if is_whole else Counter()
