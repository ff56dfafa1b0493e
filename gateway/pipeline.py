"""Takes a request through the stages and sends its answer; every refusal and every fault is rendered here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import orjson
import structlog

from contract.compiler import CompiledContract
from contract.middleware import Receive, Scope, Send
from contract.problems import Fault, Problem
from domain.refusals import Invalid, Refusal
from gateway import answering
from gateway.downloads import Downloads
from gateway.exchange import Answer, Exchange, Headers, Place
from gateway.execution import JSON
from gateway.reading import ClientGone
from gateway.stages import Stage
from storage.database import DeadlineExceeded, Unavailable

log = structlog.get_logger()

KEY_REUSED = "idempotency_key_reused"
Finish = Callable[[Exchange], None]

CHALLENGE = (b"www-authenticate", b"Bearer")
ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"private, no-cache"))


class ErrorLinks:
    """Where the pages about errors and requests are."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def doc_url(self, code: str) -> str:
        return f"{self.base_url}/docs/errors/{code}"

    def log_url(self, request_id: str) -> str:
        return f"{self.base_url}/v2/logs/{request_id}"


class Pipeline:
    """The life of a request: the stages until one of them gives the answer, then the finishing ones, then the bytes.

    The closing ones come before the bytes, whatever became of the request; but after those of a download.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        finishing: Sequence[Finish],
        closing: Sequence[Finish],
        downloads: Downloads,
        links: ErrorLinks,
    ) -> None:
        self.stages = stages
        # To call an object goes through the interpreter's slot for it, which costs as much as a small stage.
        self._steps = [stage.__call__ for stage in stages]
        self.finishing = finishing
        self.closing = closing
        self.downloads = downloads
        self.links = links

    async def __call__(self, compiled: CompiledContract, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(compiled, scope, receive)
        try:
            await self.respond(exchange)
        except ClientGone:
            return
        assert exchange.answer is not None
        if exchange.streams:
            await self._stream(exchange, exchange.answer, send)
            return
        await self._start(exchange, exchange.answer, send)
        body = b"" if exchange.scope["method"] == "HEAD" else exchange.answer.body
        await send({"type": "http.response.body", "body": body})

    async def respond(self, exchange: Exchange, *, last: Stage | None = None) -> None:
        """Take a request through the stages until one gives its answer; no further than `last`, where that is given.

        Raises ClientGone where nobody waits for the answer.
        """
        steps = self._steps if last is None else self._steps[: self.stages.index(last) + 1]
        try:
            for step in steps:
                waiting = step(exchange)
                if waiting is not None:
                    await waiting
                if exchange.answer is not None:
                    break
            for finish in self.finishing:
                finish(exchange)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a client can provoke is an answer, never a broken connection
            exchange.answer = self.refuse(exchange, problem_of(error, exchange))
        finally:
            if (exchange.answer is not None or last is None) and not exchange.streams:
                self.close(exchange)

    def close(self, exchange: Exchange) -> None:
        """What follows every end of a request."""
        for close in self.closing:
            close(exchange)

    def refuse(self, exchange: Exchange, problem: Problem) -> Answer:
        """The answer to a request that has this problem, which keeps no idempotency key."""
        exchange.error_code = problem.code
        exchange.idempotency = "refused" if problem.code == KEY_REUSED else "none"
        kind = exchange.compiled.catalogue[problem.code]
        body = exchange.contract.dialect.error(kind, problem, exchange.request_id, self.links)
        headers = [JSON, *problem.headers]
        if kind.status in (401, 403) and not any(name == CHALLENGE[0] for name, _ in headers):
            headers.append(CHALLENGE)
        if problem.retry_after is not None:
            headers.append((b"retry-after", b"%d" % problem.retry_after))
        return Answer(kind.status, orjson.dumps(body), headers)

    async def _stream(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        """Send an answer in parts. One that cannot be sent to its end is broken off, which the client sees."""
        try:
            await self._start(exchange, answer, send)
            await self.downloads.send(exchange, answer, send)
        except ClientGone:
            exchange.answer = None
        except Exception:
            # The answer has begun, so it cannot be another one.
            exchange.answer = None
            log.exception("download broken off", request_id=exchange.request_id)
        finally:
            self.close(exchange)

    async def _start(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        headers = [*answer.headers, *deprecation_headers(exchange)]
        if answer.status not in (204, 304) and answer.download is None:
            headers.append((b"content-length", b"%d" % len(answer.body)))
        always = lines_of(exchange.version, exchange.contract.stability, exchange.place)
        lines = exchange.limit_lines, always, b"x-request-id: ", exchange.request_id.encode(), b"\r\n"
        message = {"type": "http.response.start", "status": answer.status, "headers": headers}
        if answering.LINES in exchange.scope.get("extensions", ()):
            message[answering.LINES] = lines
        else:
            headers += answering.pairs_of(b"".join(lines))
        await send(message)


@cache
def lines_of(version: str, stability: str, place: Place) -> bytes:
    """The lines of the head that every answer of a version in an environment and region has."""
    fixed = [(b"api-version", version.encode()), *ALWAYS]
    if stability != "stable":
        fixed.append((b"x-api-stability", stability.encode()))
    fixed += [(b"x-environment", place.environment.encode()), (b"x-region", place.region.encode())]
    return b"".join(b"%b: %b\r\n" % pair for pair in fixed)


def deprecation_headers(exchange: Exchange) -> Headers:
    """The headers that say until when the operation is there, if it will go."""
    operation = getattr(exchange, "operation", None)
    if operation is None or operation.deprecation is None:
        return []
    return list(operation.deprecation.headers(exchange.match.values))


def problem_of(error: Exception, exchange: Exchange) -> Problem:
    """What to tell the client about an exception. Only what is nobody's doing but ours is logged."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Invalid):
        return Problem.of([Fault(error.where, (error.field,), error.reason, error.says)])
    if isinstance(error, Refusal):
        return Problem(error.code, error.message, param=error.param)
    if isinstance(error, Unavailable):
        log.warning("unavailable", request_id=exchange.request_id, reason=str(error))
        return Problem("unavailable", retry_after=error.retry_after)
    if isinstance(error, DeadlineExceeded):
        log.warning("deadline exceeded", request_id=exchange.request_id)
        return Problem("timeout")
    log.error("request failed", request_id=exchange.request_id, exc_info=error)
    return Problem("internal_error")
