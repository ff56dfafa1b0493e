"""Accounts: the tenants of the platform."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain import ids
from storage import accounts, settings
from storage.database import Transaction
from storage.scope import Scope

MODES = ("live", "test")
KEPT_LOG_DAYS = 30


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant: what it pays for, where it lives, and which numbers of its plan were agreed otherwise."""

    id: str
    name: str
    plan: str
    region: str
    created: int
    limits: Mapping[str, int | None] | None = None


def create(tx: Transaction, now: int, name: str, plan: str, region: str) -> Account:
    """Create an account, with settings for each of its modes."""
    account = Account(ids.new("acct"), name, plan, region, now)
    accounts.insert(tx, {"id": account.id, "name": name, "plan": plan, "region": region, "created": now})
    for mode in MODES:
        settings.insert(
            tx,
            Scope(account.id, mode),
            {
                "updated": now,
                "version": 1,
                "name": name,
                "api_version": None,
                "log_retention_days": KEPT_LOG_DAYS,
                "webhook_events": ["*"],
                "webhook_api_version": None,
            },
        )
    return account


def agree(tx: Transaction, account_id: str, numbers: Mapping[str, int | None], withdrawn: Iterable[str]) -> Account:
    """Agree on numbers of an account that exists, and go back to its plan's for the withdrawn ones."""
    row = accounts.fetch(tx, account_id)
    assert row is not None
    agreed = {**(row.limits or {}), **numbers}
    for name in withdrawn:
        agreed.pop(name, None)
    if agreed != (row.limits or {}):
        accounts.set_limits(tx, account_id, agreed or None)
    return Account(row.id, row.name, row.plan, row.region, row.created, agreed or None)


def fetch(tx: Transaction, account_id: str) -> Account | None:
    """The account with this id."""
    row = accounts.fetch(tx, account_id)
    return None if row is None else Account(row.id, row.name, row.plan, row.region, row.created, row.limits)


def exists(tx: Transaction, account_id: str) -> bool:
    """Whether there is such an account."""
    return accounts.fetch(tx, account_id) is not None


def any_exist(tx: Transaction) -> bool:
    """Whether there is an account at all."""
    return accounts.any_exist(tx)
