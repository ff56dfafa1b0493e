"""Every test here that takes a database runs on both engines."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from storage.database import Database, open_database
from storage.tables import metadata
from tests import engines, tables


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_name" in metafunc.fixturenames:
        metafunc.parametrize("engine_name", ["sqlite", "postgresql"])


@pytest.fixture(scope="session")
def storage_server() -> Iterator[str]:
    with engines.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def one_postgres_database(storage_server: str) -> str:
    return engines.fresh_database_url(storage_server)


@pytest.fixture
def postgres_url(one_postgres_database: str) -> str:
    """The one database of this run on PostgreSQL, emptied: a new one would be seven megabytes for each test."""
    with psycopg.connect(one_postgres_database, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY".encode())
    return one_postgres_database


@pytest.fixture
def empty_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if engine_name == "sqlite":
        return f"sqlite:///{tmp_path / 'storage.db'}"
    return engines.empty_database_url(request.getfixturevalue("storage_server"))


@pytest.fixture
def url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with every table and no rows."""
    if engine_name == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return tables.sqlite_url(tmp_path / "storage.db")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    asyncio.run(opened.close())
