"""What every fault is tried on: a database that outlives its servers, a receiver, and clients that keep them busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.beside import Beside
from tests.faults.load import Load, new_key
from tests.faults.platform import Platform
from tests.receiving import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def platform(fresh_database: Callable[[], str], receiver: Receiver, tmp_path: Path) -> Iterator[Platform]:
    """A database without a server, and clients that do not know yet where one is."""
    url = fresh_database()
    database = Beside(url)
    try:
        yield Platform(url, tmp_path, database, Load(new_key(database), receiver), receiver)
    finally:
        database.close()
