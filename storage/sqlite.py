"""SQLite: one process, reads on the event loop, one writer thread."""

import asyncio
import fcntl
import importlib
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType, NoneType, TracebackType
from typing import Any, TypeVar

import orjson
import sqlalchemy
from sqlalchemy.pool import QueuePool

from storage.database import LeaveLoop, Transaction, Unavailable, check_deadline
from storage.group_commit import Writer

T = TypeVar("T")
Version = tuple[int, int, int]

log = logging.getLogger(__name__)


def _find_driver() -> ModuleType:
    try:
        return importlib.import_module("pysqlite3")
    except ImportError:
        return importlib.import_module("sqlite3")


# The one SQLite library of this process: two of them on one file would undo each other's locks, as a POSIX lock
# belongs to the process and goes when either closes the file.
DRIVER = _find_driver()


def _as_it_is(value: T) -> T:
    return value


# The driver asks of every value that is no string or number what adapts it, and where nothing does it raises and
# catches two exceptions: an INSERT spends half of its time on its NULLs.
for _kind in (NoneType, bytes):
    DRIVER.register_adapter(_kind, _as_it_is)

_SLOW_READERS = 2
_BUSY, _LOCKED, _READONLY, _IOERR, _FULL, _CANTOPEN = 5, 6, 8, 10, 13, 14
_REASONS = {
    _BUSY: ("The database is locked by another writer.", 1),
    _LOCKED: ("The database is locked by another writer.", 1),
    _READONLY: ("The database cannot be written to.", 30),
    _IOERR: ("The disk of the database reports an error.", 30),
    _FULL: ("The disk of the database is full.", 30),
    _CANTOPEN: ("The database file cannot be opened.", 30),
}


def single_process_only(version: Version | None = None) -> bool:
    """Whether this SQLite may corrupt a file that two processes write to (the WAL-reset bug of 3.7.0 to 3.51.2)."""
    found = version or DRIVER.sqlite_version_info
    fixed_here = found[:2] in ((3, 44), (3, 50)) and found >= {44: (3, 44, 6), 50: (3, 50, 7)}[found[1]]
    return (3, 7, 0) <= found < (3, 51, 3) and not fixed_here


def make_engine(path: str, *, busy_timeout: float = 5.0, query_only: bool = False) -> sqlalchemy.Engine:
    """Make an engine on the file; every connection to SQLite in this process comes from here.

    Nothing begins a transaction by itself: each statement stands alone until someone executes BEGIN.
    """
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"The folder of the database, {folder}, does not exist. Create it first.")
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=path),
        module=DRIVER,
        paramstyle="named",
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        poolclass=QueuePool,
        pool_size=_SLOW_READERS + 1,
        max_overflow=0,
        connect_args={"check_same_thread": False, "isolation_level": None, "timeout": busy_timeout},
    )

    @sqlalchemy.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        # NORMAL would lose the last commits when the power fails, acknowledged creates among them.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -20000")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")

    return engine


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _code(error: BaseException) -> int | None:
    original = getattr(error, "orig", None) or error
    # Extended codes carry the kind of error in their low byte.
    return original.sqlite_errorcode & 0xFF if isinstance(original, DRIVER.OperationalError) else None


def _translate(error: BaseException) -> BaseException:
    reason = _REASONS.get(_code(error) or 0)
    if reason is None:
        return error
    translated = Unavailable(*reason)
    translated.__cause__ = error
    return translated


class SqliteDatabase:
    """One SQLite file, used by this process alone."""

    def __init__(self, path: str, *, deadline: float, busy_timeout: float) -> None:
        if single_process_only():
            log.warning(
                "SQLite %s can corrupt a file that two processes write to. Serve it from one process, or install "
                "pysqlite3, which brings a SQLite of 3.51.3 or newer.",
                DRIVER.sqlite_version,
            )
        self._deadline = deadline
        self._write_engine = make_engine(path, busy_timeout=busy_timeout)
        self._writer = Writer(self._write_engine.connect(), deadline, _translate)
        self._read_engine = make_engine(path, busy_timeout=busy_timeout, query_only=True)
        self._reader = self._read_engine.connect().execution_options(on_event_loop=True)
        self._reader.exec_driver_sql("PRAGMA busy_timeout = 0")
        self._slow_readers = ThreadPoolExecutor(_SLOW_READERS, thread_name_prefix="sqlite-reader")

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` here and now, or in a thread when it asks for that or would have to wait for a lock."""
        try:
            return unit(self._reader)
        except LeaveLoop:
            pass
        except (DRIVER.OperationalError, sqlalchemy.exc.OperationalError) as error:
            if _code(error) not in (_BUSY, _LOCKED):
                translated = _translate(error)
                raise translated from translated.__cause__
        loop = asyncio.get_running_loop()
        expires = time.monotonic() + self._deadline
        return await loop.run_in_executor(self._slow_readers, self._read_slowly, unit, expires)

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run `unit` in the writer thread; returns once it is committed and synced."""
        return await self._writer.write(unit)

    async def ping(self) -> None:
        """Raise Unavailable when the file cannot be read."""
        await self.read(lambda tx: tx.exec_driver_sql("SELECT 1 FROM sqlite_schema LIMIT 1").all())

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        await self._writer.close()
        await asyncio.to_thread(self._slow_readers.shutdown)
        self._reader.close()
        self._writer.connection.close()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _read_slowly(self, unit: Callable[[Transaction], T], expires: float) -> T:
        try:
            check_deadline(expires)
            with self._read_engine.connect() as connection:
                value = unit(connection)
            check_deadline(expires)
        except (DRIVER.OperationalError, sqlalchemy.exc.OperationalError) as error:
            translated = _translate(error)
            raise translated from translated.__cause__
        return value


class DirectoryInUse(Exception):
    """Another server has the data directory."""


class DirectoryLock:
    """Holds a data directory for one server: an flock on its `.lock`, which the system drops when the process ends."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory)
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the directory or raise DirectoryInUse at once."""
        descriptor = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip() or "unknown"
            os.close(descriptor)
            raise DirectoryInUse(
                f"Another server (process {holder}) has the data directory {self._directory}. Stop it, or give this "
                "one a directory of its own. To serve one database from several processes, use PostgreSQL."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the directory back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "DirectoryLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
