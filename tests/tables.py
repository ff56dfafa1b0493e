"""New databases for tests, on either engine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from storage import migrations
from tests import engines


@contextlib.contextmanager
def database_url(engine: str, folders: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """A function that makes a database with all tables and no rows and returns its URL."""
    if engine == "postgresql":
        with engines.postgres_server() as started:
            yield lambda: engines.fresh_database_url(started)
        return

    def make() -> str:
        url = f"sqlite:///{folders.mktemp('database') / 'platform.sqlite'}"
        migrations.migrate(url)
        return url

    yield make
