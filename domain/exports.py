"""Exports: jobs that write an account's objects into a file, a line for each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from domain import work
from domain.calls import Call
from domain.downloads import Download
from domain.refusals import Refusal
from domain.work import JobCreate, NewTask, Plan
from storage import outputs
from storage.database import Transaction
from storage.scope import Scope

DAY = 86_400
KEPT_DAYS = 7
# What can be exported, in the order in which it is.
KINDS = ("resources", "projects", "users", "jobs", "tasks", "webhooks", "events", "logs")
# What reading a kind needs, where that is not a scope of its name.
SCOPES = {"tasks": "jobs:read"}


class Gone(Exception):
    """A part of a file that is being sent is not there any more."""


def plan(call: Call, body: JobCreate) -> Plan:
    """A task for each kind of object."""
    kinds = [kind for kind in KINDS if kind in body.get("kinds", KINDS)]
    _require_scopes(call, kinds)
    asked: dict[str, Any] = {"kinds": kinds, "api_version": call.api_version}
    if "created" in body:
        asked["created"] = body["created"]
    return Plan([NewTask(f"export_{kind}", {"kind": kind}) for kind in kinds], input=asked)


def output(call: Call, job_id: str) -> Download:
    """The file that a job has written."""
    job = work.JOBS.fetch(call, job_id)
    if job.type != "export":
        raise Refusal("not_found", f"The job '{job_id}' is no export, so it has no output.")
    if job.finished is None or job.status not in work.ENDED:
        raise Refusal("job_not_finished", f"The job is {job.status}. Its output is there once it has succeeded.")
    if job.status != "succeeded":
        raise Refusal("not_found", f"The job has {job.status}, so it has no output.")
    if call.now >= job.finished + KEPT_DAYS * DAY:
        raise Refusal("not_found", f"The output of the job '{job_id}' was kept for {KEPT_DAYS} days.")
    _require_scopes(call, (job.input or {})["kinds"])
    count = outputs.count(call.tx, call.scope, job_id)
    return Download(job_id, f"{job_id}.ndjson", count, partial(_part, scope=call.scope, job_id=job_id))


def _require_scopes(call: Call, kinds: Iterable[str]) -> None:
    """Refuse who may not read one of the kinds: a file shows no more than its reader could list."""
    for kind in kinds:
        scope = SCOPES.get(kind, f"{kind}:read")
        if call.caller is not None and not call.caller.may(scope):
            raise Refusal("scope_missing", f"To export {kind} the API key needs the scope '{scope}'.")


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Remove up to `limit` parts of files that are kept no longer; a file may have been written for a day."""
    return outputs.delete_old(tx, now - (KEPT_DAYS + 1) * DAY, limit)


def _part(tx: Transaction, number: int, *, scope: Scope, job_id: str) -> bytes:
    found = outputs.content(tx, scope, job_id, number + 1)
    if found is None:
        raise Gone(f"{job_id}: {number}")
    return found
