"""What the log keeps of a request, without anything that is or looks like an API key."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_plus

from contract.operation import Operation
from domain import logs
from domain.callers import Caller
from gateway.exchange import Exchange

LEVELS = {2: "info", 3: "info", 4: "warning", 5: "error"}
NOT_COUNTED = (304, 429)
SUCCESSES = range(200, 300)
LONGEST_PATH = 2_000
LONGEST_ID = 64
HIDDEN = "[hidden]"
KEY = re.compile(r"sk_(?:live|test)_[0-9A-Za-z]*", re.IGNORECASE)
KEY_PARAMETER = "api_key"
PREFIX = logs.PREFIXES["request"]


class Request(NamedTuple):
    """What is known of a request. Its entry is made when many are written: one by one that costs several times as much.

    `status` is None where the request was not sent to its end; `values` are those of its path, or the id of what it
    created. `charged` and `prepaid` are those of the exchange.
    """

    caller: Caller
    id: str
    time: int
    method: str
    path: bytes
    query: bytes
    operation: Operation | None
    status: int | None
    seconds: float
    version: str
    error_code: str | None
    limiter: str
    idempotency: str
    values: tuple[str, ...]
    charged: int
    prepaid: bool


def request_of(exchange: Exchange, caller: Caller) -> Request:
    """What is known of a request that ends."""
    scope, answer = exchange.scope, exchange.answer
    operation = getattr(exchange, "operation", None)
    match = getattr(exchange, "match", None)
    values = () if match is None else match.values
    # What was not committed after all was not created.
    if exchange.created and not values and answer is not None and answer.status in SUCCESSES:
        values = exchange.created
    known = (
        caller,
        exchange.request_id,
        exchange.now,
        scope["method"],
        scope.get("raw_path") or scope["path"].encode(),
        scope["query_string"],
        operation,
        None if answer is None else answer.status,
        time.perf_counter() - exchange.started,
        exchange.version,
        exchange.error_code,
        exchange.limiter,
        exchange.idempotency,
        values,
        exchange.charged,
        exchange.prepaid,
    )
    # What the class does when it is called, without a function in Python between: every request comes by here.
    return tuple.__new__(Request, known)


def counted(requests: Iterable[Request], mode: str) -> list[Operation | None]:
    """The operations of those requests that are of the month: in live mode of what the quota is held against.

    In test mode, where nothing is charged, the same holds: neither what had not changed nor the first operation of a
    batch, which is counted with the batch.
    """
    if mode == "live":
        return [request.operation for request in requests if request.charged > 0]
    return [
        request.operation
        for request in requests
        if request.status is not None and request.status not in NOT_COUNTED and not request.prepaid
    ]


def entry_of(request: Request) -> logs.Entry:
    """The entry of a request, as a tuple: an object for each would cost as much as all the rest of it."""
    (
        caller,
        request_id,
        now,
        method,
        path,
        query,
        operation,
        status,
        seconds,
        version,
        error_code,
        limiter,
        idempotency,
        values,
        _charged,
        _prepaid,
    ) = request
    return (
        *caller.scope,
        request_id.removeprefix(PREFIX),
        now,
        "warning" if status is None else LEVELS[status // 100],
        method,
        shown_path(path, query),
        None if operation is None else operation.id,
        status,
        int(seconds * 1_000_000),
        version,
        caller.key_id,
        caller.key_prefix,
        error_code,
        limiter,
        idempotency,
        values[0] if values and is_resource_id(values[0]) else None,
    )


def is_resource_id(value: str) -> bool:
    """Whether a value of a path has the form of a resource's id."""
    return value.startswith("res_") and value[4:].isalnum() and len(value) <= LONGEST_ID


def shown_path(raw_path: bytes, query: bytes) -> str:
    """The path and the query string as they were sent, without anything that is or looks like an API key."""
    path = (raw_path + b"?" + query if query else raw_path).decode("utf-8", "replace")
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
