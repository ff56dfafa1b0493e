"""Fills a database of ours in bulk, with more resources than anyone would create over the API."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.peers import rows
from storage import database, postgres, sqlite

PATIENCE = 600.0
# Names are spread over the alphabet as those of customers are, so that their index grows everywhere and not at its end.
ADD = sa.text(f"""
    INSERT INTO resources (
        id, account_id, mode, created, updated, version, name, type, status, timeout_ms, retry_count, batch_size,
        rate_limit, metadata, steps_completed, estimated_completion, executions, failed_executions, paced_until_us,
        queued_until_us
    )
    WITH RECURSIVE numbers (number) AS (
        SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < :count - 1
    ),
    made (number, id, name) AS (
        SELECT number, CAST(number AS TEXT), CAST({rows.SPREAD} * number % {rows.NAMES} AS TEXT) FROM numbers
    )
    SELECT
        'res_' || substr('{"0" * 26}' || id, 1 + length(id)), :account_id, CAST(:mode AS TEXT),
        :first + number, :first + number, 1,
        'Benchmark ' || substr('{"0" * 10}' || name, 1 + length(name)), 'production',
        CASE number % 4 WHEN 0 THEN 'pending' WHEN 1 THEN 'paused' ELSE 'active' END,
        5000, 3, 100, 1000, '{{}}', 2, :first + number + 30, 0, 0, 0, 0
    FROM made
""")
COUNT = sa.text("""
    INSERT INTO counters (account_id, mode, kind, status, count)
    SELECT account_id, mode, 'resource', status, count(*) FROM resources
    WHERE account_id = :account_id GROUP BY account_id, mode, status
""")
# A rebuilt index would be packed to the full, and the first insert into each of its pages split it.
FASTER = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000")


def add_resources(url: str, account_id: str, count: int, mode: str = "live") -> list[str]:
    """Store `count` resources of an account that has none, while no server has the database; the ids, oldest first."""
    values = {"account_id": account_id, "count": count, "first": rows.FIRST_SECOND, "mode": mode}
    with _connection(url, FASTER) as connection:
        connection.execute(ADD, values)
        connection.execute(COUNT, values)
    _settle(url)
    return [rows.identifier(number) for number in range(count)]


def copy(source: str, target: str) -> None:
    """Copy an SQLite database page by page; the folder of the target is made."""
    found, wanted = (Path(str(database.parse(url).database)) for url in (source, target))
    wanted.parent.mkdir()
    with (
        contextlib.closing(sqlite.DRIVER.connect(str(found))) as old,
        contextlib.closing(sqlite.DRIVER.connect(str(wanted))) as new,
    ):
        old.backup(new)


@contextlib.contextmanager
def database_on(server: str, name: str) -> Iterator[str]:
    """A new database on a PostgreSQL server, which is gone afterwards; `server` is the URL of any database there."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield sa.make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _settle(url: str) -> None:
    """Leave nothing to do later: SQLite's pages are on the disk, PostgreSQL has statistics."""
    location = database.parse(url)
    if location.drivername != "sqlite":
        plain = location.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE resources")
            connection.execute("CHECKPOINT")
        return
    with Path(str(location.database)).open("rb") as file:
        os.fsync(file.fileno())


def warm(url: str) -> None:
    """Bring an SQLite database into the system's cache: how fast the disk reads is not what is compared."""
    location = database.parse(url)
    if location.drivername == "sqlite":
        with Path(str(location.database)).open("rb") as file:
            while file.read(1 << 20):
                pass


@contextlib.contextmanager
def _connection(url: str, pragmas: Sequence[str] = ()) -> Iterator[sa.Connection]:
    """A transaction on either engine, with SQLite set up as `pragmas` say."""
    location = database.parse(url)
    if location.drivername == "sqlite":
        engine = sqlite.make_engine(str(location.database))
    else:
        engine = postgres.make_engine(location, deadline=PATIENCE, busy_timeout=PATIENCE)
    try:
        with engine.connect() as connection:
            for pragma in pragmas if connection.dialect.name == "sqlite" else ():
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql("BEGIN")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()
