"""What stands in the storage: a tenant's events, read and its rows changed behind the API's back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from domain import api_keys
from storage import events, tables
from storage.database import Transaction
from tests.serving import Server, Tenant

T = TypeVar("T")


def read(server: Server, unit: Callable[[Transaction], T]) -> T:
    """What a unit of work finds in the server's database."""
    return server.database.read(unit)


def events_of(tenant: Tenant, mode: str = "live") -> list[events.Row]:
    """Every event of a tenant in one mode, in the order in which they were recorded.

    Those of the jobs that provision resources are left out, as they come beside what a test does.
    """
    rows = all_of(tenant, mode)
    return [row for row in rows if row.object.get("object") != "job" or row.object["type"] != "provision"]


def all_of(tenant: Tenant, mode: str = "live") -> list[events.Row]:
    """Every event of a tenant in one mode, with those of the jobs that provision resources."""
    found = sa.select(tables.events).where(
        tables.events.c.account_id == tenant.account_id, tables.events.c.mode == mode
    )
    ordered = found.order_by(tables.events.c.sequence)
    return read(tenant.server, lambda tx: [events.Row._make(row) for row in tx.execute(ordered)])


def types_of(tenant: Tenant, mode: str = "live") -> list[str]:
    """The types of a tenant's events in one mode, in order."""
    return [event.type for event in events_of(tenant, mode)]


def revoke(tenant: Tenant, key: str) -> None:
    """Revoke a key of the tenant."""

    def unit(tx: Transaction) -> bool:
        shown = next(each for each in api_keys.list_of(tx, tenant.account_id) if key.endswith(each.last4))
        return api_keys.revoke(tx, tenant.server.clock.now(), shown.id)

    assert tenant.server.database.write(unit)


def pin(tenant: Tenant, version: str) -> None:
    """Pin the tenant's account to a dated version, in both modes."""
    own = tables.settings.c.account_id == tenant.account_id
    pinned = sa.update(tables.settings).where(own).values(api_version=version)
    tenant.server.database.write(lambda tx: tx.execute(pinned).rowcount)
