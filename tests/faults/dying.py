"""A server or a worker whose clock is ahead, and that dies at an exact point.

`python -m tests.faults.dying SECONDS POINT server …`: the point is one of `POINTS`, where the process kills itself when
it comes there the second time, or `NOWHERE`.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from domain import attempts, idempotency, metrics
from domain.clock import SystemClock
from gateway import server, worker
from gateway.execution import Execute
from storage import event_cursors, outputs
from work.executions import Executions
from work.outbound import Outbound
from work.sender import Sender
from work.steps import Steps


class Point(NamedTuple):
    """Before or after a function is called, with arguments that count."""

    owner: Any
    name: str
    is_after: bool
    counts: Callable[..., Any] = lambda *_: True


NOWHERE = "nowhere"
POINTS = {
    "a request has its effect, and is not committed": Point(idempotency, "complete", is_after=True),
    "a request is committed, and not answered": Point(Execute, "follow_up", is_after=False),
    "tasks are claimed, and that is not committed": Point(Executions, "_claim", is_after=True),
    "a task is claimed, and not done": Point(Executions, "_perform", is_after=False),
    "a task is done outside, and not settled": Point(Executions, "_settle", is_after=False),
    "a task has its effect, and is not committed": Point(metrics, "record", is_after=True),
    "a task is settled, and nobody is told": Point(Executions, "_settle", is_after=True),
    "steps are done, and not committed": Point(Steps, "_settle", is_after=True),
    "part of a file is written, and not committed": Point(outputs, "insert", is_after=True),
    "events are dispatched, and that is not committed": Point(event_cursors, "move", is_after=True),
    "deliveries are held, and not sent": Point(Sender, "take", False, lambda _, parcel, __: parcel.rows),
    "a delivery has arrived, and is not settled": Point(Outbound, "post", is_after=True),
    "deliveries are settled, and that is not committed": Point(attempts, "settle", is_after=True),
    "deliveries are settled, and nobody is told": Point(Sender, "_settle", is_after=True),
}


def die_at(point: Point) -> None:
    """Have the process killed when it comes to a point the second time."""
    original: Callable[..., Any] = getattr(point.owner, point.name)
    times = itertools.count(1)

    def come(*arguments: Any, is_after: bool) -> None:
        if is_after == point.is_after and point.counts(*arguments) and next(times) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)

    @functools.wraps(original)
    def plain(*arguments: Any, **options: Any) -> Any:
        come(*arguments, is_after=False)
        result = original(*arguments, **options)
        come(*arguments, is_after=True)
        return result

    @functools.wraps(original)
    async def awaited(*arguments: Any, **options: Any) -> Any:
        come(*arguments, is_after=False)
        result = await original(*arguments, **options)
        come(*arguments, is_after=True)
        return result

    setattr(point.owner, point.name, awaited if inspect.iscoroutinefunction(original) else plain)


def be_ahead(seconds: float) -> None:
    """Set the clock of the process."""
    original = SystemClock.time
    setattr(SystemClock, "time", lambda clock: original(clock) + seconds)  # noqa: B010 - the types forbid it else
    setattr(SystemClock, "now", lambda clock: int(clock.time()))  # noqa: B010 - as above


def main(seconds: str, point: str, program: str, *options: str) -> int:
    """Run a server or a worker with its options."""
    be_ahead(float(seconds))
    if point != NOWHERE:
        die_at(POINTS[point])
    return server.main(options) if program == "server" else worker.main(options)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
