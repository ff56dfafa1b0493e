"""Records each request that was made with a valid key: its log entry, what it counts and by whom it was refused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from functools import partial
from itertools import islice
from typing import NamedTuple

import structlog

from domain import api_keys, limits, logs, usage
from domain.callers import Caller
from domain.limits import Exceeded
from gateway import entries, limiting
from gateway.entries import Request
from gateway.exchange import Exchange
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable

log = structlog.get_logger()

WAIT_SECONDS = 0.75
RETRY_SECONDS = 1.0
# Each write has SQLite's readers forget their pages, so that many small ones would cost every read.
MOST_AT_ONCE = 2_000
# About ten megabytes; when the database is away for longer, the oldest entries are lost, and nothing else.
MOST_WAITING = 20_000
MOST_REMEMBERED = 10_000
SECONDS_PER_DAY = 86_400
SECONDS_PER_MINUTE = 60

NOT_COUNTED = (304, 429)
# Those who read what is recorded find every request there that was answered before theirs.
READERS = (("logs:read",), ("usage:read",), ("events:read",))
EXPANSION = "logs"


# An account and one of its limits.
Limited = tuple[str, str]


class Batch(NamedTuple):
    """What is written together: requests, requests counted, keys used with the time of it, and limits exceeded."""

    requests: list[Request]
    counted: dict[usage.Key, tuple[int, int]]
    keys: dict[str, api_keys.Use]
    exceeded: dict[Limited, Exceeded]


class Recorder:
    """Gathers records in memory and writes them behind the answers, a second later at most.

    A process that is killed loses what it gathered since. What cannot be written waits, and is bounded; no request
    fails or waits because of it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dropped = 0
        self._requests: deque[Request] = deque()
        self._counted: dict[usage.Key, tuple[int, int]] = {}
        self._keys: dict[str, api_keys.Use] = {}
        self._noted: dict[str, int] = {}
        self._exceeded: dict[Limited, Exceeded] = {}
        self._told: dict[Limited, int] = {}
        self._is_failing = False
        self._timer: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def record(self, exchange: Exchange) -> None:
        """Record a request whose answer is settled; one without an answer was not sent to its end."""
        caller = getattr(exchange, "caller", None)
        if caller is None:
            return
        self._requests.append(entries.request_of(exchange, caller))
        now = exchange.now
        if counts(exchange, caller):
            account_id, mode = caller.scope
            day = now // SECONDS_PER_DAY
            self._count((account_id, mode, day, ""), 1, now)
            operation = getattr(exchange, "operation", None)
            if operation is not None and operation.deprecation is not None:
                self._count((account_id, mode, day, operation.id), 1, now)
        if self._noted.get(caller.key_id) != now // SECONDS_PER_MINUTE:
            self._keys[caller.key_id] = caller.scope, now
        if exchange.standing is not None and not exchange.charged:
            self._note_limit(limiting.exceeded(exchange.standing, exchange.request_id))
        if len(self._requests) >= MOST_AT_ONCE:
            self._hurry()
        if self._timer is None:
            self._wait(WAIT_SECONDS)

    async def flush(self) -> None:
        """Write what was recorded before, unless the database cannot take it now."""
        async with self._writing:
            for _ in range(1 + len(self._requests) // MOST_AT_ONCE):
                batch = self._take()
                if not any(batch) or not await self._write(batch):
                    return

    async def close(self) -> None:
        """Write the rest."""
        if self._timer is not None:
            self._timer.cancel()
        await self.flush()
        if self._timer is not None:
            self._timer.cancel()
        if self._requests:
            log.error("request log lost", entries=len(self._requests))

    def _count(self, key: usage.Key, requests: int, last: int) -> None:
        before = self._counted.get(key)
        self._counted[key] = (requests, last) if before is None else (before[0] + requests, max(before[1], last))

    def _note_limit(self, exceeded: Exceeded | None) -> None:
        """Have an event tell of a limit that a request was refused for, unless one did in the same window."""
        if exceeded is None:
            return
        limited = exceeded.account_id, exceeded.limit_type
        if self._told.get(limited) != exceeded.resets and len(self._exceeded) < MOST_AT_ONCE:
            self._told[limited] = exceeded.resets
            self._exceeded[limited] = exceeded

    def _hurry(self) -> None:
        """Write many entries at once; while the database fails, only the timer tries again."""
        if len(self._requests) > MOST_WAITING:
            self._requests.popleft()
            self.dropped += 1
        if not self._is_failing and not self._writing.locked():
            self._start()

    def _wait(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._start)

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None and not self._task.done():
            self._wait(WAIT_SECONDS)
        else:
            self._task = asyncio.get_running_loop().create_task(self.flush())

    def _take(self) -> Batch:
        requests = list(islice(self._requests, MOST_AT_ONCE))
        for _ in requests:
            self._requests.popleft()
        batch = Batch(requests, self._counted, self._keys, self._exceeded)
        self._counted, self._keys, self._exceeded = {}, {}, {}
        return batch

    async def _write(self, batch: Batch) -> bool:
        """Write a batch; what the database cannot take now is put back, what it refuses is dropped."""
        try:
            await self.database.write(partial(store, batch=batch))
        except (Unavailable, DeadlineExceeded) as error:
            if not self._is_failing:
                log.warning("request log waits", reason=str(error))
            self._is_failing = True
            self._put_back(batch)
            return False
        except Exception:
            self.dropped += len(batch.requests)
            log.exception("request log not written", entries=len(batch.requests))
        if self._is_failing:
            log.warning("request log is written again", dropped=self.dropped)
            self._is_failing = False
        if len(self._noted) > MOST_REMEMBERED:
            self._noted.clear()
        if len(self._told) > MOST_REMEMBERED:
            self._told.clear()
        self._noted |= {key_id: used // SECONDS_PER_MINUTE for key_id, (_, used) in batch.keys.items()}
        return True

    def _put_back(self, batch: Batch) -> None:
        self._requests.extendleft(reversed(batch.requests))
        for key, (requests, last) in batch.counted.items():
            self._count(key, requests, last)
        self._keys = {**batch.keys, **self._keys}
        self._exceeded = {**batch.exceeded, **self._exceeded}
        if self._timer is not None:
            self._timer.cancel()
        self._wait(RETRY_SECONDS)


class Settle:
    """Has everything recorded before it written, where the operation reads records: a request is found at once."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        reads = exchange.operation.scopes in READERS or EXPANSION in exchange.expand
        return self.recorder.flush() if reads else None


def store(tx: Transaction, batch: Batch) -> None:
    """Write a batch in one transaction."""
    logs.store(tx, [entries.entry_of(request) for request in batch.requests])
    usage.add(tx, batch.counted)
    api_keys.touch(tx, batch.keys)
    for _, exceeded in sorted(batch.exceeded.items()):
        limits.tell(tx, exceeded)


def counts(exchange: Exchange, caller: Caller) -> bool:
    """Whether a request is one of the month's: in live mode what was charged for, which the quota is held against.

    In test mode, where nothing is charged, the same holds: neither what had not changed nor the first operation of a
    batch, which is counted with the batch.
    """
    if caller.scope.mode == "live":
        return exchange.charged > 0
    return exchange.answer is not None and exchange.answer.status not in NOT_COUNTED and not exchange.prepaid
