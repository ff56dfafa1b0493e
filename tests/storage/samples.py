"""Rows to test with, and a short way to run units of work."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy import JSON, CheckConstraint, Column, Integer, Table, func, select

from storage import accounts, api_keys, idempotency, resources, settings
from storage.collection import Collection, Place
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


def sample(collection: Collection[Any], number: int, **changes: Any) -> dict[str, Any]:
    """The columns of an object of any kind; a higher number is a newer one.

    Many have equal names, times of change and values to filter by; what must be unique differs.
    """
    table = collection.table
    values = {
        column.name: _value(collection, column, number)
        for column in table.c
        if column.name not in ("account_id", "mode")
    }
    return {**values, **changes}


def _value(collection: Collection[Any], column: Column[Any], number: int) -> Any:
    allowed = _allowed(collection.table, column.name)
    if allowed:
        return allowed[number % len(allowed)]
    if column.name in ("id", collection.unique) or column.unique:
        return None if column.nullable else f"{column.name}_{number:026}"
    if column.name == "sequence":
        return number
    fixed = {"created": 1_000 + number, "updated": 5_000 + number % 3, "version": 1}
    if column.name in fixed:
        return fixed[column.name]
    if column.nullable and column.name not in collection.filters:
        return None
    if isinstance(column.type, JSON):
        return {}
    return number % 3 if isinstance(column.type, Integer) else f"{column.name} {number % 5}"


def _allowed(table: Table, column: str) -> list[str]:
    """The values that the table's check allows in a column."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and str(constraint.sqltext).startswith(f"{column} IN "):
            return re.findall("'([^']*)'", str(constraint.sqltext))
    return []


def add(tx: Transaction, collection: Collection[Any], number: int, scope: Scope = SCOPE, **changes: Any) -> bool:
    """What adding an object writes: the row and the counter; whether there was none with its unique value."""
    row = sample(collection, number, **changes)
    if not collection.insert(tx, scope, row):
        return False
    collection.tally(tx, scope, {row[collection.counted] if collection.counted else "": 1})
    return True


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
        "project_id": None,
        "target_url": None,
        "executions": 0,
        "failed_executions": 0,
        "paced_until_us": 0,
        "queued_until_us": 0,
        **changes,
    }


def create(tx: Transaction, number: int, scope: Scope = SCOPE, **changes: Any) -> None:
    """What creating a resource writes: the row and the counter."""
    row = resource(number, **changes)
    resources.ROWS.insert(tx, scope, row)
    resources.ROWS.tally(tx, scope, {row["status"]: 1})


def listed(tx: Transaction, collection: Collection[Any] = resources.ROWS, scope: Scope = SCOPE) -> list[Any]:
    """Every object, newest first."""
    return collection.page(tx, scope, {}, Place(), 1_000_000)


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
    """What an account has: its row, and settings in both modes; `api_version` is one of them."""
    version = changes.pop("api_version", None)
    values = {"id": "acct_1", "name": "Example", "plan": "growth", "region": "us", "created": 1_000, **changes}
    accounts.insert(tx, values)
    for mode in ("live", "test"):
        settings.insert(tx, Scope(values["id"], mode), {**SETTINGS, "api_version": version})


SETTINGS: dict[str, Any] = {
    "updated": 1_000,
    "version": 1,
    "name": "Example",
    "api_version": None,
    "log_retention_days": 30,
    "webhook_events": ["*"],
    "webhook_api_version": None,
}


def owners(tx: Transaction) -> None:
    """The accounts of the scopes above."""
    account(tx)
    account(tx, id="acct_2")


def api_key(tx: Transaction, number: int, scope: Scope = SCOPE, **changes: Any) -> None:
    """What making a key writes."""
    given = {"digest": f"digest-{number}", "scopes": ["resources:read", "resources:write"], "allowed_networks": []}
    add(tx, api_keys.ROWS, number, scope, **{"id": f"key_{number}", "user_id": None, **given, **changes})


def rows_in(tx: Transaction, table: str) -> int:
    return tx.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()
