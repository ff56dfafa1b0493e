"""Tells a slow server from a slow disk: a commit can be no faster than the disk that it waits for."""

import os
import threading
import time
from pathlib import Path
from typing import Self

PAUSE = 0.05
BLOCK = b"\0" * 4096


class DiskWatch:
    """Stores one block again and again meanwhile and notes the longest that it took, in seconds."""

    def __init__(self, folder: Path) -> None:
        self.slowest = 0.0
        self._path = folder / "disk-watch"
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._store)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _store(self) -> None:
        with self._path.open("wb", buffering=0) as file:
            while True:
                start = time.perf_counter()
                os.pwrite(file.fileno(), BLOCK, 0)
                os.fdatasync(file.fileno())
                self.slowest = max(self.slowest, time.perf_counter() - start)
                if self._ended.wait(PAUSE):
                    return
