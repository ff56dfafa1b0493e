"""Files that are too large for one answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Download:
    """A file that never changes, in `count` parts; `read(tx, number)` gives one of them, from 0.

    Each is read in a transaction of its own, so one that is gone meanwhile must raise.
    """

    id: str
    name: str
    count: int
    read: Callable[[Transaction, int], bytes]
