"""Tasks as customers see them: shown with their attempts, done again, canceled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain import kinds, refusals, work
from domain.calls import Call
from domain.kinds import ListQuery
from domain.pages import Page
from domain.work import Job, WorkError
from storage import tasks
from storage.collection import Place
from storage.jobs import ROWS as JOB_ROWS
from storage.tasks import ROWS, Row

# What a retry begins anew.
UNDONE = ("failed", "canceled")
MOST_STEPS = 1_000
ANEW = {"status": "queued", "attempts": 0, "error_code": None, "error_message": None, "started": None, "finished": None}


class TaskQuery(ListQuery, total=False):
    """How to list tasks."""

    status: str
    job: str
    expand: Sequence[str]


@dataclass(slots=True)
class Task:
    """A task; `job` is its job's id, or the job where it is expanded."""

    id: str
    created: int
    updated: int
    version: int
    job: Job | str
    type: str
    number: int
    name: str
    status: str
    attempts: int
    input: Any
    output: Any
    error: WorkError | None
    started: int | None
    finished: int | None
    duration_ms: float | None


def fetch(call: Call, task_id: str, expand: Sequence[str] = ()) -> Task:
    """The task with this id, with what is to be expanded."""
    row = ROWS.fetch(call.tx, call.scope, task_id)
    if row is None:
        raise refusals.not_found("task", task_id)
    task = load(row)
    _expand(call, [task], expand)
    return task


def page(call: Call, query: TaskQuery) -> Page[Task]:
    """One page of the caller's tasks."""
    filters = {"status": query.get("status"), "job_id": query.get("job")}
    found = kinds.page_of(call, ROWS, load, query, filters)
    _expand(call, found.data, query.get("expand", ()))
    return found


def behind(call: Call, task_id: str | None, limit: int) -> list[Task]:
    """Up to `limit` of the caller's tasks behind the one with this id, from the newest to the oldest."""
    return [load(row) for row in ROWS.page(call.tx, call.scope, {}, Place(after=task_id), limit)]


def retry(call: Call, task_id: str) -> Task:
    """Have a task that failed or was canceled be done again, and its job go on; any other stays as it is.

    Where each task waits for the one before, all that is left is begun anew, where it stopped.
    """
    row, job = _lock(call, task_id)
    if row.status not in UNDONE:
        return load(row)
    if row.type in work.CHAINED:
        left = [each for each in tasks.first_of(call.tx, call.scope, job.id, MOST_STEPS) if each.status in UNDONE]
    else:
        left = [row]
    now_ms = call.real_now * 1000
    for index, each in enumerate(left):
        due_ms = None if index and row.type in work.CHAINED else now_ms
        tasks.settle(call.tx, each, {**ANEW, "due_ms": due_ms, "updated": call.now})
    again = replace(job, cancel_requested=None, error=None)
    failed = sum(each.status == "failed" for each in left)
    work.advanced(call, job, again, {"failed": -failed, "canceled": failed - len(left)})
    call.wake("tasks")
    return fetch(call, task_id)


def cancel(call: Call, task_id: str) -> Task:
    """Cancel a task that waits, and those behind it that wait for it; one that has begun stays as it is."""
    row, job = _lock(call, task_id)
    if row.status != "queued":
        return load(row)
    if row.type in work.CHAINED:
        canceled = tasks.cancel_waiting(call.tx, call.scope, job.id, call.now, row.number)
    else:
        changes = {"status": "canceled", "due_ms": None, "token": None, "finished": call.now, "updated": call.now}
        tasks.settle(call.tx, row, changes)
        canceled = 1
    work.advanced(call, job, job, {"canceled": canceled})
    return fetch(call, task_id)


def first_of(call: Call, job_id: str, most: int) -> list[Task]:
    """The first tasks of a job, in the order of their numbers."""
    return list(map(load, tasks.first_of(call.tx, call.scope, job_id, most)))


def load(row: Row) -> Task:
    """The task in a row."""
    return Task(
        id=row.id,
        created=row.created,
        updated=row.updated,
        version=row.version,
        job=row.job_id,
        type=row.type,
        number=row.number,
        name=row.name,
        status=row.status,
        attempts=row.attempts,
        input=row.input,
        output=row.output,
        error=None if row.error_code is None else WorkError(row.error_code, row.error_message or ""),
        started=row.started,
        finished=row.finished,
        duration_ms=None if row.duration_us is None else row.duration_us / 1000,
    )


def _lock(call: Call, task_id: str) -> tuple[Row, Job]:
    """A task and its job, which nobody else changes until the transaction ends."""
    row = ROWS.fetch_for_update(call.tx, call.scope, task_id)
    if row is None:
        raise refusals.not_found("task", task_id)
    return row, work.JOBS.lock(call, row.job_id)


def _expand(call: Call, found: Sequence[Task], expand: Sequence[str]) -> None:
    if "job" not in expand:
        return
    rows = {job_id: JOB_ROWS.fetch(call.tx, call.scope, job_id) for job_id in {str(task.job) for task in found}}
    for task in found:
        row = rows[str(task.job)]
        if row is not None:
            task.job = work.load(None, row)
