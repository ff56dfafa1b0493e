"""Jobs as customers see them: made by type, shown with their progress, canceled. Read `PLANS` first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from domain import exports, kinds, logs, processing, resources, tasks, work
from domain.calls import Call
from domain.kinds import ListQuery
from domain.logs import LogEntry
from domain.pages import Page
from domain.refusals import Invalid
from domain.resources import Resource
from domain.tasks import Task
from domain.work import Job, JobCreate, NewJob, Plan
from storage.jobs import ROWS

MOST_TASKS_SHOWN = 20
MOST_LOGS_SHOWN = 20
# The fields of a new job that each type needs beside its type, and those that it may have.
FIELDS = {"process": ("resource", "items"), "export": ()}
OPTIONAL = {"process": ("processor",), "export": ("kinds", "created")}


class JobQuery(ListQuery, total=False):
    """How to list jobs."""

    status: str
    type: str
    resource: str
    project: str
    expand: Sequence[str]


@dataclass(slots=True)
class ShownJob(Job):
    """A job as customers see it.

    `shown_resource` is the resource's id, or the resource where it is expanded; so are tasks and logs there only then.
    """

    shown_resource: Resource | str | None = None
    tasks: Sequence[Task] = ()
    logs: Sequence[LogEntry] = ()


# What a job of each type comes to; each refuses what it cannot do. Those of `provision` are made with their resource.
PLANS: dict[str, Callable[[Call, JobCreate], Plan]] = {
    "process": processing.plan,
    "export": exports.plan,
}


def create(call: Call, body: JobCreate) -> ShownJob:
    """Begin a job of a type that customers can ask for."""
    _check(body)
    plan = PLANS[body["type"]](call, body)
    due_ms = call.real_now * 1000 if plan.due_ms is None else plan.due_ms
    wanted = NewJob(body["type"], due_ms, plan.resource_id, plan.project_id, plan.input)
    return _shown(work.begin(call, wanted, plan.tasks))


def fetch(call: Call, job_id: str, expand: Sequence[str] = ()) -> ShownJob:
    """The job with this id, with what is to be expanded."""
    job = _shown(work.JOBS.fetch(call, job_id))
    _expand(call, [job], expand)
    return job


def page(call: Call, query: JobQuery) -> Page[ShownJob]:
    """One page of the caller's jobs."""
    filters = {"status": query.get("status"), "type": query.get("type")}
    filters |= {"resource_id": query.get("resource"), "project_id": query.get("project")}
    found = kinds.page_of(call, ROWS, lambda row: _shown(work.load(None, row)), query, filters)
    _expand(call, found.data, query.get("expand", ()))
    return found


def behind(call: Call, job_id: str | None, limit: int) -> list[ShownJob]:
    """Up to `limit` of the caller's jobs behind the one with this id, from the newest to the oldest."""
    return [_shown(job) for job in work.JOBS.behind(call, job_id, limit)]


def cancel(call: Call, job_id: str) -> ShownJob:
    """Have a job stop between its tasks; one that has ended, or is stopping, stays as it is."""
    job = work.JOBS.lock(call, job_id)
    is_over = job.status in work.ENDED or job.cancel_requested is not None
    return _shown(job if is_over else work.cancel(call, job))


def _check(body: JobCreate) -> None:
    """Refuse a body that lacks what its type needs, or has what another type needs."""
    kind, given = body["type"], body.keys() - {"type", "idempotency_key"}
    for name in FIELDS[kind]:
        if name not in given:
            raise Invalid(name, "required_field_missing", f"is needed for a job of the type '{kind}'")
    for name in sorted(given - {*FIELDS[kind], *OPTIONAL[kind]}):
        raise Invalid(name, "unknown_field", f"does not belong to a job of the type '{kind}'")


def _shown(job: Job) -> ShownJob:
    return ShownJob(**{each.name: getattr(job, each.name) for each in fields(job)}, shown_resource=job.resource)


def _expand(call: Call, found: Sequence[ShownJob], expand: Sequence[str]) -> None:
    if "tasks" in expand:
        for job in found:
            job.tasks = tasks.first_of(call, job.id, MOST_TASKS_SHOWN)
    if "logs" in expand:
        entries = logs.of_jobs(call, [job.id for job in found], MOST_LOGS_SHOWN)
        for job in found:
            job.logs = entries[job.id]
    if "resource" in expand:
        shown = resources.fetch_many(call, {job.resource for job in found if job.resource})
        for job in found:
            job.shown_resource = shown.get(job.resource or "")
