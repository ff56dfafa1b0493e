"""What works beside the requests, or without any: started together, stopped together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from domain.calls import Means
from domain.clock import Clock
from storage.database import Database
from storage.wakeups import Wakeups


class Worker(Protocol):
    """Something that works until it is stopped."""

    async def run(self) -> None:
        """Work; returns soon after `stop`, when what was begun is finished or given back."""

    def stop(self) -> None:
        """Have `run` return."""


class Station(NamedTuple):
    """What every worker needs."""

    database: Database
    clock: Clock
    wakeups: Wakeups
    means: Means


@asynccontextmanager
async def working(workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Have the workers work meanwhile; they are stopped in the order that they stand in."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        await asyncio.gather(*running)
