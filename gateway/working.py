"""What works: put together for a server, and for a process without one."""

from __future__ import annotations

from collections.abc import Sequence

from domain.calls import Means
from domain.clock import Clock
from gateway import secret_keys
from gateway.settings import Settings
from storage import wakeups
from storage.database import Database
from work.schedule import Schedule
from work.tasks import TaskRunner
from work.workers import Station, Worker


def station(settings: Settings, database: Database, clock: Clock) -> Station:
    """What the workers of a process share with its requests."""
    means = Means(secret_keys.seal(settings), settings.allowed_networks, settings.provisioning_step_seconds)
    return Station(database, clock, wakeups.open_wakeups(settings.database, database), means)


def workers(station: Station, settings: Settings) -> Sequence[Worker]:
    """Everything that works, in the order in which it is stopped; the wake-ups last, as the others still use them."""
    working: list[Worker] = [Schedule(station.database, station.clock), TaskRunner(station)] if settings.work else []
    return [*working, station.wakeups]
