"""Functions in threads: some at once, and none is waited for longer than it may take."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Crowded(Exception):
    """Too many threads go on that nobody waits for any more."""


class Ended(NamedTuple, Generic[T]):
    """What a function returned or raised, and how long it took, in microseconds."""

    value: T | None
    error: BaseException | None
    duration_us: int


class Threads:
    """Runs each function in a thread of its own, `at_once` of them at the same time.

    A thread cannot be ended. One that takes too long is given up and gets company, but no more than `abandoned` of
    them: then nothing is begun until one comes to its end. They do not keep the process from ending.
    """

    def __init__(self, at_once: int, abandoned: int) -> None:
        self._slots = asyncio.Semaphore(at_once)
        self._most = abandoned
        self._abandoned = 0

    async def run(self, function: Callable[[], T], seconds: float) -> Ended[T]:
        """Run a function; raises TimeoutError when it takes longer, which does not end it, and Crowded."""
        async with self._slots:
            if self._abandoned >= self._most:
                raise Crowded
            loop = asyncio.get_running_loop()
            ended: asyncio.Future[Ended[T]] = loop.create_future()

            def thread() -> None:
                value, error = None, None
                began = time.perf_counter_ns()
                try:
                    value = function()
                except BaseException as raised:  # noqa: BLE001 - whatever it raises is what came of it
                    error = raised
                outcome = Ended(value, error, (time.perf_counter_ns() - began) // 1000)
                # The loop may be closed by then.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(ended.set_result, outcome)

            threading.Thread(target=thread, name="processor", daemon=True).start()
            try:
                await asyncio.wait([ended], timeout=seconds)
            finally:
                if not ended.done():
                    self._abandoned += 1
                    ended.add_done_callback(self._came_back)
            if not ended.done():
                raise TimeoutError
            return ended.result()

    def _came_back(self, _: object) -> None:
        self._abandoned -= 1
