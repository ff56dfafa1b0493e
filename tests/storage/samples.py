"""Rows to test with, and a short way to run units of work."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import func, select

from storage import accounts, api_keys, counters, idempotency, resources
from storage.database import Database, Transaction
from storage.scope import Scope
from storage.tables import metadata

T = TypeVar("T")

SCOPE = Scope("acct_1", "live")
OTHER_MODE = Scope("acct_1", "test")
OTHER_ACCOUNT = Scope("acct_2", "live")

DAY = 86_400


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def read(database: Database, unit: Callable[[Transaction], T]) -> T:
    return run(database.read(unit))


def write(database: Database, unit: Callable[[Transaction], T]) -> T:
    return run(database.write(unit))


def resource(number: int, **changes: Any) -> dict[str, Any]:
    """The columns of a resource; a higher number is a newer one."""
    return {
        "id": f"res_{number:026}",
        "created": 1_000 + number,
        "updated": 1_000 + number,
        "version": 1,
        "name": f"Resource {number}",
        "type": "production",
        "status": "pending",
        "timeout_ms": 5_000,
        "retry_count": 3,
        "batch_size": 100,
        "rate_limit": 1_000,
        "metadata": {"team": "platform"},
        "steps_completed": 2,
        "estimated_completion": 1_030 + number,
        **changes,
    }


def create(tx: Transaction, number: int, scope: Scope = SCOPE, **changes: Any) -> None:
    """What creating a resource writes: the row and the counter."""
    row = resource(number, **changes)
    resources.insert(tx, scope, row)
    counters.change(tx, scope, resources.KIND, row["status"], 1)


def creating(number: int, **changes: Any) -> Callable[[Transaction], None]:
    """The unit of work that creates one resource."""
    return lambda tx: create(tx, number, **changes)


def executing(*statements: str) -> Callable[[Transaction], None]:
    """The unit of work that executes some SQL."""

    def unit(tx: Transaction) -> None:
        for statement in statements:
            tx.exec_driver_sql(statement)

    return unit


def create_once(tx: Transaction, key: str, number: int) -> str:
    """Create a resource under an idempotency key; the stored answer, or 'created'."""
    standing = idempotency.claim(tx, SCOPE, key, "fingerprint", 1_000, 1_000 + DAY)
    if standing is not None:
        return standing.body.decode()
    create(tx, number)
    idempotency.complete(tx, SCOPE, key, 201, {"Location": str(number)}, str(number).encode())
    return "created"


def account(tx: Transaction, **changes: Any) -> None:
    values = {"id": "acct_1", "name": "Example", "plan": "growth", "region": "us", "created": 1_000}
    accounts.insert(tx, {**values, **changes})


def api_key(tx: Transaction, **changes: Any) -> None:
    values = {
        "id": "key_1",
        "account_id": "acct_1",
        "mode": "live",
        "name": "Production",
        "digest": "digest-1",
        "prefix": "sk_live_abcd",
        "last4": "wxyz",
        "scopes": ["resources:read", "resources:write"],
        "created": 1_000,
    }
    api_keys.insert(tx, {**values, **changes})


def rows_in(tx: Transaction, table: str) -> int:
    return tx.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()
