"""Records each request that was made with a valid key: its log entry, what it counts and by whom it was refused."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable
from functools import partial
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote_plus

import structlog

from contract.middleware import Scope
from domain import api_keys, limits, logs, usage
from domain.callers import Caller
from domain.limits import Exceeded
from gateway import limiting
from gateway.exchange import Exchange
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable

log = structlog.get_logger()

WAIT_SECONDS = 0.25
RETRY_SECONDS = 1.0
MOST_AT_ONCE = 500
# About ten megabytes; when the database is away for longer, the oldest entries are lost, and nothing else.
MOST_WAITING = 20_000
MOST_REMEMBERED = 10_000
SECONDS_PER_DAY = 86_400
SECONDS_PER_MINUTE = 60
LONGEST_PATH = 2_000
LONGEST_ID = 64

LEVELS = {2: "info", 3: "info", 4: "warning", 5: "error"}
NOT_COUNTED = (304, 429)
# Those who read what is recorded find every request there that was answered before theirs.
READERS = (("logs:read",), ("usage:read",), ("events:read",))
EXPANSION = "logs"
HIDDEN = "[hidden]"
KEY = re.compile(r"sk_(?:live|test)_[0-9A-Za-z]*", re.IGNORECASE)
KEY_PARAMETER = "api_key"


# An account and one of its limits.
Limited = tuple[str, str]


class Batch(NamedTuple):
    """What is written together: entries, requests counted, keys used with the time of it, and limits exceeded."""

    entries: list[logs.Entry]
    counted: dict[usage.Key, tuple[int, int]]
    keys: dict[str, api_keys.Use]
    exceeded: dict[Limited, Exceeded]


class Recorder:
    """Gathers records in memory and writes them behind the answers, a quarter of a second later at most.

    A process that is killed loses what it gathered since. What cannot be written waits, and is bounded; no request
    fails or waits because of it.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dropped = 0
        self._entries: deque[logs.Entry] = deque()
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
        answer = exchange.answer
        self._entries.append(entry_of(exchange, caller, None if answer is None else answer.status))
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
        if exchange.standing is not None:
            self._note_limit(limiting.exceeded(exchange.standing, exchange.request_id))
        if len(self._entries) >= MOST_AT_ONCE:
            self._hurry()
        if self._timer is None:
            self._wait(WAIT_SECONDS)

    async def flush(self) -> None:
        """Write what was recorded before, unless the database cannot take it now."""
        async with self._writing:
            for _ in range(1 + len(self._entries) // MOST_AT_ONCE):
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
        if self._entries:
            log.error("request log lost", entries=len(self._entries))

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
        if len(self._entries) > MOST_WAITING:
            self._entries.popleft()
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
        entries = list(islice(self._entries, MOST_AT_ONCE))
        for _ in entries:
            self._entries.popleft()
        batch = Batch(entries, self._counted, self._keys, self._exceeded)
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
            self.dropped += len(batch.entries)
            log.exception("request log not written", entries=len(batch.entries))
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
        self._entries.extendleft(reversed(batch.entries))
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
    logs.store(tx, batch.entries)
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


def entry_of(exchange: Exchange, caller: Caller, status: int | None) -> logs.Entry:
    """The entry of a request, as a tuple: an object for each would cost as much as all the rest of it.

    Its message is empty: it is made of the rest when it is read.
    """
    operation = getattr(exchange, "operation", None)
    match = getattr(exchange, "match", None)
    values = () if match is None else match.values
    return (
        *caller.scope,
        exchange.request_id.removeprefix(logs.PREFIXES["request"]),
        exchange.now,
        "request",
        "warning" if status is None else LEVELS[status // 100],
        "",
        exchange.scope["method"],
        shown_path(exchange.scope),
        None if operation is None else operation.id,
        status,
        int((time.perf_counter() - exchange.started) * 1_000_000),
        exchange.version,
        caller.key_id,
        caller.key_prefix,
        exchange.error_code,
        exchange.limiter,
        exchange.idempotency,
        values[0] if values and is_resource_id(values[0]) else None,
        None,
    )


def is_resource_id(value: str) -> bool:
    """Whether a value of a path has the form of a resource's id."""
    return value.startswith("res_") and value[4:].isalnum() and len(value) <= LONGEST_ID


def shown_path(scope: Scope) -> str:
    """The path and the query string as they were sent, without anything that is or looks like an API key."""
    query = scope["query_string"]
    raw = scope.get("raw_path") or scope["path"].encode()
    path = (raw + b"?" + query if query else raw).decode("utf-8", "replace")
    # Most have no sign of a key, and are not taken apart.
    lowered = path.lower()
    if "sk_" in lowered or "%" in lowered or KEY_PARAMETER in lowered:
        path = without_keys(path)
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def without_keys(path: str) -> str:
    """A path and query string with each API key and each value of `api_key` hidden, however it is encoded."""
    place, mark, query = path.partition("?")
    segments = "/".join(hidden(segment) for segment in place.split("/"))
    return segments + mark + "&".join(hidden(pair) for pair in query.split("&"))


def hidden(text: str) -> str:
    """A segment of a path or a pair of a query string with its key hidden."""
    name, equals, _ = text.partition("=")
    if equals and KEY_PARAMETER in unquote_plus(name).lower():
        return f"{name}={HIDDEN}"
    found = KEY.sub(HIDDEN, text)
    return HIDDEN if KEY.search(unquote_plus(found)) else found
