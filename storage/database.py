"""Running units of work: what every engine's runner promises to the rooms above."""

import time
from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

import sqlalchemy

T = TypeVar("T")

Transaction: TypeAlias = sqlalchemy.engine.Connection


class Unavailable(Exception):
    """The database cannot serve now (locked, full, out of reach, queue full); nothing was committed.

    The one exception: a connection to PostgreSQL that breaks during the COMMIT itself leaves the outcome unknown.
    An idempotency key, which is a row of that same transaction, tells on the retry.
    """

    def __init__(self, message: str, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineExceeded(Exception):
    """The unit of work was not finished in time; nothing was committed."""


class LeaveLoop(BaseException):
    """The signal of `leave_loop`; not an Exception, so that no unit of work swallows it by accident."""


class Database(Protocol):
    """Runs units of work: plain functions that get a transaction and return what they found or did.

    One database is used from one event loop.
    """

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` on a read connection; it sees everything committed before, and may be run a second time."""

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` in a write transaction: returning commits, raising rolls back, and nobody else commits."""

    async def ping(self) -> None:
        """Raise Unavailable when the database does not answer."""

    async def close(self) -> None:
        """Finish what is queued and close every connection."""


def open_database(url: str, *, deadline: float = 30.0, busy_timeout: float = 5.0) -> Database:
    """Open the database that `url` names; `deadline` and `busy_timeout` (waiting for a lock) are in seconds."""
    location = parse(url)
    # The runners import this module, and an embedded server has no use for psycopg.
    if location.drivername == "sqlite":
        from storage import sqlite

        return sqlite.SqliteDatabase(str(location.database), deadline=deadline, busy_timeout=busy_timeout)
    from storage import postgres

    return postgres.PostgresDatabase(location, deadline=deadline, busy_timeout=busy_timeout)


def parse(url: str) -> sqlalchemy.URL:
    """Read a database URL; PostgreSQL's spellings all become the psycopg driver."""
    try:
        location = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise ValueError("The database URL cannot be read. Give sqlite:///path or postgresql://host/name.") from None
    engine = location.drivername.partition("+")[0]
    if engine == "sqlite":
        if not location.database or location.database == ":memory:":
            raise ValueError("The database URL names no file. Give sqlite:///path, for example sqlite:///data/api.db.")
        return location.set(drivername="sqlite")
    if engine in ("postgresql", "postgres"):
        return location.set(drivername="postgresql+psycopg")
    raise ValueError(f"No database runner for '{engine}'. Give sqlite:///path or postgresql://host/name.")


def leave_loop(tx: Transaction) -> None:
    """Have a read that may take long run in a thread.

    SQLite reads run on the event loop, where a point read costs a tenth of a thread's detour but a long one would
    hold up every other request. Only the statement knows that it may be long, so it calls this first: on the event
    loop's connection this ends the unit, which `read` then runs again, whole, in a reader thread. Elsewhere it does
    nothing.
    """
    if tx.get_execution_options().get("on_event_loop"):
        raise LeaveLoop


def check_deadline(expires: float) -> None:
    """Raise DeadlineExceeded when the monotonic clock has passed `expires`."""
    if time.monotonic() > expires:
        raise DeadlineExceeded("The database did not finish the work in time; nothing was committed.")
