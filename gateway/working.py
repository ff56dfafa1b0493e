"""What works: put together for a server, and for a process without one."""

from __future__ import annotations

from collections.abc import Sequence

import processors
from domain.calls import Means
from domain.clock import Clock
from gateway import secret_keys
from gateway.settings import Settings
from storage import wakeups
from storage.database import Database
from work import tasks
from work.outbound import Outbound
from work.processing import Processing
from work.schedule import Schedule
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


def workers(station: Station, settings: Settings) -> Sequence[Worker]:
    """Everything that works, in the order in which it is stopped; the wake-ups last, as the others still use them."""
    if not settings.work:
        return [station.wakeups]
    process = Processing(station.clock, processors.discover(), Outbound(settings.allowed_networks))
    runner = TaskRunner(station, {**tasks.EXECUTORS, "process": process.execution()})
    return [Schedule(station.database, station.clock), runner, station.wakeups]
