"""Records each request that was made with a valid key: its log entry, what it counts and by whom it was refused."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable, Mapping
from functools import partial
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

import structlog

from domain import api_keys, limits, logs, usage
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

# Those who read what is recorded find every request there that was answered before theirs.
READERS = frozenset({("logs:read",), ("usage:read",), ("events:read",)})
EXPANSION = "logs"


# An account and one of its limits.
Limited = tuple[str, str]


class Tally:
    """What requests come to: how many count, with the time of the last, and when each key was last used."""

    def __init__(self) -> None:
        self.counted: dict[usage.Key, tuple[int, int]] = {}
        self.keys: dict[str, api_keys.Use] = {}

    def add(self, requests: Iterable[Request]) -> None:
        """Add requests."""
        # Most come in rows by one caller in one second.
        for (caller, now), row in groupby(requests, attrgetter("caller", "time")):
            self.keys[caller.key_id] = caller.scope, now
            account_id, mode = caller.scope
            counted = entries.counted(row, mode)
            if not counted:
                continue
            self._count((account_id, mode, now // SECONDS_PER_DAY, ""), len(counted), now)
            for operation in counted:
                if operation is not None and operation.deprecation is not None:
                    self._count((account_id, mode, now // SECONDS_PER_DAY, operation.id), 1, now)

    def merge(self, earlier: Tally) -> None:
        """Add what earlier requests came to."""
        for key, (requests, last) in earlier.counted.items():
            self._count(key, requests, last)
        self.keys = {**earlier.keys, **self.keys}

    def _count(self, key: usage.Key, requests: int, last: int) -> None:
        before, latest = self.counted.get(key, (0, last))
        self.counted[key] = before + requests, max(latest, last)


class Batch(NamedTuple):
    """What is written together: requests, what others came to whose entries were lost, and limits exceeded."""

    requests: list[Request]
    lost: Tally
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
        self._lost = Tally()
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
                if not (batch.requests or batch.exceeded) or not await self._write(batch):
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
            self._lost.add([self._requests.popleft()])
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
        batch = Batch(requests, self._lost, self._exceeded)
        self._lost, self._exceeded = Tally(), {}
        return batch

    async def _write(self, batch: Batch) -> bool:
        """Write a batch; what the database cannot take now is put back, what it refuses is dropped."""
        try:
            self._noted |= await self.database.write(partial(store, batch=batch, noted=self._noted))
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
        return True

    def _put_back(self, batch: Batch) -> None:
        self._requests.extendleft(reversed(batch.requests))
        self._lost.merge(batch.lost)
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


def store(tx: Transaction, batch: Batch, noted: Mapping[str, int]) -> dict[str, int]:
    """Write a batch in one transaction, and return in which minute each key was used whose use was written.

    It is written once a minute: `noted` says in which it was.
    """
    logs.store(tx, map(entries.entry_of, batch.requests))
    tally = Tally()
    tally.merge(batch.lost)
    tally.add(batch.requests)
    usage.add(tx, tally.counted)
    minutes = {key_id: used // SECONDS_PER_MINUTE for key_id, (_, used) in tally.keys.items()}
    fresh = {key_id: minute for key_id, minute in minutes.items() if noted.get(key_id) != minute}
    api_keys.touch(tx, {key_id: tally.keys[key_id] for key_id in fresh})
    for _, exceeded in sorted(batch.exceeded.items()):
        limits.tell(tx, exceeded)
    return fresh
