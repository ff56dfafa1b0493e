"""How an export goes on: the objects of an account are written part by part. Read `SOURCES` first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from domain import accounts, exports, history, jobs, logs, projects, resources, tasks, users, webhooks
from domain.accounts import Account
from domain.calls import Allowance, Call
from domain.settling import Failed, Outcome, Partly, Succeeded
from domain.work import Job
from storage import outputs
from storage.tasks import Row

# A part is ended by what comes first. So many rows keep SQLite's one writer for about ten milliseconds.
MOST_LINES = 250
MOST_BYTES = 1_048_576


class Source(NamedTuple):
    """Where the objects of a kind are.

    `behind` gives up to so many of them behind the one with an id, from the newest to the oldest. So those that are
    made meanwhile are not in the file, and those that stay are in it once.
    """

    behind: Callable[[Call, str | None, int], Sequence[Any]]
    most: int = MOST_LINES


class Writer(Protocol):
    """What knows how objects are shown."""

    def allowance(self, account: Account) -> Allowance:
        """What the account's plan allows, which its resources show."""

    def line(self, kind: str, shown: Any, api_version: str) -> bytes:
        """The line of an object in a dated version."""


# Every kind of `exports.KINDS`. What tasks were given and what came of it may be large.
SOURCES: Mapping[str, Source] = {
    "resources": Source(resources.behind),
    "projects": Source(projects.PROJECTS.behind),
    "users": Source(users.USERS.behind),
    "jobs": Source(jobs.behind),
    "tasks": Source(tasks.behind, 25),
    "webhooks": Source(webhooks.WEBHOOKS.behind),
    "events": Source(history.behind),
    "logs": Source(logs.behind),
}


def step(writer: Writer, call: Call, job: Job, task: Row) -> Outcome:
    """Write the next part of a task's objects; the part itself says where the one after it begins.

    So whoever dies in the middle has written all of a part, with where it stopped, or nothing of it.
    """
    if call.now >= job.created + exports.KEPT_DAYS * exports.DAY:
        return Failed("export_expired", "What was written before is kept no longer. Begin a new export.")
    asked, kind = job.input or {}, task.input["kind"]
    source = SOURCES[kind]
    account = accounts.fetch(call.tx, call.scope.account_id)
    assert account is not None
    call = replace(call, api_version=asked["api_version"], allowance=writer.allowance(account))
    last = outputs.last(call.tx, call.scope, job.id)
    after = last.position if last is not None and last.task_number == task.number else None
    found = source.behind(call, after, source.most)
    lines, taken, size = [], 0, 0
    for item in found:
        taken += 1
        if _is_wanted(item, asked.get("created", {})):
            lines.append(writer.line(kind, item, call.api_version))
            size += len(lines[-1])
        if size >= MOST_BYTES:
            break
    if taken:
        number = 1 if last is None else last.number + 1
        place, content = found[taken - 1].id, b"".join(lines)
        part = outputs.Row(*call.scope, job.id, number, call.now, task.number, len(lines), place, content)
        outputs.insert(call.tx, part)
    if taken < len(found) or len(found) == source.most:
        # Behind what waited before, so that no account is held up by another's long file.
        return Partly(max(call.real_now * 1000, (task.due_ms or 0) + 1))
    return Succeeded({"lines": outputs.lines(call.tx, call.scope, job.id, task.number)})


def _is_wanted(item: Any, created: Mapping[str, int]) -> bool:
    is_wanted: bool = created.get("gte", item.created) <= item.created <= created.get("lte", item.created)
    return is_wanted
