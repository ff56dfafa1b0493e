"""Batches: each operation goes through the stages as a request of its own, or all of them in one transaction."""

from __future__ import annotations

import asyncio
import hashlib
import string
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import orjson

from contract.problems import Fault, Problem
from domain.batch import Outcome, Outcomes
from domain.refusals import Refusal
from gateway import execution, pipeline
from gateway.exchange import Answer, Exchange
from gateway.execution import JSON, KEY_FIELD, Execute
from gateway.pipeline import Pipeline
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable

LONGEST_PATH = 8192
# What the headers of the batch say about the client, and not about the batch.
INHERITED = (b"authorization", b"host", b"user-agent")


class Batch:
    """Runs the operations of a batch, and leaves every other request to the next stage.

    `deadline` is in seconds: what has not begun by then is not begun.
    """

    def __init__(self, opened: Database, execute: Execute, serving: Callable[[], Pipeline], deadline: float) -> None:
        self.database = opened
        self.execute = execute
        self.serving = serving
        self.deadline = deadline

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        if exchange.nested:
            admit(exchange)
        elif exchange.operation.is_batch:
            return self._run(exchange)
        return None

    async def _run(self, exchange: Exchange) -> None:
        key = execution.idempotency_key(exchange)
        operations = exchange.arguments["body"]["operations"]
        if key is not None:
            refuse_own_key(operations, key)
            exchange.answer = await self.database.read(partial(self.execute.recall, exchange))
            if exchange.answer is not None:
                return
        expires = time.monotonic() + self.deadline
        atomic = exchange.arguments["body"]["atomic"]
        inner = []
        for index, operation in enumerate(operations):
            nested = nest(exchange, operation, None if atomic or key is None else derived(key, index))
            nested.prepaid, nested.expires = index == 0, expires
            inner.append(nested)
        run = self._run_together if atomic else self._run_each
        exchange.answer = await run(exchange, inner)

    async def _run_each(self, exchange: Exchange, inner: Sequence[Exchange]) -> Answer:
        """Run the operations one after the other, each in its own transaction."""
        began = time.monotonic()
        for each in inner:
            await take_turns()
            each.started = time.perf_counter()
            await self.serving().respond(each)
        outcomes = outcomes_of(inner, began)
        if execution.idempotency_key(exchange) is not None and not any(map(passes, outcomes.results)):
            exchange.outcomes = lambda _: outcomes
            try:
                return await self.database.write(partial(self.execute.run, exchange))
            except (Refusal, Unavailable, DeadlineExceeded):
                # The answer cannot be kept, but the operations have run, and a repeat does none of them again.
                pass
        return self.execute.sum_up(exchange, outcomes)

    async def _run_together(self, exchange: Exchange, inner: Sequence[Exchange]) -> Answer:
        """Run the operations in one transaction, which is rolled back when one of them fails."""
        began = time.monotonic()
        for each in inner:
            await take_turns()
            await self.serving().respond(each, last=self)
        # Those that failed on the way through the stages are recorded already.
        waiting = [each for each in inner if each.answer is None]
        if not any(map(failed, inner)):
            together = Together(self.execute, inner, began)
            exchange.outcomes = together.run
            try:
                given = await self.database.write(partial(self.execute.run, exchange))
            except (Unavailable, DeadlineExceeded):
                raise
            except Exception as error:  # rendered as the operation's answer
                if together.running is None:
                    raise
                problem = pipeline.problem_of(error, together.running)
                together.running.answer = self.serving().refuse(together.running, problem)
            else:
                self._close(waiting)
                for each in waiting:
                    self.execute.follow_up(each)
                return given
        for each in inner:
            if not failed(each):
                each.answer = self.serving().refuse(each, Problem("batch_rolled_back"))
        self._close(waiting)
        return self.execute.sum_up(exchange, outcomes_of(inner, began))

    def _close(self, settled: Sequence[Exchange]) -> None:
        for each in settled:
            self.serving().close(each)


class Together:
    """The operations of a batch in one transaction; `running` is the one that is at it."""

    def __init__(self, execute: Execute, inner: Sequence[Exchange], began: float) -> None:
        self.execute = execute
        self.inner = inner
        self.waiting = [each for each in inner if each.answer is None]
        self.began = began
        self.running: Exchange | None = None

    def run(self, tx: Transaction) -> Outcomes:
        """Run all; raises what the first that fails raises. It may be called again after a rollback."""
        for each in self.waiting:
            self.running = each
            each.started = time.perf_counter()
            if time.monotonic() > each.expires:
                raise DeadlineExceeded("The operations of the batch took too long; nothing was committed.")
            each.answer = self.execute.run(each, tx)
        self.running = None
        return outcomes_of(self.inner, self.began)


