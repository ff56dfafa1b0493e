"""Turns requests away while the operator has closed the API."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from contract.problems import Problem
from domain import maintenance
from domain.maintenance import Maintenance
from gateway.exchange import Exchange
from storage.database import Database

# How long every process may take to notice that the API was closed or opened.
REMEMBERED_SECONDS = 0.5


class TurnAway:
    """Answers 503 with `Retry-After` during maintenance, before anything of a request is looked at."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: Maintenance | None = None
        self._known_until = 0.0

    async def _look(self) -> None:
        # Set first, so that of many requests at once one looks.
        self._known_until = time.monotonic() + REMEMBERED_SECONDS
        self._known = await self.database.read(maintenance.current)

    async def _look_and_refuse(self) -> None:
        await self._look()
        self._refuse()

    def _refuse(self) -> None:
        if self._known is not None:
            raise Problem("maintenance", self._known.message, retry_after=self._known.retry_after)

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        if time.monotonic() >= self._known_until:
            return self._look_and_refuse()
        self._refuse()
        return None
