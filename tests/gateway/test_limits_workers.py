"""Limits of a server of several processes, kept in Valkey."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from gateway.settings import Settings
from tests import engines, under_way
from tests.gateway import processes
from tests.gateway.processes import Process, serving

WORKERS = 4
# A slot's lease is twice as long.
DEADLINE = 2


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with engines.valkey_server() as url:
        yield url


@pytest.fixture
def place(engine: str, valkey: str, fresh_database: Callable[[], str]) -> list[str]:
    """Options for several processes on one database and one Valkey."""
    if engine != "postgresql":
        pytest.skip("several processes need PostgreSQL")
    return ["--database", fresh_database(), "--valkey", valkey, "--workers", str(WORKERS)]


def account(place: list[str], **limits: int) -> tuple[str, str]:
    """A free account with other limits: its id and a live key."""
    settings = Settings(database_url=place[1])
    made = processes.run("gateway.administration", "--database", settings.database, "account", "create", "Tenant")
    account_id = made.stdout.strip()
    options = [text for name, number in limits.items() for text in (f"--{name.replace('_', '-')}", str(number))]
    agreed = processes.run(
        "gateway.administration", "--database", settings.database, "account", "limits", account_id, *options
    )
    assert agreed.returncode == 0, agreed.stderr
    key = processes.run(
        "gateway.administration", "--database", settings.database, "key", "create", account_id, "--mode", "live"
    )
    return account_id, key.stdout.strip()


def test_four_processes_grant_one_limit(place: list[str], tmp_path: Path) -> None:  # A039 B158
    with serving(tmp_path, *place) as process:
        # So slow a rate refills nothing while the test runs.
        _, key = account(place, requests_per_minute=1, burst=60, concurrent_requests=1000)

        def ask(_: int) -> list[int]:
            with process.client(key=key) as client:
                return [client.get("/resources").status_code for _ in range(4)]

        with ThreadPoolExecutor(50) as pool:
            found = [status for each in pool.map(ask, range(50)) for status in each]
        assert (found.count(200), found.count(429)) == (60, 140) or found.count(200) in (61, 62), "one a minute refills"


def test_a_killed_server_gives_its_slots_back(place: list[str], tmp_path: Path) -> None:  # B159
    _, key = account(place, concurrent_requests=2)
    with serving(tmp_path, *place, API_REQUEST_DEADLINE=str(DEADLINE)) as process:
        with under_way.at(process.url, key, 2), process.client(key=key) as client:
            assert client.get("/resources").json()["error"]["code"] == "concurrency_limit_exceeded"
            for each in [process.popen.pid, *children(process)]:
                os.kill(each, signal.SIGKILL)
            process.popen.wait(processes.SECONDS_TO_ACT)
    with serving(tmp_path, *place, API_REQUEST_DEADLINE=str(DEADLINE)) as again, again.client(key=key) as client:
        processes.eventually(lambda: client.get("/resources").status_code == 200 or None)


def children(process: Process) -> list[int]:
    """The processes that a server has started."""
    parent = process.popen.pid
    return [int(each) for each in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()]


def test_without_its_valkey_a_server_refuses(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    place = ["--data-dir", str(tmp_path / "data")] if engine == "sqlite" else ["--database", fresh_database()]
    with engines.valkey_server() as url:
        process = Process(tmp_path, *place, "--valkey", url, variables={})
        process.wait_until_ready()
        with process.client(key=process.key("live")) as client:
            assert client.get("/resources").status_code == 200
    try:
        with process.client(key=process.key("live")) as live, process.client() as test:
            answer = live.get("/resources")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            assert test.get("/resources").status_code == 200, "test mode has no limits"
            assert httpx2.get(f"{process.url}/readyz").status_code == 503
    finally:
        process.stop()
