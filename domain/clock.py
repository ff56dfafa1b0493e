"""The time as the platform sees it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in unix seconds, whole and with their fraction. A test hands in one that it moves."""

    def now(self) -> int: ...

    def time(self) -> float: ...


class SystemClock:
    """The machine's time."""

    def now(self) -> int:
        return int(time.time())

    def time(self) -> float:
        return time.time()
