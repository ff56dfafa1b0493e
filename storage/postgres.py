"""PostgreSQL: many processes, each with a few threads that have a connection each."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import orjson
import psycopg
import sqlalchemy

from storage.database import DeadlineExceeded, Transaction, Unavailable, check_deadline

T = TypeVar("T")

# More threads per process worsen the slowest answers; more processes do not.
THREADS = 4
CAPACITY = 1_000
ATTEMPTS = 3

_SERIALIZATION_FAILURE, _DEADLOCK = "40001", "40P01"
_SHUTDOWN = ("57P01", "57P02", "57P03")


def make_engine(url: sqlalchemy.URL, *, deadline: float, busy_timeout: float) -> sqlalchemy.Engine:
    """Make an engine whose statements end after `deadline` and wait `busy_timeout` for a lock, both in seconds."""
    return sqlalchemy.create_engine(
        url,
        isolation_level="READ COMMITTED",
        skip_autocommit_rollback=True,
        pool_size=THREADS,
        max_overflow=0,
        pool_timeout=busy_timeout,
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        connect_args={
            "connect_timeout": max(2, round(busy_timeout)),
            "options": f"-c statement_timeout={round(deadline * 1000)} -c lock_timeout={round(busy_timeout * 1000)}",
        },
    )


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


class PostgresDatabase:
    """One PostgreSQL database, shared with other processes."""

    def __init__(self, url: sqlalchemy.URL, *, deadline: float, busy_timeout: float) -> None:
        self._deadline = deadline
        self._engine = make_engine(url, deadline=deadline, busy_timeout=busy_timeout)
        # A statement that stands alone needs one round trip instead of three.
        self._read_engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="postgres")
        self._waiting = 0

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` in a thread, and once more when the connection turns out to be lost."""
        return await self._submit(self._read, unit)

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` in a transaction in a thread, again when PostgreSQL had to end it in favour of another."""
        return await self._submit(self._write, unit)

    async def ping(self) -> None:
        """Raise Unavailable when the server does not answer."""
        await self.read(lambda tx: tx.exec_driver_sql("SELECT 1").all())

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    async def _submit(
        self, run: Callable[[Callable[[Transaction], T], float], T], unit: Callable[[Transaction], T]
    ) -> T:
        if self._waiting >= CAPACITY:
            raise Unavailable(f"More than {CAPACITY} requests are waiting for the database.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, run, unit, time.monotonic() + self._deadline)
        except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            translated = _translate(error)
            raise translated from translated.__cause__
        finally:
            self._waiting -= 1

    def _read(self, unit: Callable[[Transaction], T], expires: float) -> T:
        try:
            return self._read_once(unit, expires)
        except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            if not _is_lost(error):
                raise
        return self._read_once(unit, expires)

    def _read_once(self, unit: Callable[[Transaction], T], expires: float) -> T:
        check_deadline(expires)
        with _connect(self._read_engine) as connection:
            value = unit(connection)
        check_deadline(expires)
        return value

    def _write(self, unit: Callable[[Transaction], T], expires: float) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return self._write_once(unit, expires)
            except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError) as error:
                if _sqlstate(error) not in (_SERIALIZATION_FAILURE, _DEADLOCK):
                    raise
        return self._write_once(unit, expires)

    def _write_once(self, unit: Callable[[Transaction], T], expires: float) -> T:
        check_deadline(expires)
        with _connect(self._engine) as connection, connection.begin():
            value = unit(connection)
            check_deadline(expires)
        return value


@contextlib.contextmanager
def _connect(engine: sqlalchemy.Engine) -> Iterator[Transaction]:
    with engine.connect() as connection:
        try:
            yield connection
        except BaseException as error:
            if _is_lost(error) and not connection.invalidated:
                # Seeing for itself that the connection is lost, SQLAlchemy drops every older one of the pool too.
                with contextlib.suppress(sqlalchemy.exc.SQLAlchemyError):
                    connection.exec_driver_sql("SELECT 1")
            raise


def _original(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _sqlstate(error: BaseException) -> str | None:
    original = _original(error)
    return original.sqlstate if isinstance(original, psycopg.Error) else None


def _is_lost(error: BaseException) -> bool:
    state = _sqlstate(error)
    return isinstance(_original(error), psycopg.OperationalError) and (
        state is None or state.startswith("08") or state in _SHUTDOWN
    )


def _translate(error: BaseException) -> BaseException:
    original = _original(error)
    translated: Exception
    if isinstance(original, psycopg.errors.QueryCanceled):
        translated = DeadlineExceeded("The database did not finish the work in time; nothing was committed.")
    elif isinstance(original, psycopg.errors.LockNotAvailable):
        translated = Unavailable("The database is locked by another writer.")
    elif isinstance(original, psycopg.errors.DiskFull):
        translated = Unavailable("The disk of the database is full.", 30)
    elif isinstance(original, (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)):
        translated = Unavailable("The database had to end the work in favour of another.")
    elif isinstance(original, psycopg.errors.ReadOnlySqlTransaction):
        translated = Unavailable("The database cannot be written to.", 30)
    elif isinstance(original, (psycopg.OperationalError, sqlalchemy.exc.TimeoutError)):
        translated = Unavailable("The database is out of reach.", 5)
    else:
        return error
    translated.__cause__ = error
    return translated
