"""Settling: what became of tasks, and of the jobs that they are parts of, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from domain import calls, logs, work
from domain.calls import Call, Means
from domain.work import Job, WorkError
from storage import accounts, tasks
from storage.database import Transaction
from storage.jobs import ROWS as JOB_ROWS
from storage.scope import Scope
from storage.tasks import Row

Effect: TypeAlias = Callable[[Call], None]


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A task is done. `effect` is run in the transaction that settles it, so it happens once.

    `next_due_ms` is when the task that waits for this one may begin; without it that is at once.
    """

    output: Any = None
    effect: Effect | None = None
    next_due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A task has failed for good."""

    code: str
    message: str
    output: Any = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """A task is to be run again at a time, in unix milliseconds; the reason is shown meanwhile.

    One that was only put off, since its turn has not come, did not make an attempt.
    """

    due_ms: int
    reason: WorkError | None = None
    is_attempt: bool = True
    effect: Effect | None = None


@dataclass(frozen=True, slots=True)
class Partly:
    """A part of a task is done; the next one is to be done from a time on, in unix milliseconds."""

    due_ms: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """There is nothing left to do it for, so the whole job is canceled."""


Outcome: TypeAlias = Succeeded | Failed | Again | Partly | Stopped
STATUSES = {Succeeded: "succeeded", Failed: "failed", Again: "queued", Partly: "running", Stopped: "canceled"}


class Settlement:
    """Settles tasks that this transaction has locked; `close` then brings their jobs up to date.

    Everybody locks tasks before jobs, jobs before other objects, and jobs in the order of their ids.
    """

    def __init__(self, tx: Transaction, now_ms: int, means: Means, rows: Sequence[Row]) -> None:
        self.tx = tx
        self.now_ms = now_ms
        self.means = means
        self._calls: dict[Scope, Call] = {}
        self._jobs: dict[str, tuple[Call, Job]] = {}
        self._changes: dict[str, Counter[str]] = {}
        self._failures: dict[str, WorkError] = {}
        self._stopped: set[str] = set()
        # The tasks of each job that are not put off, so that it goes on.
        self._moving = Counter(row.job_id for row in rows)
        for job_id, scope in sorted({row.job_id: Scope(row.account_id, row.mode) for row in rows}.items()):
            found = JOB_ROWS.fetch_for_update(tx, scope, job_id)
            assert found is not None
            self._jobs[job_id] = (replace(self._call(scope), request_id=found.request_id or ""), work.load(None, found))
            self._changes[job_id] = Counter()

    def job(self, row: Row) -> Job:
        """The job of a task."""
        return self._jobs[row.job_id][1]

    def call(self, row: Row) -> Call:
        """In whose name a task is done: that of its account, for the request that made the job."""
        return self._jobs[row.job_id][0]

    def is_stopped(self, row: Row) -> bool:
        """Whether a task is not to be begun any more."""
        return self.job(row).cancel_requested is not None or row.job_id in self._stopped

    def begin(self, row: Row) -> Row:
        """Store that a claimed task runs."""
        now = self.call(row).now
        changes = {"status": "running", "attempts": row.attempts + 1, "started": now, "updated": now}
        return tasks.settle(self.tx, row, changes)

    def settle(self, row: Row, outcome: Outcome, duration_us: int = 0) -> None:
        """Store what became of a task and do what it has for an effect."""
        call = self.call(row)
        if isinstance(outcome, Again | Partly) and self.is_stopped(row):
            outcome = Stopped()
        if not isinstance(outcome, Partly | Stopped) and outcome.effect is not None:
            outcome.effect(call)
        status = STATUSES[type(outcome)]
        tasks.settle(self.tx, row, {"status": status, **self._settled(call, row, outcome, duration_us)})
        if isinstance(outcome, Again) and not outcome.is_attempt:
            self._moving[row.job_id] -= 1
        if status in work.ENDED:
            self._changes[row.job_id][status] += 1
        if isinstance(outcome, Again) and outcome.is_attempt and outcome.reason is not None:
            self._tell(row, "warning", f"Task {row.number} ({row.name}) is tried again. {outcome.reason.message}")
        if isinstance(outcome, Failed):
            self._tell(row, "error", f"Task {row.number} ({row.name}) failed. {outcome.message}")
            message = f"Task {row.number} of {self.job(row).progress.total} failed: {outcome.message}"
            self._failures[row.job_id] = WorkError(outcome.code, message)
        if isinstance(outcome, Stopped):
            self._stopped.add(row.job_id)
        if isinstance(outcome, Succeeded) and row.type in work.CHAINED and not self.is_stopped(row):
            due_ms = outcome.next_due_ms or self.now_ms
            tasks.release(self.tx, call.scope, row.job_id, row.number + 1, due_ms)

    def _tell(self, row: Row, level: str, message: str) -> None:
        logs.write(self.call(row), level, message, job=row.job_id, resource=self.job(row).resource)

    def close(self) -> set[str]:
        """Bring the jobs up to date, and return the topics to wake; the totals are changed last."""
        for job_id, (call, job) in self._jobs.items():
            if job_id in self._stopped and job.cancel_requested is None:
                job = work.store(call, job, replace(job, cancel_requested=call.now))
                self._changes[job_id]["canceled"] += tasks.cancel_waiting(self.tx, call.scope, job_id, call.now)
            new = replace(job, error=self._failures.get(job_id, job.error))
            if self._moving[job_id]:
                work.advanced(call, job, new, self._changes[job_id])
        return {topic for call, _ in self._jobs.values() for topic in call.topics}

    def _settled(self, call: Call, row: Row, outcome: Outcome, duration_us: int) -> dict[str, Any]:
        ended = None if isinstance(outcome, Again | Partly) else call.now
        changes: dict[str, Any] = {"finished": ended, "updated": call.now, "due_ms": None, "token": None}
        # One that is settled at once, without having been claimed, begins and ends here.
        attempts = row.attempts if row.token else row.attempts + 1
        if isinstance(outcome, Again):
            reason = outcome.reason
            changes |= {"due_ms": outcome.due_ms, "attempts": attempts if outcome.is_attempt else attempts - 1}
            return changes | _error(reason)
        if isinstance(outcome, Stopped):
            return changes
        if isinstance(outcome, Partly):
            return changes | {"due_ms": outcome.due_ms, "started": row.started or call.now}
        changes |= {"attempts": attempts, "duration_us": duration_us, "started": row.started or call.now}
        error = WorkError(outcome.code, outcome.message) if isinstance(outcome, Failed) else None
        return changes | _error(error) | {"output": outcome.output}

    def _call(self, scope: Scope) -> Call:
        if scope not in self._calls:
            offset = 0
            if scope.mode == "test" and (account := accounts.fetch(self.tx, scope.account_id)) is not None:
                offset = account.test_clock_offset
            self._calls[scope] = calls.of_worker(self.tx, scope, self.now_ms // 1000, self.means, offset)
        return self._calls[scope]


def _error(error: WorkError | None) -> dict[str, Any]:
    return {
        "error_code": None if error is None else error.code,
        "error_message": None if error is None else error.message,
    }
