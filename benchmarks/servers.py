"""Starts the servers, keeps each on its processor, and lets only the one that is measured run."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks import client

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PATIENCE = 60.0
ROOT = Path(__file__).resolve().parents[1]


class ServerError(Exception):
    """A server did not start or did not live."""


def processors() -> tuple[int, int] | None:
    """Choose a processor for the servers and one for the client; None where the machine has not two or cannot pin."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Start:
    """How a server is started: `settings` are added to our environment, its output goes into `folder`."""

    port: int
    command: list[str]
    folder: Path
    processor: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


class Server:
    """One server in a process of its own; use it as a context manager."""

    def __init__(self, name: str, start: Start) -> None:
        self.name = name
        self.port = start.port
        self._start = start
        self.processor = start.processor
        self.settings = start.settings
        self.folder = start.folder
        self._log = start.folder / f"{name}.log"
        # Where what the machine can do is measured, and not one server beside another, it may use the client's too.
        self.is_spread = False
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self.process is None or self.process.poll() is not None:
            raise ServerError(f"{self.name} is not running. Its last words:\n{self.last_words()}")
        return self.process.pid

    def start(self) -> None:
        """Start the process; it may not answer yet."""
        environment = {**os.environ, **self.settings}
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._start.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if self.processor is not None:
            own = {self.processor}
            os.sched_setaffinity(self.process.pid, own | os.sched_getaffinity(0) if self.is_spread else own)

    def wait_for(self, request: client.Request) -> None:
        """Return as soon as the request gets the answer it names."""
        deadline = time.perf_counter() + PATIENCE
        complaint = "no answer"
        while time.perf_counter() < deadline and self.pid:
            try:
                client.closed_loop(self.port, [request], PATIENCE, connections=1)
                return
            except (OSError, client.LoadError) as error:
                complaint = str(error)
                time.sleep(0.005)
        raise ServerError(f"{self.name} was not ready in {PATIENCE:.0f} s: {complaint}\n{self.last_words()}")

    def freeze(self) -> None:
        """Take the processor away from it until it is thawed."""
        os.kill(self.pid, signal.SIGSTOP)
        while self._status()[0] != "T":
            time.sleep(0.0005)

    def thaw(self) -> None:
        """Let it run again."""
        os.kill(self.pid, signal.SIGCONT)

    def cpu_seconds(self) -> float:
        """Return the processor time that it has used since its start."""
        fields = self._status()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_bytes(self) -> int:
        """Return the memory that it holds now."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE

    def stop(self) -> None:
        """End it, at first politely."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _status(self) -> list[str]:
        """Read /proc/PID/stat from the state on."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()

    def last_words(self) -> str:
        """Return the end of what it has printed."""
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""
