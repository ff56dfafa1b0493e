"""Clients that keep a platform busy whatever becomes of it, and what must hold when all is done."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx2
import sqlalchemy as sa

from domain import accounts, api_keys
from domain.api_keys import KeyOptions
from storage import tables
from storage.database import Transaction
from tests.beside import Beside
from tests.receiving import Receiver

CLIENTS = 3
BATCHES = 3
PATIENCE = 300
# What is answered when the database cannot serve; the documentation says to send it again.
AGAIN = (503, 504)


class Made(NamedTuple):
    """A create that was answered: its path, its idempotency key and body, and the answer."""

    path: str
    key: str
    body: Mapping[str, Any]
    answer: bytes

    @property
    def id(self) -> str:
        found: str = httpx2.Response(201, content=self.answer).json()["id"]
        return found


def new_key(database: Beside) -> str:
    """A test key of a new account, as test mode has no limits and may send webhooks without TLS."""

    def unit(tx: Transaction) -> str:
        now = int(time.time())
        account = accounts.create(tx, now, "Busy", "scale", "us")
        return api_keys.issue(tx, now, account.id, KeyOptions(mode="test", scopes=["*"]))

    return database.write(unit)


class Load:
    """Clients that create resources and jobs, each with a key of its own, and go on until each is answered."""

    def __init__(self, key: str, receiver: Receiver) -> None:
        self.url = ""
        self.made: list[Made] = []
        self.statuses: Counter[int] = Counter()
        self._key = key
        self._receiver = receiver
        self._numbers = itertools.count(1)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._gave_up: list[Exception] = []

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        """The clients are busy meanwhile; in the end each comes to the end of what it is at."""
        self._threads = [threading.Thread(target=self._go_on) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in self._threads:
                thread.join()

    def finish(self) -> None:
        """Have each client come to the end of what it is at."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        assert self.are_well()

    def are_well(self) -> bool:
        """True; fails with what a client gave up for."""
        assert not self._gave_up, (self._gave_up, self.statuses)
        return True

    def create(self, path: str, body: Mapping[str, Any]) -> Made:
        """Create an object; a request without an answer is sent again with its key."""
        key = f"key-{next(self._numbers)}"
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            answer = self._send("POST", path, {"Idempotency-Key": key}, body)
            if answer is not None and answer.status_code not in AGAIN:
                assert answer.status_code == 201, answer.text
                return Made(path, key, body, answer.content)
            time.sleep(0.05)
        raise TimeoutError(f"{path} is not answered")

    def get(self, path: str) -> Any:
        """What a read shows."""
        answer = self._send("GET", path, {}, None)
        assert answer is not None
        assert answer.status_code == 200, answer.text
        return answer.json()

    def repeat(self, made: Made) -> httpx2.Response:
        """The answer to a create that is sent again."""
        answer = self._send("POST", made.path, {"Idempotency-Key": made.key}, made.body)
        assert answer is not None
        return answer

    def _go_on(self) -> None:
        try:
            while not self._ending.is_set():
                self._make_some()
        except (AssertionError, TimeoutError) as error:
            self._gave_up.append(error)

    def _make_some(self) -> None:
        configuration = {"batch_size": 1, "retry_count": 5}
        target = {"target_url": f"{self._receiver.url}/target"} if len(self.made) % 2 else {}
        body = {"name": "A resource", "type": "production", "configuration": configuration, **target}
        resource = self.create("/resources", body)
        self.made.append(resource)
        job = {"type": "process", "resource": resource.id, "items": [{"n": number} for number in range(BATCHES)]}
        self.made.append(self.create("/jobs", job))
        self.made.append(self.create("/jobs", {"type": "export", "kinds": ["resources"]}))

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> httpx2.Response | None:
        """The answer to a request on a connection of its own; None when there is none."""
        try:
            answer = httpx2.request(
                method,
                f"{self.url}/v2{path}",
                headers={"Authorization": f"Bearer {self._key}", **headers},
                json=body,
                timeout=30,
                verify=False,
            )
        except httpx2.TransportError:
            return None
        self.statuses[answer.status_code] += 1
        return answer


