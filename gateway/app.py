"""Puts a server together: document, contract, stages, pages and database."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from contract import document as documents
from contract.application import Application
from contract.document import Document
from contract.middleware import HandlerResolver
from contract.servers import Servers
from domain.calls import Allowance
from domain.clock import Clock, SystemClock
from domain.roles import Roles
from gateway import hosting, logs, secret_keys, stages
from gateway.batching import Batch
from gateway.closing import TurnAway
from gateway.exchange import Place
from gateway.execution import Execute
from gateway.keyring import Keyring
from gateway.pages import Pages
from gateway.pipeline import ErrorLinks, Pipeline
from gateway.preconditions import Revalidate
from gateway.recording import Recorder, Settle
from gateway.settings import Settings
from storage import database
from work.schedule import Schedule

# The longest list of items that one execution may take, in every plan.
MOST_IN_BATCH = 1000


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
        schedule = Schedule(opened, clock)
        running = asyncio.create_task(schedule.run())
        yield
        schedule.stop()
        await running
        await recorder.close()
        await opened.close()

    # The document first: one that does not fit leaves no database open.
    app = Application(document, lifespan, resolver, check_answers=settings.check_answers or settings.reload)
    place = hosting.own_place(settings, Servers(document.raw.get("servers", [])))
    opened = database.open_database(
        settings.database, deadline=settings.request_deadline, busy_timeout=settings.busy_timeout
    )
    recorder = Recorder(opened)
    app.contract.serve = build_pipeline(settings, document, recorder, clock, place)
    app.pages = Pages(lambda: app.contract.document, settings.base_url, opened)
    return app


def build_pipeline(settings: Settings, document: Document, recorder: Recorder, clock: Clock, place: Place) -> Pipeline:
    """What every request passes, in order; the finishing stages see the answer."""
    opened = recorder.database
    keyring = Keyring(opened, Roles(document.raw["x-scopes"], document.raw["x-roles"]))
    seal = secret_keys.seal(settings)
    execute = Execute(opened, allowances(document), seal, settings.allowed_networks, keyring.forget)
    pipeline = Pipeline(
        stages=[
            stages.Identify(clock),
            hosting.Locate(place),
            TurnAway(opened),
            stages.Route(),
            stages.Authenticate(keyring),
            hosting.Admit(),
            stages.MoveClock(),
            stages.ChooseVersion(),
            stages.Authorize(),
            stages.Decode(),
            Settle(recorder),
            Batch(opened, execute, lambda: pipeline, settings.request_deadline),
            execute,
        ],
        finishing=[Revalidate()],
        links=ErrorLinks(settings.base_url),
        record=recorder.record,
    )
    return pipeline


def allowances(document: Document) -> dict[str, Allowance]:
    """What each plan of `x-plans` allows."""
    return {
        plan: Allowance(
            entry["requests_per_minute"],
            MOST_IN_BATCH,
            document.raw["x-max-body-bytes"],
            plan,
            entry.get("monthly_quota"),
        )
        for plan, entry in document.raw["x-plans"].items()
    }
