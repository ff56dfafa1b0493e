"""Executions of `process` jobs: a batch goes through a processor here, or to the resource's target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson
import structlog

from domain import processing
from domain.calls import Call
from domain.clock import Clock
from domain.processing import Batch, Result
from domain.settling import Again, Outcome
from domain.work import Job, WorkError
from storage.tasks import Row
from work import outbound
from work.executions import Execution
from work.outbound import Limits, Outbound, Reply
from work.threads import Crowded, Threads

log = structlog.get_logger()

Processor = Callable[[list[Any]], list[Any]]

# They share the interpreter with the requests of this process.
THREADS = 4
MOST_ABANDONED = 32
CROWDED_MS = 5_000
MOST_ANSWER_BYTES = 1024 * 1024
# What the reference says to do: both may say when to come again.
BUSY = (429, 503)
UNREACHABLE = ("name_not_found", "tls_failed", "connection_failed", "connection_lost", "invalid_answer")


class Unfit(Exception):
    """What was returned cannot be stored; the error says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error = WorkError(code, message)


class Processing:
    """How the tasks of `process` jobs are done, by the processors of this deployment and by targets."""

    def __init__(self, clock: Clock, processors: Mapping[str, Processor], client: Outbound) -> None:
        self._clock = clock
        self._processors = processors
        self._client = client
        self._threads = Threads(THREADS, MOST_ABANDONED)

    def execution(self) -> Execution:
        """As the task runner takes it."""
        return Execution(self._prepare, self._perform, self._client.close)

    def _prepare(self, call: Call, job: Job, task: Row) -> Batch | Outcome:
        return processing.begin(call, job, task, self._now_ms())

    async def _perform(self, batch: Batch) -> Outcome:
        try:
            result = await (self._process(batch) if batch.target_url is None else self._post(batch, batch.target_url))
        except Crowded:
            log.warning("too many processors do not return", processor=batch.processor)
            return Again(self._now_ms() + CROWDED_MS, is_attempt=False)
        return processing.settle(batch, result, self._now_ms())

    async def _process(self, batch: Batch) -> Result:
        """Run the processor; what it takes longer than the timeout is dropped."""
        processor = self._processors.get(batch.processor)
        if processor is None:
            return Result(
                0, error=WorkError("processor_failed", f"There is no processor '{batch.processor}' any more.")
            )
        try:
            ended = await self._threads.run(partial(_results, processor, batch.items), batch.timeout_ms / 1000)
        except TimeoutError:
            error = WorkError("timeout", f"The processor took longer than {batch.timeout_ms} ms.")
            return Result(batch.timeout_ms * 1000, error=error)
        if isinstance(ended.error, Unfit):
            return Result(ended.duration_us, error=ended.error.error)
        if ended.error is not None:
            text = processing.shortened(str(ended.error) or type(ended.error).__name__)
            return Result(ended.duration_us, error=WorkError("processor_failed", text))
        return Result(ended.duration_us, ended.value)

    async def _post(self, batch: Batch, url: str) -> Result:
        """Send the batch to the resource's target."""
        content = {
            "job": batch.job_id,
            "task": batch.task_id,
            "resource": batch.resource_id,
            "attempt": batch.attempt,
            "items": batch.items,
        }
        headers = {"Content-Type": "application/json", "Idempotency-Key": batch.task_id}
        limits = Limits(batch.timeout_ms / 1000, MOST_ANSWER_BYTES)
        reply = await self._client.post(url, orjson.dumps(content), headers, limits)
        error = _error(reply, batch.timeout_ms)
        if error is None:
            try:
                return Result(reply.duration_us, _answer(reply))
            except Unfit as unfit:
                error = unfit.error
        return Result(reply.duration_us, error=error, retry_after=_retry_after(reply))

    def _now_ms(self) -> int:
        return int(self._clock.time() * 1000)


def _results(processor: Callable[[list[Any]], Any], items: Sequence[Any]) -> dict[str, Any]:
    """The output of a processor; what would not fit into the database is refused here, in its thread."""
    results = processor(list(items))
    if not isinstance(results, list) or len(results) != len(items):
        raise Unfit("processor_failed", f"The processor must return a list of {len(items)} results, one for each item.")
    return _storable({"results": results})


def _storable(output: dict[str, Any]) -> dict[str, Any]:
    try:
        document = orjson.dumps(output)
    except TypeError as error:
        raise Unfit("processor_failed", f"A result is not JSON: {processing.shortened(str(error))}") from None
    if len(document) > processing.MOST_OUTPUT_BYTES:
        most = processing.MOST_OUTPUT_BYTES // 1024
        raise Unfit(
            "output_too_large", f"The results are {len(document) // 1024} KiB of JSON; at most {most} are kept."
        )
    if processing.holds_nul(document):
        raise Unfit("processor_failed", "A result contains NUL.")
    stored: dict[str, Any] = orjson.loads(document)
    return stored


def _error(reply: Reply, timeout_ms: int) -> WorkError | None:
    """Why an exchange with a target has failed, if it has."""
    if reply.error == "timeout":
        return WorkError("timeout", f"The target did not answer within {timeout_ms} ms.")
    if reply.error is not None:
        code = "target_unreachable" if reply.error in UNREACHABLE else reply.error
        return WorkError(code, outbound.ERRORS[reply.error])
    if reply.status is not None and not 200 <= reply.status < 300:
        return WorkError(f"target_answered_{reply.status}", f"The target answered {reply.status}.")
    return None


def _answer(reply: Reply) -> dict[str, Any]:
    """What a target answered: its results, or the first part of whatever else it was."""
    try:
        answered = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        answered = None
    results = answered.get("results") if isinstance(answered, dict) else None
    if isinstance(results, list) and not processing.holds_nul(orjson.dumps(results)):
        return _storable({"status": reply.status, "results": results})
    if len(reply.body) >= MOST_ANSWER_BYTES:
        raise Unfit("output_too_large", f"The target answered more than {MOST_ANSWER_BYTES // 1024} KiB.")
    return {"status": reply.status, "body": processing.shortened(reply.body.decode(errors="replace"))}


def _retry_after(reply: Reply) -> int:
    """For how many seconds a target does not want to be asked again."""
    text = (reply.retry_after or "").strip()
    if reply.status not in BUSY or not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:6]), processing.LONGEST_RETRY_AFTER_SECONDS)
