"""Statements on accounts, the tenants."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database import Transaction
from storage.statements import Statement
from storage.tables import accounts


class Row(NamedTuple):
    """An account, its columns in the order of the table."""

    id: str
    name: str
    plan: str
    region: str
    created: int
    limits: dict[str, int | None] | None
    test_clock_offset: int
    test_reset_day: int


INSERT = Statement(sa.insert(accounts).inline(), Row._make, Row._fields)
FIRST = Statement(sa.select(accounts).limit(1), Row._make)
SET_LIMITS = Statement(sa.update(accounts).where(accounts.c.id == sa.bindparam("account_id")), Row._make, ("limits",))
FETCH = Statement(sa.select(accounts).where(accounts.c.id == sa.bindparam("id")), Row._make)


def insert(tx: Transaction, account: Mapping[str, Any]) -> None:
    """Add an account."""
    INSERT.run(tx, {"limits": None, "test_clock_offset": 0, "test_reset_day": account["created"] // 86_400, **account})


def fetch(tx: Transaction, account_id: str) -> Row | None:
    """Find an account by its id."""
    return FETCH.first(tx, {"id": account_id})


def set_limits(tx: Transaction, account_id: str, limits: Mapping[str, int | None] | None) -> None:
    """Keep which numbers of its plan are others for an account."""
    SET_LIMITS.run(tx, {"account_id": account_id, "limits": limits})


def any_exist(tx: Transaction) -> bool:
    """Whether there is an account at all."""
    return FIRST.first(tx, {}) is not None
