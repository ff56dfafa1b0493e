"""Accounts: the tenants of the platform."""

from __future__ import annotations

from dataclasses import dataclass

from domain import ids
from storage import accounts
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant: what it pays for, where it lives, and the version that it is pinned to."""

    id: str
    name: str
    plan: str
    region: str
    api_version: str | None
    created: int


def create(tx: Transaction, now: int, name: str, plan: str, region: str) -> Account:
    """Create an account."""
    account = Account(ids.new("acct"), name, plan, region, None, now)
    accounts.insert(
        tx,
        {
            "id": account.id,
            "name": name,
            "plan": plan,
            "region": region,
            "api_version": None,
            "created": now,
        },
    )
    return account


def exists(tx: Transaction, account_id: str) -> bool:
    """Whether there is such an account."""
    return accounts.fetch(tx, account_id) is not None


def any_exist(tx: Transaction) -> bool:
    """Whether there is an account at all."""
    return accounts.any_exist(tx)
