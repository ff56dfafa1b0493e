"""A server's database, reached beside the server over connections that stay open between tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from storage import database
from storage.database import Transaction

T = TypeVar("T")

# Seconds: how long a lock is waited for, and how long a statement may take.
PATIENCE = 30.0


class Beside:
    """Runs units of work on a database that a server has open."""

    def __init__(self, url: str) -> None:
        location = database.parse(url)
        self._is_sqlite = location.drivername == "sqlite"
        if self._is_sqlite:
            from storage import sqlite

            self._engine = sqlite.make_engine(str(location.database), busy_timeout=PATIENCE)
        else:
            from storage import postgres

            self._engine = postgres.make_engine(location, deadline=PATIENCE, busy_timeout=PATIENCE)

    def read(self, unit: Callable[[Transaction], T]) -> T:
        """What a unit of work finds."""
        return self._run("BEGIN", unit)

    def write(self, unit: Callable[[Transaction], T]) -> T:
        """Commit what a unit of work does, and return what it returns."""
        return self._run("BEGIN IMMEDIATE", unit)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _run(self, begin: str, unit: Callable[[Transaction], T]) -> T:
        with self._engine.connect() as connection, connection.begin():
            if self._is_sqlite:
                connection.exec_driver_sql(begin)
            return unit(connection)
