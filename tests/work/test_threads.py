"""Threads: some at once, and what takes too long is not waited for."""

from __future__ import annotations

import asyncio
import threading
from typing import NoReturn

import pytest

from work.threads import Crowded, Threads


def test_what_a_function_returns_or_raises_comes_back() -> None:
    async def scenario() -> None:
        threads = Threads(2, 2)
        ended = await threads.run(lambda: (threading.current_thread(), "value"), 10)
        assert ended.error is None
        assert ended.value is not None
        assert ended.value[0] is not threading.main_thread()
        assert ended.duration_us >= 0

        def leaves() -> NoReturn:
            raise SystemExit(3)

        failed = await threads.run(leaves, 10)
        assert isinstance(failed.error, SystemExit)

    asyncio.run(scenario())


def test_so_many_run_at_once() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    async def scenario() -> None:
        threads = Threads(3, 2)
        await asyncio.gather(*(threads.run(work, 10) for _ in range(12)))

    asyncio.run(scenario())
    assert most == 3


def test_what_takes_too_long_is_given_up_but_counted() -> None:
    let_go = threading.Event()

    async def scenario() -> None:
        threads = Threads(1, 2)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await threads.run(lambda: let_go.wait(30), 0.01)
        with pytest.raises(Crowded):
            await threads.run(lambda: 1, 10)
        let_go.set()
        while True:
            try:
                assert (await threads.run(lambda: 1, 10)).value == 1
                break
            except Crowded:
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
