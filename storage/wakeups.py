"""Wake-ups: who works is told that there is something to do, instead of looking for it again and again.

A wake-up that is lost costs time and nothing else, as everyone who waits looks again after a while.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Protocol

from storage.database import Database

TOPICS = ("tasks", "events", "deliveries")


class Wakeups(Protocol):
    """Tells workers of this process, and of others where there can be some, what was committed for them."""

    async def run(self) -> None:
        """Hear from other processes until `stop`."""

    def stop(self) -> None:
        """Have `run` return."""

    def wake(self, topics: Collection[str]) -> None:
        """Tell everybody that there is something new in some topics; called after the commit, on the event loop."""

    def stir(self, topics: Collection[str]) -> None:
        """As `wake`, for this process alone."""

    async def wait(self, topic: str, seconds: float) -> bool:
        """Wait for the next wake-up, and say whether there was one within so many seconds.

        One that came since the last wait counts. One worker of a process waits for a topic.
        """


class LocalWakeups:
    """Wake-ups within one process."""

    def __init__(self) -> None:
        self._signals: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Return when stopped, as there is nobody else to hear from."""
        await self._stopping.wait()

    def stop(self) -> None:
        """Have `run` return."""
        self._stopping.set()

    def wake(self, topics: Collection[str]) -> None:
        """Tell the workers of this process."""
        self.stir(topics)

    def stir(self, topics: Collection[str]) -> None:
        """Tell the workers of this process."""
        for topic in topics:
            self._signals[topic].set()

    async def wait(self, topic: str, seconds: float) -> bool:
        """Wait for the next wake-up of a topic."""
        signal = self._signals[topic]
        return await is_set_within(signal, seconds, signal.clear)


async def is_set_within(signal: asyncio.Event, seconds: float, then: Callable[[], None]) -> bool:
    """Whether an event is set within so many seconds, after which `then` is called."""
    if not signal.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(signal.wait(), seconds)
    found = signal.is_set()
    if found:
        then()
    return found


def open_wakeups(url: str, database: Database) -> Wakeups:
    """Wake-ups for those who work on a database."""
    if url.startswith("sqlite"):
        return LocalWakeups()
    # An embedded server has no use for psycopg.
    from storage.wakeups_postgres import PostgresWakeups

    return PostgresWakeups(url, database)
