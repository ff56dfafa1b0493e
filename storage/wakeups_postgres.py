"""Wake-ups between processes that share a PostgreSQL database: LISTEN and NOTIFY."""

import asyncio
import contextlib
import secrets
from collections.abc import Collection
from typing import Any

import psycopg
import sqlalchemy

from storage import wakeups
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable

CHANNEL = "platform_work"
# However much is committed, the others are told no more often than this: each NOTIFY takes a lock of the database.
NOTIFY_SECONDS = 0.05
RECONNECT_SECONDS = 1.0


class PostgresWakeups(wakeups.LocalWakeups):
    """Wake-ups within this process at once, and of others by a notification soon after.

    It listens on a connection of its own, which must be a session (not one that a pool hands out by transaction).
    Lost connections are made anew; meanwhile those who wait look by themselves.
    """

    def __init__(self, url: str, database: Database) -> None:
        super().__init__()
        location = sqlalchemy.make_url(url).set(drivername="postgresql")
        self._url = location.render_as_string(hide_password=False)
        self._database = database
        self._own = secrets.token_hex(8)
        self._untold: set[str] = set()
        self._telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hear from other processes until `stop`."""
        listening = asyncio.create_task(self._listen())
        await self._stopping.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        if self._telling is not None:
            await self._telling

    def wake(self, topics: Collection[str]) -> None:
        """Tell the workers of this process now, and those of others at the next notification."""
        self.stir(topics)
        self._untold.update(topics)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        """Notify at once, and then as long as there is something new, at most once in each interval."""
        while self._untold:
            payload = " ".join((self._own, *sorted(self._untold)))
            self._untold.clear()

            def notify(tx: Transaction, payload: str = payload) -> None:
                driver: Any = tx.connection.dbapi_connection
                driver.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))

            with contextlib.suppress(Unavailable, DeadlineExceeded):
                await self._database.read(notify)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), NOTIFY_SECONDS)

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error, OSError):
                await self._hear()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _hear(self) -> None:
        """Pass on what other processes tell, until the connection is lost."""
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {CHANNEL}".encode())
            # What was told while there was no connection.
            self.stir(wakeups.TOPICS)
            async for notice in connection.notifies():
                sender, *topics = notice.payload.split()
                if sender != self._own:
                    self.stir(set(topics) & set(wakeups.TOPICS))
