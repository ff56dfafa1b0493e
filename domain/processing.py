"""Jobs of the type `process`: their items are cut into batches, and each batch is an execution of a resource."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from domain import metrics, pacing, refusals
from domain.calls import Call
from domain.metrics import Execution
from domain.pacing import Pace
from domain.refusals import Invalid, Refusal
from domain.settling import Again, Failed, Outcome, Stopped, Succeeded
from domain.work import Job, JobCreate, NewTask, Plan, WorkError
from storage import pacing as paces
from storage.resources import ROWS
from storage.resources import Row as ResourceRow
from storage.tasks import Row

DEFAULT_PROCESSOR = "echo"
# Jobs may be made for resources in these; those of a pending one wait for it, and look so often when it is late.
OPEN = ("pending", "active")
PENDING_MS = 2_000
# As text: what a result may be, and what is kept of an answer that is not JSON and of an exception's text.
MOST_OUTPUT_BYTES = 256 * 1024
MOST_TEXT = 1_000
FIRST_RETRY_SECONDS = 1
LONGEST_RETRY_SECONDS = 60
LONGEST_RETRY_AFTER_SECONDS = 3_600
JITTER = 0.2
# Its own, so that the numbers of whoever seeds the common one stay theirs.
CHANCE = random.SystemRandom()
WAITS = "rate_limited"
# An escape that no other backslash has made plain text.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Batch:
    """One execution: the items of a task, and how its resource works; `attempt` counts from 1."""

    job_id: str
    task_id: str
    resource_id: str
    attempt: int
    items: Sequence[Any]
    processor: str
    target_url: str | None
    timeout_ms: int
    retry_count: int


class Result(NamedTuple):
    """What came of an execution: an output, or why there is none, and for how many seconds not to come again."""

    latency_us: int
    output: Any = None
    error: WorkError | None = None
    retry_after: int = 0


def plan(call: Call, body: JobCreate) -> Plan:
    """The batches of a job; refuses a resource that is closed and a processor that is not there."""
    resource_id = str(body.get("resource"))
    resource = ROWS.fetch(call.tx, call.scope, resource_id)
    if resource is None:
        raise refusals.not_found("resource", resource_id, "resource")
    if resource.status not in OPEN:
        raise Refusal("resource_not_active", _not_active(resource), "resource")
    items = body.get("items", ())
    if holds_nul(orjson.dumps(items)):
        raise Invalid("items", "invalid_format", "must not hold the character U+0000")
    size, processor = resource.batch_size, _processor(call, body, resource)
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    parts = [NewTask(f"batch_{number}", batch) for number, batch in enumerate(batches, start=1)]
    shown = {"items": len(items), "batch_size": size, **({} if processor is None else {"processor": processor})}
    due_ms = _ready_ms(call, resource) if resource.status == "pending" else None
    return Plan(parts, resource.id, resource.project_id, shown, due_ms)


def begin(call: Call, job: Job, task: Row, now_ms: int) -> Batch | Outcome:
    """The execution of a claimed task that begins now, or what becomes of the task without one."""
    resource = ROWS.fetch_for_update(call.tx, call.scope, str(job.resource))
    if resource is None:
        return Stopped()
    if resource.status == "pending":
        return Again(max(_ready_ms(call, resource), now_ms + PENDING_MS), is_attempt=False)
    if resource.status != "active":
        return Failed("resource_not_active", _not_active(resource))
    pace = Pace(resource.paced_until_us, resource.queued_until_us)
    decision = pacing.ask(pace, resource.rate_limit, now_ms * 1000, had_turn=task.error_code == WAITS)
    paces.store(call.tx, call.scope, resource.id, *decision.pace)
    if decision.turn_us is not None:
        reason = WorkError(WAITS, f"The resource's limit of {resource.rate_limit} executions a minute is used up.")
        return Again(-(-decision.turn_us // 1000), reason, is_attempt=False)
    return Batch(
        job_id=task.job_id,
        task_id=task.id,
        resource_id=resource.id,
        attempt=task.attempts,
        items=task.input,
        processor=(job.input or {}).get("processor", DEFAULT_PROCESSOR),
        target_url=resource.target_url,
        timeout_ms=resource.timeout_ms,
        retry_count=resource.retry_count,
    )


def settle(batch: Batch, result: Result, now_ms: int) -> Outcome:
    """What becomes of a task after an execution, which counts in the metrics whatever came of it."""
    execution = Execution(result.latency_us, is_error=result.error is not None)

    def measure(call: Call) -> None:
        metrics.record(call, batch.resource_id, [execution])

    if result.error is None:
        return Succeeded(result.output, measure)
    if batch.attempt <= batch.retry_count:
        seconds = max(pause(batch.attempt), result.retry_after)
        return Again(now_ms + round(1000 * seconds), result.error, effect=measure)
    return Failed(result.error.code, result.error.message, effect=measure)


def pause(attempt: int) -> float:
    """How many seconds to wait after a failed attempt: twice as long each time, and never all at the same moment."""
    seconds: float = min(FIRST_RETRY_SECONDS * 2 ** (attempt - 1), LONGEST_RETRY_SECONDS)
    return seconds * CHANCE.uniform(1 - JITTER, 1 + JITTER)


def holds_nul(document: bytes) -> bool:
    """Whether some text of a JSON document has a NUL, which the database cannot store."""
    return NUL.search(document) is not None


def shortened(text: str) -> str:
    """The first part of a text that others wrote, such that it can be stored and shown."""
    return text[:MOST_TEXT].encode(errors="replace").decode().replace("\0", "\ufffd")


def _processor(call: Call, body: JobCreate, resource: ResourceRow) -> str | None:
    """The processor that a job asks for; None where the resource has a target."""
    wanted, known = body.get("processor"), call.means.processors
    if resource.target_url is not None:
        if wanted is not None:
            raise Invalid("processor", "invalid_format", "must be left out, as the resource has a target_url")
        return None
    if wanted is not None and wanted not in known:
        raise Invalid("processor", "unknown_value", f"must be one of {', '.join(sorted(known))}")
    return wanted or DEFAULT_PROCESSOR


def _ready_ms(call: Call, resource: ResourceRow) -> int:
    """When a pending resource should be active, in unix milliseconds of the real time."""
    return (resource.estimated_completion - call.clock_offset) * 1000


def _not_active(resource: ResourceRow) -> str:
    return f"The resource is {resource.status} and processes nothing. Set its status to active first."
