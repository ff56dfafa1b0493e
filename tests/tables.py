"""New databases for tests, on either engine."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from storage import migrations
from tests import engines


@contextlib.contextmanager
def database_url(engine: str) -> Iterator[Callable[[], str]]:
    """A function that makes a database with all tables and no rows and returns its URL."""
    if engine == "postgresql":
        with engines.postgres_server() as started:
            yield lambda: engines.fresh_database_url(started)
        return
    with tempfile.TemporaryDirectory(prefix="databases", dir=engines.memory()) as folder:
        yield lambda: sqlite_url(Path(tempfile.mkdtemp(dir=folder)) / "platform.sqlite")


def sqlite_url(path: Path) -> str:
    """Make a database with all tables and no rows in a file."""
    path.write_bytes(_template())
    return f"sqlite:///{path}"


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite"
        migrations.migrate(f"sqlite:///{path}")
        return path.read_bytes()