async def take_turns() -> None:
    """Let other requests have the event loop, since reads on SQLite wait for nothing."""
    await asyncio.sleep(0)


def admit(nested: Exchange) -> None:
    """Refuse an operation that a batch cannot have, and one that its deadline has overtaken."""
    if nested.operation.is_batch:
        raise Problem.of([Fault("body", ("path",), "unknown_value", "must not be that of a batch")])
    if nested.operation.success.is_download:
        raise Problem.of([Fault("body", ("path",), "unknown_value", "must not be that of a download")])
    if len(nested.scope["raw_path"]) + len(nested.scope["query_string"]) > LONGEST_PATH:
        raise Problem.of([Fault("body", ("path",), "too_long", f"must be at most {LONGEST_PATH} characters")])
    if time.monotonic() > nested.expires:
        raise Problem("timeout", "The batch took too long; this operation was not begun.")


def refuse_own_key(operations: Sequence[Mapping[str, Any]], key: str) -> None:
    """Refuse operations with the batch's own key, which would be in the way of keeping its answer."""
    faults = []
    for index, operation in enumerate(operations):
        for holder, path in ((operation, ()), (operation.get("body", {}), ("body",))):
            given = holder.get(KEY_FIELD)
            if isinstance(given, str) and execution.unquoted(given) == key:
                where = ("operations", index, *path, KEY_FIELD)
                faults.append(Fault("body", where, "duplicate", "must not be the key of the batch"))
    if faults:
        raise Problem.of(faults)


def derived(key: str, index: int) -> str:
    """The idempotency key of an operation that has none of its own, in a batch that has one."""
    return f"batch-{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}-{index}"


def nest(outer: Exchange, operation: Mapping[str, Any], key: str | None) -> Exchange:
    """The request that an operation stands for, with `key` unless it has an idempotency key of its own.

    It is answered in the version of the batch where its path can be, else as a single request without a header would.
    """
    # As every client does; the path is never normalised, so that it leads nowhere but into the document's own paths.
    path, _, query = quote(operation["path"], safe=string.punctuation).partition("?")
    body = operation.get("body")
    headers = [(name, value) for name, value in outer.scope["headers"] if name in INHERITED]
    compiled, prefix = outer.compiled, outer.compiled.router.names_contract(path)
    if prefix is not None and compiled.versions[outer.version].contract in compiled.answering[prefix]:
        headers.append((b"api-version", outer.version.encode()))
    if body is not None:
        headers.append(JSON)
    if KEY_FIELD in operation:
        key = operation[KEY_FIELD]
    elif body is not None and KEY_FIELD in body:
        key = None
    for name, value in ((b"idempotency-key", key), (b"if-match", operation.get("if_match"))):
        if value is not None:
            headers.append((name, value.encode()))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"" if body is None else orjson.dumps(body)}

    scope = {
        **outer.scope,
        "method": operation["method"],
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    nested = Exchange(compiled, scope, receive, nested=True)
    nested.contract, nested.version = outer.contract, outer.version
    return nested


def failed(exchange: Exchange) -> bool:
    """Whether the answer is there and an error."""
    return exchange.answer is not None and exchange.answer.status >= 400


def passes(outcome: Outcome) -> bool:
    """Whether the operation failed for a reason that will pass, so that a repeat should try it again."""
    return outcome.status == 429 or outcome.status >= 500


def outcomes_of(inner: Sequence[Exchange], began: float) -> Outcomes:
    """What the operations answered, and the time since they began."""
    return Outcomes([outcome_of(each) for each in inner], round((time.monotonic() - began) * 1000))


def outcome_of(nested: Exchange) -> Outcome:
    """The answer of one operation. A deletion is reported as 204, with the body that says so where it has one."""
    given = nested.answer
    assert given is not None
    deleted = nested.method == "DELETE" and given.status == 200
    has_body = given.body and nested.scope["method"] != "HEAD"
    headers = [*given.headers, *pipeline.deprecation_headers(nested)]
    return Outcome(
        status=204 if deleted else given.status,
        body=orjson.Fragment(given.body) if has_body else None,
        request_id=nested.request_id,
        headers={name.decode(): value.decode("latin-1") for name, value in headers if name != b"content-type"},
    )
