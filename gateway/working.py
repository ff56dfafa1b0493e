"""What works: put together for a server, and for a process without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import processors
from contract.compiler import CompiledContract
from domain import events, exporting
from domain.calls import Means
from domain.clock import Clock
from gateway import secret_keys
from gateway.exporting import ExportWriter
from gateway.settings import Settings
from storage import wakeups
from storage.database import Database
from storage.events import Row
from work import tasks
from work.dispatcher import Dispatcher
from work.outbound import Outbound
from work.processing import Processing
from work.schedule import Schedule
from work.sender import Sender
from work.steps import Step
from work.tasks import TaskRunner
from work.workers import Station, Worker


def station(settings: Settings, database: Database, clock: Clock) -> Station:
    """What the workers of a process share with its requests."""
    means = Means(
        secret_keys.seal(settings),
        settings.allowed_networks,
        settings.provisioning_step_seconds,
        tuple(processors.discover()),
    )
    return Station(database, clock, wakeups.open_wakeups(settings.database, database), means)


def workers(station: Station, settings: Settings, contract: Callable[[], CompiledContract]) -> Sequence[Worker]:
    """Everything that works, in the order in which it is stopped; the wake-ups last, as the others still use them.

    `contract` shows objects and events; it is asked each time, as an edited document may be served.
    """
    if not settings.work:
        return [station.wakeups]

    def render(event: Row, api_version: str) -> bytes:
        return contract().payloads.render(events.load(event, api_version), api_version)

    process = Processing(station.clock, processors.discover(), Outbound(station.means.allowed_networks))
    export = Step(partial(exporting.step, ExportWriter(contract)), together=1)
    sender = Sender(station, Outbound(station.means.allowed_networks), render)
    return [
        Schedule(station.database, station.clock),
        TaskRunner(station, {**tasks.EXECUTORS, "process": process.execution(), "export": export}),
        Dispatcher(station, sender),
        sender,
        station.wakeups,
    ]
