"""Batches that are cut short: by a deadline, by a key that is taken meanwhile, and by the end of the process."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from domain import resources
from gateway.batching import Batch
from gateway.pipeline import Pipeline
from tests.api.batches import KEY, code, create, read, run, send, statuses
from tests.api.parallel import at_once
from tests.gateway import processes
from tests.serving import Client, Server, Tenant

SECONDS = 0.2


@pytest.fixture
def in_haste(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Gives batches little time, and makes the removal of a resource take longer."""

    def outlast(*_: object) -> None:
        time.sleep(SECONDS * 1.5)
        raise RuntimeError

    assert isinstance(server.app.contract.serve, Pipeline)
    stage = next(each for each in server.app.contract.serve.stages if isinstance(each, Batch))
    with monkeypatch.context() as patch:
        patch.setattr(stage, "deadline", SECONDS)
        patch.setattr(resources, "delete", outlast)
        yield


LONG: list[dict[str, Any]] = [create("First"), {"method": "DELETE", "path": "/v2/resources/1"}, create("Second")]


@pytest.mark.usefixtures("in_haste")
def test_what_has_not_begun_in_time_is_not_begun(v2: Client) -> None:
    results = run(v2, LONG, headers={KEY: "a-key"})
    assert statuses(results) == [201, 500, 504]
    assert code(results[2]) == "timeout"
    assert v2.get("/resources").json()["total_count"] == 1
    assert statuses(run(v2, [LONG[0], read("/v2/resources")])) == [201, 200]


@pytest.mark.usefixtures("in_haste")
def test_an_atomic_batch_that_takes_too_long_is_given_up(v2: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    created = resources.create

    def outlast(*arguments: Any) -> resources.Resource:
        time.sleep(SECONDS * 1.5)
        return created(*arguments)

    monkeypatch.setattr(resources, "create", outlast)
    answer = send(v2, [create("First"), create("Second")], atomic=True)
    assert answer.status_code == 504
    assert v2.get("/resources").json()["total_count"] == 0


def test_a_key_that_is_taken_meanwhile(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operations have run, so their answer is given; it cannot be kept."""
    created, taken = resources.create, threading.Event()

    def wait(*arguments: Any) -> resources.Resource:
        made = created(*arguments)
        if made.name == "Slow":
            began.set()
        return made

    began = threading.Event()
    monkeypatch.setattr(resources, "create", wait)
    with tenant.client("/v2") as client, tenant.client("/v2") as other:

        def take() -> httpx2.Response:
            began.wait(30)
            answer = other.post("/projects", json={"name": "Data", "slug": "data"}, headers={KEY: "a-key"})
            taken.set()
            return answer

        slow = [create("Slow"), *[read("/v2/resources")] * 99]
        batch, single = at_once([lambda: send(client, slow, {KEY: "a-key"}), take])
        assert single.status_code in (201, 422)
        assert batch.status_code == 200
        assert client.get("/resources").json()["total_count"] == 1


@pytest.fixture
def place(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> list[str]:
    """Options that name data of the test's own, on the engine of this run."""
    return ["--data-dir", str(tmp_path / "data")] if engine == "sqlite" else ["--database", fresh_database()]


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("done", [1, 30])
def test_a_batch_that_a_killed_process_left_goes_on(
    place: list[str], tmp_path: Path, done: int, *, atomic: bool
) -> None:  # B116
    names = [f"Resource {number:02}" for number in range(100)]
    body = {"operations": [create(name) for name in names], "atomic": atomic}
    headers = {KEY: "a-key"}
    with processes.serving(tmp_path, *place) as process:
        key = process.key()

        def begin() -> None:
            with process.client(key=key) as client, contextlib.suppress(httpx2.TransportError):
                client.post("/batch", json=body, headers=headers)

        sending = threading.Thread(target=begin)
        sending.start()
        with process.client(key=key) as client:
            # Nothing of an atomic batch is seen before all of it is: it is killed at some moment, and not at a count.
            ends = time.monotonic() + (done / 1000 if atomic else processes.SECONDS_TO_ACT)
            while time.monotonic() < ends and client.get("/resources").json()["total_count"] < done:
                pass
        process.stop(signal.SIGKILL)
        sending.join()
    with processes.serving(tmp_path, *place) as process, process.client(key=key) as client:
        left = client.get("/resources").json()["total_count"]
        assert left in (0, 100) if atomic else left >= done
        first, again = (client.post("/batch", json=body, headers=headers) for _ in range(2))
        assert statuses(first.json()["results"]) == [201] * 100
        assert again.content == first.content
        listed = client.get("/resources", params={"limit": 100}).json()
        assert (listed["total_count"], sorted(item["name"] for item in listed["data"])) == (100, names)
