"""The time as the platform sees it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in unix seconds. A test hands in one that it moves."""

    def now(self) -> int: ...


class SystemClock:
    """The machine's time."""

    def now(self) -> int:
        return int(time.time())
