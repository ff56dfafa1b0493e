"""`./scripts/worker`: refuses SQLite, and does what servers that only serve leave behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.settings import ROOT
from tests.gateway import processes


@contextmanager
def worker(database: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own."""
    variables = processes.environment(API_PROVISIONING_STEP_SECONDS="0.3")
    options = ["--database", database, "--data-dir", str(folder / "data")]
    command = [sys.executable, "-m", "gateway.worker", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert b"works" in process.stdout.readline()
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_sqlite_has_no_workers(tmp_path: Path) -> None:
    refused = processes.run("gateway.worker", "--data-dir", str(tmp_path))
    assert refused.returncode == 1
    assert "the server does the work itself" in refused.stderr
    assert [*tmp_path.iterdir()] == []


def test_workers_do_what_a_server_only_queues(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    if engine != "postgresql":
        pytest.skip("SQLite has no workers.")
    database = fresh_database()
    place = ["--database", database, "--data-dir", str(tmp_path / "data")]
    only_serving = {"API_WORK": "false", "API_PROVISIONING_STEP_SECONDS": "0.3"}
    with processes.serving(tmp_path, *place, **only_serving) as server, server.client() as v2:
        body = {"name": "A resource", "type": "production"}
        made = [v2.post("/resources", json=body).json()["id"] for _ in range(10)]
        assert v2.get("/jobs", params={"status": "running"}).json()["total_count"] == 10
        with worker(database, tmp_path) as first:
            processes.eventually(
                lambda: any(v2.get(f"/resources/{each}").json()["provisioning"]["steps_completed"] > 2 for each in made)
            )
            first.kill()
            first.wait()
        with worker(database, tmp_path) as second, worker(database, tmp_path) as third:
            processes.eventually(lambda: v2.get("/jobs", params={"status": "succeeded"}).json()["total_count"] == 10)
            for process in (second, third):
                process.send_signal(signal.SIGTERM)
                assert process.wait(processes.SECONDS_TO_ACT) == 0
        changed = v2.get("/events", params={"type": "resource.status_changed"}).json()["total_count"]
        assert changed == len(made)
