"""What only SQLite has: versions with a bug, a directory for one server, a file that outlives its process."""

import os
from pathlib import Path

import pytest

from storage import sqlite
from storage.database import open_database


@pytest.mark.parametrize(
    ("version", "alone"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 4), False),
    ],
)
def test_versions_that_may_corrupt_are_known(version: tuple[int, int, int], alone: bool) -> None:
    assert sqlite.single_process_only(version) is alone


def test_the_version_in_use_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite.DRIVER, "sqlite_version_info", (3, 40, 1))
    assert sqlite.single_process_only()
    monkeypatch.setattr(sqlite.DRIVER, "sqlite_version_info", (3, 51, 3))
    assert not sqlite.single_process_only()


def test_a_directory_belongs_to_one_server(tmp_path: Path) -> None:
    with sqlite.DirectoryLock(tmp_path):
        with pytest.raises(sqlite.DirectoryInUse) as caught, sqlite.DirectoryLock(tmp_path):
            pass
        message = str(caught.value)
        assert f"process {os.getpid()}" in message
        assert str(tmp_path) in message
        assert "use PostgreSQL" in message
    with sqlite.DirectoryLock(tmp_path):
        pass


def test_releasing_a_directory_twice_is_harmless(tmp_path: Path) -> None:
    lock = sqlite.DirectoryLock(tmp_path)
    lock.release()
    lock.acquire()
    lock.release()
    lock.release()
    with sqlite.DirectoryLock(tmp_path):
        pass


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing, does not exist"):
        open_database(f"sqlite:///{tmp_path / 'missing' / 'storage.db'}")


@pytest.mark.parametrize("query_only", [False, True])
def test_every_connection_has_the_settings_that_matter(tmp_path: Path, query_only: bool) -> None:
    engine = sqlite.make_engine(str(tmp_path / "storage.db"), busy_timeout=1.5, query_only=query_only)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 1_500,
        "query_only": int(query_only),
    }
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected}
    engine.dispose()
    assert found == expected
