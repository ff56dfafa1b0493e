"""Jobs as rows that are worked off: begun with all their tasks, and brought up to date as these are settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NotRequired, TypedDict

from domain import events, ids, kinds, logs
from domain.calls import Call
from domain.kinds import CreatedRange, Kind
from storage import tasks
from storage.jobs import ROWS, Row

# The types whose tasks are done one after the other: each waits until the one before it has succeeded.
CHAINED = ("provision", "export")
# Workers look by themselves as often, so they need not be told of what is due later.
SOON = 1
LEVELS = {"failed": "error", "canceled": "warning"}
ENDED = ("succeeded", "failed", "canceled")
ATTRIBUTES = ("id", "created", "updated", "version", "type", "status", "input", "started", "finished")
OWN = (*ATTRIBUTES, "cancel_requested", "request_id", "idempotency_key")


@dataclass(frozen=True, slots=True)
class WorkError:
    """Why a job or a task failed."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How many tasks a job has and what became of them; those that are not counted wait or run."""

    total: int
    succeeded: int = 0
    failed: int = 0
    canceled: int = 0

    @property
    def settled(self) -> int:
        return self.succeeded + self.failed + self.canceled

    @property
    def percent(self) -> int:
        return 100 * self.settled // self.total if self.total else 100

    def moved(self, changes: Mapping[str, int]) -> Progress:
        """With so many tasks more or less in each status that is counted."""
        return replace(self, **{name: getattr(self, name) + delta for name, delta in changes.items() if delta})


@dataclass(slots=True)
class Job:
    """A job; `resource` and `project` are ids.

    `request_id` and `idempotency_key` are those of the request that made it.
    """

    id: str
    created: int
    updated: int
    version: int
    type: str
    status: str
    resource: str | None
    project: str | None
    input: Mapping[str, Any] | None
    progress: Progress
    error: WorkError | None = None
    started: int | None = None
    finished: int | None = None
    cancel_requested: int | None = None
    request_id: str | None = None
    idempotency_key: str | None = None


class JobCreate(TypedDict):
    """What a customer's job is made of; which of the fields are needed depends on its type."""

    type: str
    resource: NotRequired[str | None]
    items: NotRequired[Sequence[Any]]
    processor: NotRequired[str]
    kinds: NotRequired[Sequence[str]]
    created: NotRequired[CreatedRange]
    idempotency_key: NotRequired[str]


class Plan(NamedTuple):
    """What a customer's job comes to: its tasks, what is shown of what it was asked for, and when it may begin.

    `due_ms` is in unix milliseconds of the real time; None is at once.
    """

    tasks: Sequence[NewTask]
    resource_id: str | None = None
    project_id: str | None = None
    input: Mapping[str, Any] | None = None
    due_ms: int | None = None


class NewJob(NamedTuple):
    """What a job is to do; `due_ms` is when its first task may begin, in unix milliseconds of the real time."""

    type: str
    due_ms: int
    resource_id: str | None = None
    project_id: str | None = None
    input: Mapping[str, Any] | None = None


class NewTask(NamedTuple):
    """A part of a job."""

    name: str
    input: Any = None


def begin(call: Call, wanted: NewJob, parts: Sequence[NewTask]) -> Job:
    """Add a job with its tasks, numbered from 1; the workers are told when it is committed."""
    job = JOBS.add(call, _new(call, wanted, Progress(len(parts))))
    tasks.insert(call.tx, _rows(call, job, wanted.due_ms, parts))
    tasks.ROWS.tally(call.tx, call.scope, {"": len(parts)})
    return job


def begin_chain(call: Call, wanted: NewJob, chain: tasks.Chain, done: int, beside: tuple[Kind[Any, Any], Any]) -> None:
    """Add an object, and beside it a job with a chain of tasks, the first of which have been done already."""
    job = _new(call, wanted, Progress(chain.length, succeeded=done))
    task_ids = [ids.new("task") for _ in range(chain.length)]
    chain.insert(call.tx, call.scope, job.id, (call.now, wanted.due_ms), task_ids)
    kinds.add_together(call, (beside, (JOBS, job)), [(tasks.ROWS.kind, "", chain.length)])


def _new(call: Call, wanted: NewJob, progress: Progress) -> Job:
    """A job that is not stored yet; the workers are told when it is committed."""
    has_begun = progress.succeeded > 0
    if wanted.due_ms < (call.real_now + SOON) * 1000:
        call.wake("tasks")
    return Job(
        id=ids.new("job"),
        created=call.now,
        updated=call.now,
        version=1,
        type=wanted.type,
        status="running" if has_begun else "queued",
        resource=wanted.resource_id,
        project=wanted.project_id,
        input=wanted.input,
        progress=progress,
        started=call.now if has_begun else None,
        request_id=call.request_id,
        idempotency_key=call.idempotency_key,
    )