def is_at_rest(tx: Transaction) -> bool:
    """Whether nothing waits or is under way any more."""
    waiting = sum(
        tx.execute(sa.select(sa.func.count()).select_from(table).where(table.c.due_ms.is_not(None))).scalar_one()
        for table in (tables.tasks, tables.deliveries)
    )
    cursor = tx.execute(sa.select(tables.event_cursors.c.sequence)).scalar_one()
    last = tx.execute(sa.select(sa.func.max(tables.events.c.sequence))).scalar_one()
    return not waiting and cursor == last


def wait_for_rest(database: Beside) -> None:
    """Return when everything is done."""
    ends = time.monotonic() + PATIENCE
    while not database.read(is_at_rest):
        assert time.monotonic() < ends, database.read(what_waits)
        time.sleep(0.1)


def what_waits(tx: Transaction) -> list[Any]:
    """What is not done, for who looks for the reason."""
    found: list[Any] = []
    for table in (tables.tasks, tables.deliveries):
        found += tx.execute(sa.select(table).where(table.c.due_ms.is_not(None)).limit(5)).all()
    return found


def check_all_was_done_once(database: Beside, load: Load, receiver: Receiver) -> None:
    """Nothing is lost, stuck or done twice, and every answer that was given still holds."""
    for made in load.made:
        again = load.repeat(made)
        assert (again.status_code, again.content) == (201, made.answer)
    resources = [made.id for made in load.made if made.path == "/resources"]
    jobs = [made.id for made in load.made if made.path == "/jobs"]
    assert load.get("/resources?status=active")["total_count"] == len(resources)
    assert load.get("/jobs?status=succeeded")["total_count"] == load.get("/jobs")["total_count"]
    assert load.get("/jobs")["total_count"] == len(jobs) + len(resources), "each resource has a job of its own"
    database.read(lambda tx: check_rows(tx, resources, jobs, receiver))


def check_rows(tx: Transaction, resources: list[str], jobs: list[str], receiver: Receiver) -> None:
    """What the tables say of resources and jobs that were made, and of the events about them."""
    metrics, events, deliveries = tables.metrics_hourly, tables.events, tables.deliveries
    executed = sa.select(metrics.c.resource_id, sa.func.sum(metrics.c.requests)).group_by(metrics.c.resource_id)
    # Each batch was executed once, and what a worker did that died is not counted.
    assert {row[0]: int(row[1]) for row in tx.execute(executed)} == dict.fromkeys(resources, BATCHES)
    told = Counter((row.type, row.object_id) for row in tx.execute(sa.select(events)))
    expected = Counter(
        {(kind, each): 1 for each in resources for kind in ("resource.created", "resource.status_changed")}
    )
    ended = {each for kind, each in told if kind == "job.succeeded"}
    assert {*jobs} <= ended
    assert {
        each: count for each, count in told.items() if each[0].startswith("resource.") and each in expected
    } == dict(expected)
    assert set(told.values()) == {1}, [each for each, count in told.items() if count > 1]
    assert not any(kind == "job.failed" for kind, _ in told)
    ids = {row.id for row in tx.execute(sa.select(events))}
    sent = Counter(row.event_id for row in tx.execute(sa.select(deliveries)))
    assert sent.keys() == ids, "every event has a delivery"
    assert set(sent.values()) == {1}
    assert {row.status for row in tx.execute(sa.select(deliveries))} == {"succeeded"}
    arrived = Counter(each.headers["webhook-id"] for each in receiver.requests if "webhook-id" in each.headers)
    assert arrived.keys() == ids, "every event has arrived"
    numbers = sa.select(tables.job_outputs.c.job_id, tables.job_outputs.c.task_number, tables.job_outputs.c.number)
    parts = Counter(tuple(row) for row in tx.execute(numbers))
    assert set(parts.values()) <= {1}
