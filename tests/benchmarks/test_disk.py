import os
import threading
from pathlib import Path

import pytest

from benchmarks import disk


def test_the_slowest_store_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, enough = [0.0, 0.03, 0.0], threading.Event()

    def slow(_: int) -> None:
        enough.wait(stored.pop(0))
        if not stored:
            enough.set()
            stored.append(0.0)

    monkeypatch.setattr(disk, "PAUSE", 0.0)
    monkeypatch.setattr(os, "fdatasync", slow)
    with disk.DiskWatch(tmp_path) as watch:
        assert enough.wait(30)
    assert watch.slowest >= 0.03


def test_a_watch_stores_once_at_least(tmp_path: Path) -> None:
    with disk.DiskWatch(tmp_path) as watch:
        pass
    assert watch.slowest > 0
    assert (tmp_path / "disk-watch").stat().st_size == len(disk.BLOCK)
