"""The task runner: does what is due, account by account. Read `EXECUTORS` first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from domain import activation
from storage.database import DeadlineExceeded, Unavailable
from work.executions import Execution, Executions
from work.steps import Step, Steps
from work.workers import Station

log = structlog.get_logger()

# How each type of job does one of its tasks: within the transaction that settles it, or outside of any.
EXECUTORS: dict[str, Step | Execution] = {
    "provision": Step(activation.step),
}

# A test that moves the clock, and a wake-up that was lost, are noticed after so long.
LOOK_SECONDS = 0.5
# Between two looks when there is more to do; then requests have their turn.
PAUSE_SECONDS = 0.002


class TaskRunner:
    """Does tasks until it is stopped. What fails for a reason that passes is tried again at the next look."""

    def __init__(self, station: Station, executors: Mapping[str, Step | Execution] = EXECUTORS) -> None:
        self._station = station
        self._stopping = asyncio.Event()
        steps = {name: each for name, each in executors.items() if isinstance(each, Step)}
        executions = {name: each for name, each in executors.items() if isinstance(each, Execution)}
        self._lanes: list[Steps | Executions] = [Steps(station, name, each) for name, each in steps.items()]
        self._lanes += [Executions(station, name, each) for name, each in executions.items()]

    async def run(self) -> None:
        """Look again and again; what runs at the end is finished or given back."""
        while not self._stopping.is_set():
            is_more = False
            for lane in self._lanes:
                try:
                    is_more |= await lane.look()
                except (Unavailable, DeadlineExceeded) as error:
                    log.warning("tasks put off", reason=str(error))
                except Exception:
                    # Whatever one type meets, the others go on.
                    log.exception("tasks failed")
            await self._pause(is_more)
        for lane in self._lanes:
            await lane.finish()

    def stop(self) -> None:
        """Have `run` return."""
        self._stopping.set()
        self._station.wakeups.stir({"tasks"})

    async def _pause(self, is_more: bool) -> None:
        """Wait for something to do."""
        if is_more:
            await asyncio.sleep(PAUSE_SECONDS)
            return
        now_ms = self._station.clock.time() * 1000
        ahead = [due - now_ms for lane in self._lanes if (due := lane.next_due_ms) is not None and due > now_ms]
        await self._station.wakeups.wait("tasks", max(PAUSE_SECONDS, min([LOOK_SECONDS, *(ms / 1000 for ms in ahead)])))
