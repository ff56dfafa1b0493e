"""Limits of a server of several processes, kept in Valkey."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests import engines, under_way
from tests.gateway import processes
from tests.gateway.processes import Process, serving

SECONDS_FOR_FOUR = 180
# A slot's lease is twice as long.
DEADLINE = 5


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with engines.valkey_server() as url:
        yield url


@pytest.fixture
def place(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> list[str]:
    """Options that name data of the test's own, on the engine of this run."""
    return ["--data-dir", str(tmp_path / "data")] if engine == "sqlite" else ["--database", fresh_database()]


def account(place: list[str], **limits: int) -> str:
    """A live key of a new account with these limits."""

    def admin(*arguments: str) -> str:
        done = processes.run("gateway.administration", *place, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    options = [text for name, number in limits.items() for text in (f"--{name.replace('_', '-')}", str(number))]
    account_id = admin("account", "create", "Tenant")
    admin("account", "limits", account_id, *options)
    return admin("key", "create", account_id, "--mode", "live")


def test_four_processes_grant_one_limit(
    engine: str, place: list[str], valkey: str, tmp_path: Path
) -> None:  # A039 B158
    if engine != "postgresql":
        pytest.skip("several processes need PostgreSQL")
    # So slow a rate refills nothing while the test runs, or one where the machine is very busy.
    key = account(place, requests_per_minute=1, burst=60, concurrent_requests=1000)
    process = Process(tmp_path, *place, "--valkey", valkey, "--workers", "4", variables={})
    try:
        process.wait_until_ready(SECONDS_FOR_FOUR)

        def ask(_: int) -> list[int]:
            with process.client(key=key) as client:
                return [client.get("/resources").status_code for _ in range(4)]

        started = time.monotonic()
        with ThreadPoolExecutor(50) as pool:
            found = [status for each in pool.map(ask, range(50)) for status in each]
        refilled = int((time.monotonic() - started) / 60) + 1
        assert 60 <= found.count(200) < 60 + refilled
        assert found.count(200) + found.count(429) == 200
    finally:
        process.stop()


def test_a_killed_server_gives_its_slots_back(place: list[str], valkey: str, tmp_path: Path) -> None:  # B159
    key = account(place, concurrent_requests=2)
    options = [*place, "--valkey", valkey]
    with (
        serving(tmp_path, *options, API_REQUEST_DEADLINE=str(DEADLINE)) as process,
        under_way.at(process.url, key, 2),
        process.client(key=key) as client,
    ):
        assert client.get("/resources").json()["error"]["code"] == "concurrency_limit_exceeded"
        process.stop(signal.SIGKILL)
    with serving(tmp_path, *options, API_REQUEST_DEADLINE=str(DEADLINE)) as again, again.client(key=key) as client:
        processes.eventually(lambda: client.get("/resources").status_code == 200 or None)


def test_without_its_valkey_a_server_refuses(place: list[str], tmp_path: Path) -> None:
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
