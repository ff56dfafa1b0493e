"""Exports: jobs that write an account's objects into a file, a line for each. Read `SOURCES` first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol

from domain import accounts, history, logs, projects, resources, users, webhooks, work
from domain.accounts import Account
from domain.calls import Allowance, Call
from domain.downloads import Download
from domain.kinds import Kind
from domain.refusals import Refusal
from domain.settling import Again, Outcome, Succeeded
from domain.work import Job, JobCreate, NewTask, Plan
from storage import outputs
from storage.database import Transaction
from storage.scope import Scope
from storage.tasks import Row

DAY = 86_400
KEPT_DAYS = 7
# A part is ended by what comes first. So many rows keep SQLite's one writer for about ten milliseconds.
MOST_LINES = 250
MOST_BYTES = 1_048_576


class Item(NamedTuple):
    """An object on its way into a file; `id` is where to go on behind it."""

    id: str
    created: int
    shown: Any


# Up to so many objects behind the one with this id, from the newest to the oldest: those that are made meanwhile are
# not in the file, and those that stay are in it once.
Source = Callable[[Call, str | None, int], Sequence[Item]]


class Writer(Protocol):
    """What knows how objects are shown."""

    def allowance(self, account: Account) -> Allowance:
        """What the account's plan allows, which its resources show."""

    def line(self, kind: str, shown: Any, api_version: str) -> bytes:
        """The line of an object in a dated version."""


class Gone(Exception):
    """A part of a file that is being sent is not there any more."""


def of_kind(kind: Kind[Any, Any]) -> Source:
    """The objects of a kind."""

    def source(call: Call, after: str | None, limit: int) -> list[Item]:
        return [Item(each.id, each.created, each) for each in kind.behind(call, after, limit)]

    return source


def of_resources(call: Call, after: str | None, limit: int) -> list[Item]:
    """Resources, with what was measured of them."""
    return [Item(each.id, each.created, each) for each in resources.behind(call, after, limit)]


def of_events(call: Call, after: str | None, limit: int) -> list[Item]:
    """Events."""
    return [Item(each.id, each.attributes["created"], each) for each in history.behind(call, after, limit)]


def of_logs(call: Call, after: str | None, limit: int) -> list[Item]:
    """Entries of the log."""
    return [Item(each.id, each.created, each) for each in logs.behind(call, after, limit)]


# What can be exported, in the order in which it is.
SOURCES: Mapping[str, Source] = {
    "resources": of_resources,
    "projects": of_kind(projects.PROJECTS),
    "users": of_kind(users.USERS),
    "webhooks": of_kind(webhooks.WEBHOOKS),
    "events": of_events,
    "logs": of_logs,
}


def plan(call: Call, body: JobCreate) -> Plan:
    """A task for each kind of object."""
    kinds = [kind for kind in SOURCES if kind in body.get("kinds", SOURCES)]
    asked: dict[str, Any] = {"kinds": kinds, "api_version": call.api_version}
    if "created" in body:
        asked["created"] = body["created"]
    return Plan([NewTask(f"export_{kind}", {"kind": kind}) for kind in kinds], input=asked)


def step(writer: Writer, call: Call, job: Job, task: Row) -> Outcome:
    """Write the next part of a task's objects; the part itself says where the one after it begins.

    So whoever dies in the middle has written all of a part, with where it stopped, or nothing of it.
    """
    asked, kind = job.input or {}, task.input["kind"]
    account = accounts.fetch(call.tx, call.scope.account_id)
    assert account is not None
    call = replace(call, api_version=asked["api_version"], allowance=writer.allowance(account))
    last = outputs.last(call.tx, call.scope, job.id)
    after = last.position if last is not None and last.task_number == task.number else None
    found = SOURCES[kind](call, after, MOST_LINES)
    lines, taken, size = [], 0, 0
    for item in found:
        taken += 1
        if _is_wanted(item, asked.get("created", {})):
            lines.append(writer.line(kind, item.shown, call.api_version))
            size += len(lines[-1])
        if size >= MOST_BYTES:
            break
    if taken:
        number = 1 if last is None else last.number + 1
        place, content = found[taken - 1].id, b"".join(lines)
        part = outputs.Row(*call.scope, job.id, number, call.real_now, task.number, len(lines), place, content)
        outputs.insert(call.tx, part)
    if taken < len(found) or len(found) == MOST_LINES:
        # Behind what waited before, so that no account is held up by another's long file.
        return Again(max(call.real_now * 1000, (task.due_ms or 0) + 1), is_attempt=False)
    return Succeeded({"lines": outputs.lines(call.tx, call.scope, job.id, task.number)})


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
    count = outputs.count(call.tx, call.scope, job_id)
    return Download(job_id, f"{job_id}.ndjson", count, partial(_part, scope=call.scope, job_id=job_id))


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Remove up to `limit` parts of files that are kept no longer; a file may have been written for a day."""
    return outputs.delete_old(tx, now - (KEPT_DAYS + 1) * DAY, limit)


def _part(tx: Transaction, number: int, *, scope: Scope, job_id: str) -> bytes:
    found = outputs.content(tx, scope, job_id, number + 1)
    if found is None:
        raise Gone(f"{job_id}: {number}")
    return found


def _is_wanted(item: Item, created: Mapping[str, int]) -> bool:
    return created.get("gte", item.created) <= item.created <= created.get("lte", item.created)