def _rows(call: Call, job: Job, due_ms: int, parts: Sequence[NewTask]) -> list[tasks.Row]:
    """The tasks of a new job, of which in a chain only the first is due."""
    (account_id, mode), now = call.scope, call.now
    is_chained = job.type in CHAINED
    return [
        tasks.Row(
            *(ids.new("task"), account_id, mode, now, now, 1, job.id, job.type, number, part.name, "queued", 0),
            *(part.input, None, None, None, None, None, None),
            due_ms=None if is_chained and number > 1 else due_ms,
            token=None,
        )
        for number, part in enumerate(parts, start=1)
    ]


def advanced(call: Call, old: Job, new: Job, changes: Mapping[str, int]) -> Job:
    """Store that tasks of a locked job went on: `changes` are added to what its progress counts."""
    new = replace(new, progress=new.progress.moved(changes))
    ended = _ended(new)
    if ended is not None:
        new = replace(new, status=ended, finished=call.now, started=new.started or call.now)
    elif new.status != "running":
        new = replace(new, status="running", finished=None, started=new.started or call.now)
    return store(call, old, new)


def store(call: Call, old: Job, new: Job) -> Job:
    """Store what became of a job that this transaction has locked; its events name the request that made it."""
    if new == old:
        return old
    new = replace(new, updated=call.now, version=old.version + 1)
    before, after = _columns(old), _columns(new)
    changed = {name: value for name, value in after.items() if name != "version" and value != before[name]}
    ROWS.update(call.tx, call.scope, old.id, old.version, changed)
    if new.status != old.status:
        logs.write(call, LEVELS.get(new.status, "info"), _told(old, new), job=new.id, resource=new.resource)
        if new.status in ENDED:
            made_by = replace(call, request_id=old.request_id or "", idempotency_key=old.idempotency_key)
            events.record(made_by, f"job.{new.status}", _snapshot(new))
        ROWS.tally(call.tx, call.scope, {old.status: -1, new.status: 1})
    return new


def _told(old: Job, new: Job) -> str:
    """What the log says of a job whose status has changed."""
    if new.status == "failed":
        return f"The job failed. {new.error.message}" if new.error else "The job failed."
    if new.status == "succeeded":
        return f"The job succeeded: {new.progress.succeeded} of {new.progress.total} tasks are done."
    if new.status == "canceled":
        return f"The job was canceled: {new.progress.succeeded} of {new.progress.total} tasks are done."
    return "The job began." if old.status == "queued" else "The job goes on."


def cancel(call: Call, job: Job) -> Job:
    """Have a locked job stop: what waits of it is canceled at once, what runs is finished first."""
    job = store(call, job, replace(job, cancel_requested=call.now))
    canceled = tasks.cancel_waiting(call.tx, call.scope, job.id, call.now)
    return advanced(call, job, job, {"canceled": canceled}) if canceled else job


def _ended(job: Job) -> str | None:
    """How a job ends, if nothing of it is to be done any more."""
    progress = job.progress
    if progress.settled < progress.total:
        return "failed" if progress.failed and job.type in CHAINED else None
    if progress.failed:
        return "failed"
    is_stopped = job.cancel_requested is not None or job.type in CHAINED or not progress.succeeded
    return "canceled" if progress.canceled and is_stopped else "succeeded"


def load(_: Call | None, row: Row) -> Job:
    """The job in a row."""
    return Job(
        id=row.id,
        created=row.created,
        updated=row.updated,
        version=row.version,
        type=row.type,
        status=row.status,
        resource=row.resource_id,
        project=row.project_id,
        input=row.input,
        progress=Progress(row.tasks_total, row.tasks_succeeded, row.tasks_failed, row.tasks_canceled),
        error=None if row.error_code is None else WorkError(row.error_code, row.error_message or ""),
        started=row.started,
        finished=row.finished,
        cancel_requested=row.cancel_requested,
        request_id=row.request_id,
        idempotency_key=row.idempotency_key,
    )


def _snapshot(job: Job) -> dict[str, Any]:
    return {
        "object": "job",
        **kinds.attributes(job, ATTRIBUTES),
        "resource": job.resource,
        "project": job.project,
        "progress": kinds.attributes(job.progress, ("total", "succeeded", "failed", "canceled", "percent")),
        "error": None if job.error is None else kinds.attributes(job.error, ("code", "message")),
    }


def _columns(job: Job) -> dict[str, Any]:
    progress, error = job.progress, job.error
    return {
        **kinds.attributes(job, OWN),
        "resource_id": job.resource,
        "project_id": job.project,
        "tasks_total": progress.total,
        "tasks_succeeded": progress.succeeded,
        "tasks_failed": progress.failed,
        "tasks_canceled": progress.canceled,
        "error_code": None if error is None else error.code,
        "error_message": None if error is None else error.message,
    }


JOBS: Kind[Job, Row] = Kind("job", ROWS, load, _columns, _snapshot)
