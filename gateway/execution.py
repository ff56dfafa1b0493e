"""Runs the handler: one transaction with the idempotency key, the effect, its events and the answer to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from contract.operation import Operation
from domain import calls, idempotency
from domain.calls import Allowance, Call
from domain.seals import Seal
from gateway import preconditions
from gateway.exchange import Answer, Exchange
from storage.database import Database, Transaction

KEY_HEADER = "Idempotency-Key"
KEY_FIELD = "idempotency_key"
JSON = (b"content-type", b"application/json")


class AnswerMismatch(Exception):
    """The handler's result does not fit the response schema that the document gives for it."""


class Execute:
    """Reads run on a read connection, writes in a write transaction: returning commits, raising rolls back."""

    def __init__(
        self, database: Database, allowances: Mapping[str, Allowance], seal: Seal, forget: Callable[[str], None]
    ) -> None:
        self.database = database
        self.allowances = allowances
        self.seal = seal
        self.forget = forget

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.operation.writes:
            exchange.answer, call = await self.database.write(partial(self._write, exchange))
            if call.forget_callers:
                self.forget(call.scope.account_id)
        else:
            exchange.answer = await self.database.read(partial(self._read, exchange))

    def _read(self, exchange: Exchange, tx: Transaction) -> Answer:
        result = exchange.operation.handler(self._call(exchange, tx), **exchange.arguments)
        return answer(exchange, result)

    def _write(self, exchange: Exchange, tx: Transaction) -> tuple[Answer, Call]:
        operation, arguments = exchange.operation, exchange.arguments
        call = self._call(exchange, tx)
        call.if_match = preconditions.revisions(exchange.header_arguments.get("If-Match"))
        call.idempotency_key = idempotency_key(exchange)
        if call.idempotency_key is None:
            return answer(exchange, operation.handler(call, **arguments)), call
        # A secret is shown again to nobody but the key that it was shown to first.
        asking = exchange.caller.key_id if operation.success.is_secret else None
        kept = idempotency.claim(call, fingerprint(operation, arguments, asking))
        if kept is not None:
            headers = [(name.encode(), value.encode()) for name, value in kept.headers.items()]
            return Answer(kept.status, kept.body, [*headers, (b"idempotent-replayed", b"true")]), call
        given = answer(exchange, operation.handler(call, **arguments))
        headers_kept = {name.decode(): value.decode() for name, value in given.headers}
        kept = idempotency.Answer(given.status, headers_kept, given.body)
        idempotency.complete(call, kept, secret=operation.success.is_secret)
        return given, call

    def _call(self, exchange: Exchange, tx: Transaction) -> Call:
        caller = exchange.caller
        allowance = self.allowances[caller.plan]
        return Call(tx, caller.scope, exchange.now, exchange.request_id, allowance, self.seal, caller=caller)


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
        # The draft standard writes the key as a quoted string; most clients send it bare.
        return header[1:-1] if len(header) > 2 and header[0] == header[-1] == '"' else header
    body = exchange.arguments.get("body")
    found: str | None = body.get(KEY_FIELD) if isinstance(body, dict) else None
    return found


def fingerprint(operation: Operation, arguments: Mapping[str, Any], asking: str | None = None) -> str:
    """What makes two requests the same: the operation and all that its handler gets, but for the key itself.

    With `asking` it is also the API key that asks.
    """
    body = arguments.get("body")
    if isinstance(body, dict) and KEY_FIELD in body:
        arguments = {**arguments, "body": {name: value for name, value in body.items() if name != KEY_FIELD}}
    content = orjson.dumps([operation.id, arguments, asking], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(content, digest_size=16).hexdigest()
