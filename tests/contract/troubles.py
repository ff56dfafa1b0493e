"""What may go wrong on the server's side: faults, locks and slowness, and a look at what the database holds after."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg

from contract.middleware import HandlerResolver
from domain.calls import Call
from gateway.settings import Settings
from storage import database, sqlite, tables
from tests.serving import Tenant

SECRET = "a detail of the inside"
# The deadline of the server that `hasty` gives, in seconds.
DEADLINE = 0.1

Trouble = Callable[[Call, Any], None]

# What happens in the handlers of an account, by its id.
TROUBLES: dict[str, Trouble] = {}
# Tables, and columns such as `keys.last_used`, that are written beside requests, failed ones too → why.
BESIDE: dict[str, str] = {
    "logs": "an entry is written behind each answer",
    "usage": "a request is counted behind its answer",
    "deliveries": "events are sent beside requests",
    "delivery_attempts": "as above",
    "webhook_endpoints.failing_since": "as above",
    "api_keys.last_used": "a key's use is noted behind the answer",
}
# Table → the rows that are not written beside requests, as those of deliveries and of limits that were exceeded are.
ROWS = {"counters": "kind <> 'delivery'", "events": "type <> 'resource.limit_exceeded'"}
# What belongs to no account is written by the schedule and by the dispatcher, requests or not.
SHARED = ("scheduled_runs", "event_cursors", "maintenance")


class FailingResolver(HandlerResolver):
    """Finds the project's handlers, which fail after they have done their work when a test wants it."""

    def resolve_function_from_operation_id(self, operation_id: str) -> Callable[..., Any]:
        """The handler, troubled."""
        return troubled(super().resolve_function_from_operation_id(operation_id))


def troubled(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, which meets whatever the test has in store for the account before it returns."""

    @functools.wraps(handler)
    def meeting(call: Call, /, *args: Any, **kwargs: Any) -> Any:
        result = handler(call, *args, **kwargs)
        if call.scope.account_id in TROUBLES:
            TROUBLES[call.scope.account_id](call, result)
        return result

    return meeting


def fail(_call: Call, _result: Any) -> None:
    """A fault in the code."""
    raise RuntimeError(SECRET)


def answer_wrongly(_call: Call, result: Any) -> None:
    """A result that the document does not describe."""
    result.status = SECRET


def be_busy(_call: Call, _result: Any) -> None:
    """A database that cannot serve."""
    raise database.Unavailable(SECRET, retry_after=7)


def outlast(call: Call, _result: Any) -> None:
    """More work than the deadline allows."""
    database.leave_loop(call.tx)
    time.sleep(DEADLINE * 1.2)


@contextlib.contextmanager
def met_by(tenant: Tenant, trouble: Trouble) -> Iterator[None]:
    """The trouble befalls every operation of the tenant meanwhile."""
    TROUBLES[tenant.account_id] = trouble
    try:
        yield
    finally:
        del TROUBLES[tenant.account_id]


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another writer holds the database meanwhile; reading goes on."""
    if settings.is_embedded:
        holder = sqlite.DRIVER.connect(settings.database.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.close()
        return
    with psycopg.connect(settings.database) as connection:
        connection.execute(f"LOCK TABLE {', '.join(tables.metadata.tables)} IN SHARE MODE".encode())
        yield
        connection.rollback()


def contents(tenant: Tenant) -> Mapping[str, set[Any]]:
    """Every row that a tenant has in any table, but for what is written beside requests.

    Work for other tenants goes on meanwhile. Each table has a primary key.
    """

    def read(tx: database.Transaction) -> dict[str, set[Any]]:
        driver: Any = tx.connection.driver_connection
        statements = compared(tenant.server.settings.is_embedded)
        found = {}
        for name, statement in statements.items():
            found[name] = set(driver.execute(f"{statement} = '{tenant.account_id}'").fetchall())
        return found

    return tenant.server.database.read(read)


@functools.cache
def compared(is_sqlite: bool) -> Mapping[str, str]:
    """The statement that reads the rows of an account, by the table's name; the account's id belongs at its end.

    Rows come as the driver has them, or as PostgreSQL writes them.
    """
    statements = {}
    for name, table in tables.metadata.tables.items():
        if name not in {*BESIDE, *SHARED}:
            columns = ", ".join(f'"{each.name}"' for each in table.columns if f"{name}.{each.name}" not in BESIDE)
            shown = columns if is_sqlite else f"ROW({columns})::text"
            owner = "id" if name == "accounts" else "account_id"
            statements[name] = f'SELECT {shown} FROM "{name}" WHERE {ROWS.get(name, "1 = 1")} AND {owner}'
    return statements
