"""A database and the processes that are started on it, one after the other or beside each other."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.settings import ROOT
from tests.beside import Beside
from tests.faults.load import Load
from tests.gateway import processes
from tests.gateway.processes import Process
from tests.receiving import Receiver

NOWHERE = "nowhere"
PROGRAM = "tests.faults.dying"
# Longer than any lease: what a dead process held is free for one whose clock is so much ahead.
LEASE_SECONDS = 61
NOON, DAY = 43_200, 86_400


@dataclasses.dataclass
class Platform:
    """Where everything is."""

    url: str
    folder: Path
    database: Beside
    load: Load
    receiver: Receiver
    # Clocks are set to noon, as test data goes at midnight.
    to_noon: int = dataclasses.field(default_factory=lambda: (NOON - int(time.time())) % DAY)

    def ahead(self, leases: int) -> str:
        """How far ahead the clock of a process is that takes up what died so many leases ago."""
        return str(self.to_noon + leases * LEASE_SECONDS)

    def now_ms(self, leases: int) -> int:
        """The time of a process that is so far ahead, in unix milliseconds."""
        return int((time.time() + float(self.ahead(leases))) * 1000)

    @property
    def place(self) -> list[str]:
        """The options that name the data."""
        return ["--database", self.url, "--data-dir", str(self.folder / "data")]

    def variables(self, **more: str) -> dict[str, str]:
        """The environment of its processes."""
        settings = {"API_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8", "API_PROVISIONING_STEP_SECONDS": "0.02"}
        return processes.environment(**settings, **more)

    @contextlib.contextmanager
    def serving(self, ahead: str, *options: str, dies: str = NOWHERE, **variables: str) -> Iterator[Process]:
        """A server, to which the clients turn as soon as it is ready; killed if it is not stopped."""
        program = (PROGRAM, ahead, dies, "server")
        given = self.variables(**variables)
        process = Process(self.folder, *self.place, *options, variables=given, program=program)
        try:
            # One that is to die may come to its point in work that was left to it, before it is seen to serve.
            process.wait_until_ready(180, may_be_killed=dies != NOWHERE)
            self.load.url = process.url
            yield process
        finally:
            if process.popen.poll() is None:
                process.stop(signal.SIGKILL)

    @contextlib.contextmanager
    def working(self, ahead: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker beside servers."""
        command = [sys.executable, "-m", PROGRAM, ahead, NOWHERE, "worker", *self.place]
        with subprocess.Popen(command, cwd=ROOT, env=self.variables(), stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                assert b"works" in process.stdout.readline()
                yield process
            finally:
                process.kill()

    def subscribe(self) -> None:
        """Have every event sent to the receiver."""
        self.load.create("/webhooks", {"url": self.receiver.url, "events": ["*"]})
