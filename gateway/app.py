"""Puts a server together: document, contract, stages, pages and database."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from contract import document as documents
from contract.application import Application
from contract.document import Document
from contract.middleware import HandlerResolver
from contract.servers import Servers
from domain.clock import Clock, SystemClock
from domain.roles import Roles
from gateway import addresses, hosting, logs, stages, working
from gateway.addresses import Addresses, FailedAttempts
from gateway.batching import Batch
from gateway.closing import TurnAway
from gateway.downloads import Downloads
from gateway.exchange import Place
from gateway.execution import Execute
from gateway.keyring import Keyring
from gateway.limiting import Limit
from gateway.pages import Pages
from gateway.pipeline import ErrorLinks, Pipeline
from gateway.preconditions import Revalidate
from gateway.recording import Recorder, Settle
from gateway.settings import Settings
from storage import database, limits_memory
from storage.limits import Limiter
from work import workers
from work.workers import Station

# A slot that nobody gives back ends after this many request deadlines. Only reading a slow body can take longer.
LEASE_PER_DEADLINE = 2


class Parts(NamedTuple):
    """What the stages share."""

    station: Station
    recorder: Recorder
    limiter: Limiter
    place: Place


def create_app(
    settings: Settings,
    *,
    document: Document | None = None,
    clock: Clock | None = None,
    resolver: HandlerResolver | None = None,
) -> Application:
    """Build everything a server needs; raises SpecError where the document and the code disagree."""
    logs.configure(sys.stderr)
    document = document or documents.load(settings.document)
    clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with workers.working(working.workers(station, settings, lambda: app.contract.current)):
            yield
        await recorder.close()
        await limiter.close()
        await opened.close()

    # The document first: one that does not fit leaves no database open.
    app = Application(document, lifespan, resolver, check_answers=settings.check_answers or settings.reload)
    place = hosting.own_place(settings, Servers(document.raw.get("servers", [])))
    opened = database.open_database(
        settings.database, deadline=settings.request_deadline, busy_timeout=settings.busy_timeout
    )
    station = working.station(settings, opened, clock)
    recorder = Recorder(opened)
    limiter = build_limiter(settings)
    app.contract.serve = build_pipeline(
        settings, lambda: app.contract.document, Parts(station, recorder, limiter, place)
    )
    app.pages = Pages(lambda: app.contract.document, settings.base_url, (opened, limiter))
    return app


def build_pipeline(settings: Settings, document: Callable[[], Document], parts: Parts) -> Pipeline:
    """What every request passes, in order; the finishing stages see the answer, the closing ones see every end.

    `document` gives the one that is served now.
    """
    (opened, clock, wakeups, means), recorder = parts.station, parts.recorder
    keyring = Keyring(opened, lambda: roles_in(document()))
    attempts = FailedAttempts(settings.failed_authentications_per_minute)
    limit = Limit(parts.limiter, opened)
    execute = Execute(opened, means, keyring.forget, wakeups.wake)
    pipeline = Pipeline(
        stages=[
            stages.Identify(clock, Addresses(addresses.networks(settings.trusted_proxies))),
            hosting.Locate(parts.place),
            TurnAway(opened),
            stages.Route(),
            stages.Authenticate(keyring, attempts),
            stages.SettleVersion(),
            limit,
            hosting.Admit(),
            stages.MoveClock(),
            stages.FindOperation(),
            stages.Authorize(),
            stages.Decode(),
            Settle(recorder),
            Batch(opened, execute, lambda: pipeline, settings.request_deadline),
            execute,
        ],
        finishing=[Revalidate()],
        closing=[limit.close, recorder.record],
        downloads=Downloads(opened),
        links=ErrorLinks(settings.base_url),
    )
    return pipeline


@lru_cache(maxsize=1)
def roles_in(document: Document) -> Roles:
    """The scopes and the roles that a document declares."""
    return Roles(document.raw["x-scopes"], document.raw["x-roles"])


def build_limiter(settings: Settings) -> Limiter:
    """Where the limits are kept: in Valkey, if the settings have one, else in this process."""
    if not settings.valkey_url:
        return limits_memory.MemoryLimiter()
    # One process needs no client of Valkey, and its import takes a while.
    from storage import limits_valkey

    return limits_valkey.ValkeyLimiter(settings.valkey_url, settings.request_deadline * LEASE_PER_DEADLINE)
