"""Runs the handler: one transaction with the idempotency key, the effect, its events and the answer to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from typing import Any, cast

import orjson

from contract.compiler import CompiledContract
from contract.plans import Plan
from domain import calls, idempotency
from domain.batch import Outcomes
from domain.calls import Allowance, Call, Means
from gateway import downloads, preconditions
from gateway.exchange import Answer, Exchange
from storage.database import Database, Transaction

KEY_HEADER = "Idempotency-Key"
KEY_FIELD = "idempotency_key"
# The longest list of items that one execution may take, in every plan.
MOST_IN_BATCH = 1000
JSON = (b"content-type", b"application/json")


class AnswerMismatch(Exception):
    """The handler's result does not fit the response schema that the document gives for it."""


class Execute:
    """Reads run on a read connection, writes in a write transaction: returning commits, raising rolls back."""

    def __init__(
        self,
        database: Database,
        means: Means,
        forget: Callable[[str], None],
        wake: Callable[[Collection[str]], None],
    ) -> None:
        self.database = database
        self.means = means
        self.forget = forget
        self.wake = wake

    async def __call__(self, exchange: Exchange) -> None:
        run = self.database.write if exchange.operation.writes else self.database.read
        exchange.answer = await run(partial(self.run, exchange))
        if exchange.operation.writes:
            self.follow_up(exchange)

    def follow_up(self, exchange: Exchange) -> None:
        """What a committed write asks for: workers have something to do, callers that it changed are looked up anew."""
        if exchange.topics:
            self.wake(exchange.topics)
        if exchange.forget_callers:
            self.forget(exchange.caller.scope.account_id)

    def run(self, exchange: Exchange, tx: Transaction) -> Answer:
        """The answer of the handler in this transaction, or the one that is kept with the idempotency key."""
        call = self._call(exchange, tx)
        if not exchange.operation.writes:
            return handle(exchange, call)
        call.if_match = preconditions.revisions(exchange.header_arguments.get("If-Match"))
        call.idempotency_key = idempotency_key(exchange)
        if call.idempotency_key is None:
            return handle(exchange, call)
        kept = idempotency.claim(call, fingerprint(exchange))
        if kept is not None:
            return replay(exchange, kept)
        given = handle(exchange, call)
        headers_kept = {name.decode(): value.decode() for name, value in given.headers}
        to_keep = idempotency.Answer(given.status, headers_kept, given.body)
        is_secret = exchange.operation.success.is_secret or exchange.operation.is_batch
        idempotency.complete(call, to_keep, secret=is_secret)
        exchange.idempotency = "stored"
        return given

    def recall(self, exchange: Exchange, tx: Transaction) -> Answer | None:
        """The answer that is kept with the request's idempotency key, if there is one."""
        call = self._call(exchange, tx)
        call.idempotency_key = idempotency_key(exchange)
        kept = idempotency.recall(call, fingerprint(exchange))
        return None if kept is None else replay(exchange, kept)

    def sum_up(self, exchange: Exchange, outcomes: Outcomes) -> Answer:
        """The answer to a batch that is not kept. Its handler only counts, so it gets no transaction."""
        exchange.outcomes = lambda _: outcomes
        return handle(exchange, self._call(exchange, cast("Transaction", None)))

    def _call(self, exchange: Exchange, tx: Transaction) -> Call:
        caller = exchange.caller
        return Call(
            tx,
            caller.scope,
            exchange.now,
            exchange.request_id,
            allowance(exchange.compiled, caller.plan, exchange.plan),
            self.means,
            api_version=exchange.version,
            caller=caller,
            clock_offset=exchange.clock_offset,
            sunsets=exchange.compiled.sunsets,
        )


def allowance(compiled: CompiledContract, name: str, plan: Plan) -> Allowance:
    """What a plan allows an account."""
    return _allowance(plan, name, compiled.max_body_bytes)


@lru_cache(maxsize=1024)
def _allowance(plan: Plan, name: str, max_body_bytes: int) -> Allowance:
    return Allowance(
        max_requests_per_minute=plan.requests_per_minute,
        max_batch_size=MOST_IN_BATCH,
        max_payload_bytes=max_body_bytes,
        plan=name,
        monthly_quota=plan.monthly_quota,
        requests_per_hour=plan.requests_per_hour,
        burst=plan.burst,
        concurrent_requests=plan.concurrent_requests,
    )


def handle(exchange: Exchange, call: Call) -> Answer:
    """What the handler answers; the operations of a batch run before it."""
    if exchange.operation.is_batch:
        call.outcomes = exchange.outcomes(call.tx)
    result = exchange.operation.handler(call, **exchange.arguments)
    exchange.forget_callers = call.forget_callers
    exchange.topics = call.topics
    return downloads.begun(result, call.tx) if exchange.operation.success.is_download else answer(exchange, result)


def replay(exchange: Exchange, kept: idempotency.Answer) -> Answer:
    """An answer that is given again, of what was created the first time."""
    exchange.idempotency = "replayed"
    if location := kept.headers.get("location"):
        exchange.created = (location.rpartition("/")[2],)
    headers = [(name.encode(), value.encode()) for name, value in kept.headers.items()]
    return Answer(kept.status, kept.body, [*headers, (b"idempotent-replayed", b"true")])


def answer(exchange: Exchange, result: Any) -> Answer:
    """The result as the contract shows it, with the headers that belong to it."""
    operation, success = exchange.operation, exchange.operation.success
    if success.render is None:
        return Answer(success.status)
    body, shown = success.render(result, exchange.expand, exchange.now)
    if wrong := success.is_valid(body):
        raise AnswerMismatch(f"{operation.id} answers what openapi.yaml does not describe: {wrong}")
    headers = [JSON]
    if operation.method != "DELETE":
        headers.append((b"etag", etag(result, shown)))
    if success.location is not None:
        exchange.created = (result.id,)
        headers.append((b"location", f"{success.location}{result.id}".encode()))
    return Answer(success.status, body, headers)


def etag(result: Any, shown: bytes) -> bytes:
    """A strong ETag of this representation; an object's starts with its revision, which `If-Match` is held against."""
    digest = hashlib.blake2b(shown, digest_size=preconditions.DIGEST_BYTES).hexdigest()
    version: int | None = getattr(result, "version", None)
    return f'"{digest}"'.encode() if version is None else f'"{calls.revision(result.id, version)}-{digest}"'.encode()


def idempotency_key(exchange: Exchange) -> str | None:
    """The key that makes the request safe to repeat: the header's, else the body's."""
    header: str | None = exchange.header_arguments.get(KEY_HEADER)
    if header is not None:
        return unquoted(header)
    body = exchange.arguments.get("body")
    found: str | None = body.get(KEY_FIELD) if isinstance(body, dict) else None
    return found


def unquoted(key: str) -> str:
    """The key in a header: the draft standard writes it as a quoted string; most clients send it bare."""
    return key[1:-1] if len(key) > 2 and key[0] == key[-1] == '"' else key


def fingerprint(exchange: Exchange) -> str:
    """What makes two requests the same: the operation and all that its handler gets, but for the key itself.

    A secret is shown again to nobody but the API key that it was shown to first; a batch may hold one, and what the
    scopes of another key do not show.
    """
    operation, arguments = exchange.operation, exchange.arguments
    body = arguments.get("body")
    if isinstance(body, dict) and KEY_FIELD in body:
        arguments = {**arguments, "body": {name: value for name, value in body.items() if name != KEY_FIELD}}
    asking = exchange.caller.key_id if operation.success.is_secret or operation.is_batch else None
    content = orjson.dumps([operation.id, arguments, asking], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()
