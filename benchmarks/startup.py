"""How long our server takes from the start of its process to its first answer."""

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import contenders

STARTS = 5
BAR = 1.5


@dataclass(frozen=True)
class StartTimes:
    """Seconds to the first 200 of /healthz: starts on a new data directory each, and one on a directory used before."""

    fresh: list[float]
    again: float

    @property
    def median(self) -> float:
        """The time that is compared with the bar."""
        return statistics.median(self.fresh)


def measure(processor: int | None) -> StartTimes:
    """Start the server several times, each time as on its first day, and the last once more."""
    fresh = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for number in range(STARTS):
            folder = Path(name) / str(number)
            folder.mkdir()
            fresh.append(_seconds(folder, processor))
        return StartTimes(fresh, _seconds(folder, processor))


def _seconds(folder: Path, processor: int | None) -> float:
    server = contenders.our_server(folder, processor)
    start = time.perf_counter()
    with server:
        server.wait_for(contenders.HEALTH)
        return time.perf_counter() - start
