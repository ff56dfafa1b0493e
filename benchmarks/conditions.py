"""Tells a slow server from a busy machine: what other programs and the disk did during a measurement."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.servers import TICKS, Server, ServerError

# With more than this share of a processor taken by other programs, or more seconds than this for the disk to store one
# block, a measurement says more about the machine than about the server.
DISTURBED = 0.10
SLOW_STORE = 0.05
PAUSE = 0.05
BLOCK = b"\0" * 4096


@dataclass(frozen=True)
class Conditions:
    """The largest share of one of the two processors that other programs took; the slowest store of a block, in s."""

    disturbance: float = 0.0
    slowest_store: float = 0.0

    @property
    def trouble(self) -> float:
        """How bad they were; above 1 the measurement is to be repeated."""
        return max(self.disturbance / DISTURBED, self.slowest_store / SLOW_STORE)

    def __str__(self) -> str:
        """Say both for a person."""
        return (
            f"others took {self.disturbance:.0%} of a processor, storing 4 KiB took {self.slowest_store * 1000:.0f} ms"
        )


class Watch:
    """Notes the conditions, and the server's processor time in seconds, from its beginning to its end.

    It stores a block on the server's disk every 50 ms: a commit can be no faster than that.
    """

    def __init__(self, server: Server) -> None:
        self.server_cpu = 0.0
        self.conditions = Conditions()
        self._server = server
        self._processors = [] if server.processor is None else [server.processor, min(os.sched_getaffinity(0))]
        self._slowest = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._store)

    def __enter__(self) -> Self:
        self._busy = [busy_seconds(one) for one in self._processors]
        self._used = self._now()
        self._start = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        wall = time.perf_counter() - self._start
        used = [now - before for now, before in zip(self._now(), self._used, strict=True)]
        busy = [busy_seconds(one) - before for one, before in zip(self._processors, self._busy, strict=True)]
        self._ended.set()
        self._thread.join()
        self.server_cpu = used[0]
        others = [(all_ - own) / wall for all_, own in zip(busy, used, strict=False)]
        self.conditions = Conditions(max([0.0, *others]), self._slowest)

    def _now(self) -> list[float]:
        return [self._server.cpu_seconds(), time.process_time()]

    def _store(self) -> None:
        with (self._server.folder / "watch").open("wb", buffering=0) as file:
            while True:
                start = time.perf_counter()
                os.pwrite(file.fileno(), BLOCK, 0)
                os.fdatasync(file.fileno())
                self._slowest = max(self._slowest, time.perf_counter() - start)
                if self._ended.wait(PAUSE):
                    return


def busy_seconds(processor: int) -> float:
    """Return how long a processor has been busy, for us, for others and for other machines on the same host."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *numbers = line.split()
        if name == f"cpu{processor}":
            user, nice, system, _idle, _wait, irq, softirq, steal = (int(number) for number in numbers[:8])
            return (user + nice + system + irq + softirq + steal) / TICKS
    raise ServerError(f"/proc/stat does not know processor {processor}.")
