"""Servers and commands as processes of their own, as an administrator starts them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import httpx2

from gateway.settings import ROOT

T = TypeVar("T")
SECONDS_TO_ACT = 30
KEY = re.compile(r"sk_(?:test|live)_[0-9A-Za-z]{36}")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def eventually(look: Callable[[], T | None], *, within: float = SECONDS_TO_ACT) -> T:
    """What `look` finds, tried again and again until it finds something."""
    ends = time.monotonic() + within
    while True:
        with contextlib.suppress(httpx2.TransportError):
            if found := look():
                return found
        assert time.monotonic() < ends, f"nothing came within {within} s"
        time.sleep(0.01)


def environment(**variables: str) -> dict[str, str]:
    """An environment with nothing but these variables, and what a program needs."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **variables}


def run(module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a module of the project until it ends."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_ACT,
        check=False,
    )


class Process:
    """A running `python -m gateway`, or another program that takes its options."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        variables: Mapping[str, str],
        program: Sequence[str] = ("gateway",),
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._out, self._err = folder / f"out-{self.port}", folder / f"err-{self.port}"
        command = [sys.executable, "-m", *program, "--port", str(self.port), *arguments]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.popen = subprocess.Popen(command, cwd=ROOT, env=environment(**variables), stdout=out, stderr=err)

    @property
    def output(self) -> str:
        """What was printed so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def errors(self) -> str:
        """What was printed to stderr so far."""
        return self._err.read_text(encoding="utf-8")

    def wait_until_ready(self, within: float = SECONDS_TO_ACT, *, may_be_killed: bool = False) -> None:
        """Return once it serves, or has been killed if it may be."""

        def ready() -> bool:
            ended = self.popen.poll()
            if may_be_killed and ended == -signal.SIGKILL:
                return True
            assert ended is None, f"the server ended: {self.errors}"
            return httpx2.get(f"{self.url}/readyz").status_code == 200

        eventually(ready, within=within)

    def key(self, mode: str = "test") -> str:
        """The key of the demo account that it printed."""
        return next(found[0] for found in KEY.finditer(self.output) if found[0].startswith(f"sk_{mode}_"))

    def client(self, path: str = "/v2", key: str | None = None) -> httpx2.Client:
        """A client with a key, by default the demo account's."""
        return httpx2.Client(
            base_url=self.url + path, headers={"Authorization": f"Bearer {key or self.key()}"}, timeout=SECONDS_TO_ACT
        )

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        self.popen.send_signal(with_signal)
        return self.popen.wait(SECONDS_TO_ACT)


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Iterator[Process]:
    """A server that is ready, in a process of its own; `folder` takes its output."""
    process = Process(folder, *arguments, variables=variables)
    try:
        process.wait_until_ready()
        yield process
    finally:
        if process.popen.poll() is None:
            process.stop()
