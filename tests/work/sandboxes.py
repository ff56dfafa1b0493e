"""Accounts with data in both modes, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from domain import accounts, api_keys, dispatching, ids, metrics, projects, resources, seals
from domain.api_keys import KeyOptions
from domain.calls import Allowance, Call, Means
from domain.dispatching import Happened
from domain.metrics import Execution
from domain.seals import Seal
from storage import database, deliveries, idempotency, outputs, tables
from storage.database import Transaction
from storage.deliveries import AttemptRow
from storage.logs import INSERT, Row
from storage.scope import Scope

T = TypeVar("T")

DAY = 86_400
TODAY = 20_000 * DAY
ALLOWANCE = Allowance(1, 1, 1, "free", None, 1, 1, 1)
SEAL = Seal([seals.new_key()])
CONFIGURATION: resources.Settings = {"timeout_ms": 5000, "retry_count": 3, "batch_size": 100}
# What a reset deletes.
EMPTIED = (
    "resources",
    "metrics_hourly",
    "projects",
    "jobs",
    "tasks",
    "job_outputs",
    "events",
    "idempotency_keys",
    "logs",
    "deliveries",
    "delivery_attempts",
)
MODES = ("live", "test")
LOGGED = {"type": "request", "level": "info", "message": "GET /v2/resources 200"}


class StillClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = TODAY) -> None:
        self.moment = now

    def now(self) -> int:
        return self.moment

    def time(self) -> float:
        return float(self.moment)


def write(url: str, unit: Callable[[Transaction], T]) -> T:
    """Run one unit of work on a database."""

    async def once() -> T:
        opened = database.open_database(url)
        try:
            return await opened.write(unit)
        finally:
            await opened.close()

    return asyncio.run(once())


def account(tx: Transaction, now: int = TODAY) -> str:
    """Make an account with a key in each mode."""
    made = accounts.create(tx, now, "Somebody", "scale", "us")
    for mode in MODES:
        api_keys.issue(tx, now, made.id, KeyOptions(mode=mode, scopes=["*"]))
    return made.id


def calling(tx: Transaction, account_id: str, mode: str, now: int) -> Call:
    return Call(tx, Scope(account_id, mode), now, "req_0123456789abcdef", ALLOWANCE, Means(SEAL))


def fill(tx: Transaction, account_id: str, number: int, now: int = TODAY, mode: str = "test") -> None:
    """Give an account projects, resources in two statuses, their events, and idempotency keys."""
    call = calling(tx, account_id, mode, now)
    for index in range(number):
        slug = f"project-{now}-{index}"
        project = projects.create(call, {"name": "A project", "slug": slug, "description": None, "metadata": {}})
        made = resource(call, project.id if index % 2 else None)
        metrics.record(call, made.id, [Execution(latency_us=1000, is_error=False)])
        if index % 3 == 0:
            resources.update(call, made.id, {"status": "active"})
        idempotency.claim(tx, call.scope, slug, "fingerprint", now, now + DAY)
        idempotency.complete(tx, call.scope, slug, 200, {}, b"")
        happened = Happened(ids.new("evt"), account_id, mode, "project.created", now)
        delivery = dispatching.new(happened, "whk_1", 0)
        deliveries.insert(tx, [delivery])
        deliveries.INSERT_ATTEMPTS.run(tx, [AttemptRow(account_id, mode, delivery.id, 1, now, 1000, 500, "", "")])
        outputs.insert(tx, outputs.Row(*call.scope, ids.new("job"), 1, now, 1, 1, slug, b"{}"))
        entry = {"id": ids.in_hex(), "account_id": account_id, "mode": mode, "created": now, **LOGGED}
        INSERT.run(tx, [tuple(entry.get(name) for name in Row._fields)])


def resource(call: Call, project_id: str | None = None) -> resources.Resource:
    """Create a resource, in a project if one is given."""
    body: resources.ResourceCreate = {
        "name": "A resource",
        "type": "production",
        "configuration": CONFIGURATION,
        "metadata": {},
        "project": project_id,
    }
    return resources.create(call, body)


def rows(tx: Transaction, account_id: str, mode: str) -> dict[str, int]:
    """How many rows of each kind there are, and how many the totals say of some."""
    found = {}
    for name in EMPTIED:
        table = tables.metadata.tables[name]
        own = sa.and_(table.c.account_id == account_id, table.c.mode == mode)
        found[name] = tx.execute(sa.select(sa.func.count()).select_from(table).where(own)).scalar_one()
    totals = tables.counters
    for kind in ("resource", "project", "job", "task", "delivery", "api_key"):
        own = sa.and_(totals.c.account_id == account_id, totals.c.mode == mode, totals.c.kind == kind)
        found[f"{kind} total"] = int(tx.execute(sa.select(sa.func.sum(totals.c.count)).where(own)).scalar() or 0)
    return found


def totals_by_status(tx: Transaction, account_id: str) -> tuple[dict[str, int], dict[str, int]]:
    """The resources of test mode by their status: counted, and as the totals say."""
    own = sa.and_(tables.resources.c.account_id == account_id, tables.resources.c.mode == "test")
    kept = tables.resources.c.status
    counted = sa.select(sa.literal("counted"), kept, sa.func.count()).where(own).group_by(kept)
    c = tables.counters.c
    told = sa.select(sa.literal("told"), c.status, c["count"]).where(
        c.account_id == account_id, c.mode == "test", c.kind == "resource", c["count"] != 0
    )
    # One statement, as two could see what was committed between them.
    found = tx.execute(sa.union_all(counted, told)).all()
    first, second = ({str(row[1]): int(row[2]) for row in found if row[0] == name} for name in ("counted", "told"))
    return first, second
