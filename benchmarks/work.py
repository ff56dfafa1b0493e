"""The steps of a run that measure what happens behind the answers: deliveries and jobs."""

import contextlib
import os

from benchmarks import contenders, delivery, processing, report, seeding
from benchmarks.run import Run

# Where the receiver of webhooks is.
LOCAL = {"API_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8"}
RESOURCES = 4_000
LOADS = 3


def deliver(run: Run, postgresql: str = "") -> None:
    """Have events delivered to a receiver, on SQLite or on a PostgreSQL server, where the figures are only reported."""
    engine = "PostgreSQL" if postgresql else "SQLite"
    with contextlib.ExitStack() as running:
        database = running.enter_context(seeding.database_on(postgresql, f"bench_{os.getpid()}")) if postgresql else ""
        with run.step(f"starting a server and a receiver of webhooks on {engine}"):
            name = f"events on {engine}"
            sender = contenders.our_server(run.folder / name, run.processor, name, database, LOCAL)
            sender.is_spread = True
            contender = contenders.seeded(sender, RESOURCES, "test")
            running.enter_context(sender).wait_for(contenders.HEALTH)
            receiver = running.enter_context(contenders.receiver_server(run.folder))
            delivery.subscribe(contender, receiver)
        with run.step(f"time to the receiver, {delivery.FEW_PER_SECOND} events a second for {run.plan.journey:.0f} s"):
            journey = delivery.journey(contender, receiver, run.plan.journey)
        run.note(f"deliveries on {engine}", journey.conditions)
        with run.step(f"{delivery.MANY_PER_SECOND:,} events a second for {run.plan.flow:.0f} s"):
            flow = delivery.flow(contender, receiver, run.plan.flow)
        run.note(f"many deliveries on {engine}", flow.conditions)
        run.rows += [report.journey_row(journey, engine), report.flow_row(flow, engine)]


def process(run: Run) -> None:
    """Read while jobs are worked off."""
    with contextlib.ExitStack() as running:
        name = "jobs"
        server = contenders.our_server(run.folder / name, run.processor, name)
        contender = contenders.seeded(server, RESOURCES)
        running.enter_context(server).wait_for(contenders.HEALTH)
        with run.step(f"reads, idle and beside {processing.ITEMS_PER_MINUTE:,} items a minute, {run.plan.load:.0f} s"):
            load = processing.measure(contender, run.plan.load, LOADS)
        run.note("reads beside jobs", processing.worst(load.turns))
        run.rows.append(report.load_row(load))
