"""Puts a server together: document, contract, stages, pages and database."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from contract import document as documents
from contract.application import Application
from contract.document import Document
from contract.middleware import HandlerResolver
from domain.clock import Clock, SystemClock
from gateway import addresses, logs, secret_keys, stages
from gateway.addresses import Addresses, FailedAttempts
from gateway.execution import Execute
from gateway.keyring import Keyring
from gateway.limiting import Limit
from gateway.pages import Pages
from gateway.pipeline import ErrorLinks, Pipeline
from gateway.preconditions import Revalidate
from gateway.settings import Settings
from storage import database, limits_memory
from storage.database import Database
from storage.limits import Limiter

# A slot that nobody gives back ends after this many request deadlines. Only reading a slow body can take longer.
LEASE_PER_DEADLINE = 2


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

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        yield
        await limiter.close()
        await opened.close()

    # The document first: one that does not fit leaves no database open.
    app = Application(document, lifespan, resolver, check_answers=settings.check_answers or settings.reload)
    opened = database.open_database(
        settings.database, deadline=settings.request_deadline, busy_timeout=settings.busy_timeout
    )
    limiter = build_limiter(settings)
    app.contract.serve = build_pipeline(settings, opened, limiter, clock or SystemClock())
    app.pages = Pages(lambda: app.contract.document, settings.base_url, (opened, limiter))
    return app


def build_pipeline(settings: Settings, opened: Database, limiter: Limiter, clock: Clock) -> Pipeline:
    """What every request passes, in order; the finishing stages see the answer, the closing ones see every end."""
    limit = Limit(limiter, opened)
    return Pipeline(
        stages=[
            stages.Identify(clock, Addresses(addresses.networks(settings.trusted_proxies))),
            stages.Route(),
            stages.Authenticate(Keyring(opened), FailedAttempts(settings.failed_authentications_per_minute)),
            stages.SettleVersion(),
            limit,
            stages.FindOperation(),
            stages.Authorize(),
            stages.Decode(),
            Execute(opened, secret_keys.seal(settings)),
        ],
        finishing=[Revalidate()],
        closing=[limit.close],
        links=ErrorLinks(settings.base_url),
    )


def build_limiter(settings: Settings) -> Limiter:
    """Where the limits are kept: in Valkey, if the settings have one, else in this process."""
    if not settings.valkey_url:
        return limits_memory.MemoryLimiter()
    # One process needs no client of Valkey, and its import takes a while.
    from storage import limits_valkey

    return limits_valkey.ValkeyLimiter(settings.valkey_url, settings.request_deadline * LEASE_PER_DEADLINE)
