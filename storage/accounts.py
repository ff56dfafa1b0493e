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
    next_test_reset: int


DAY = 86_400

INSERT = Statement(sa.insert(accounts).inline(), Row._make, Row._fields)
FIRST = Statement(sa.select(accounts).limit(1), Row._make)
_ONE = accounts.c.id == sa.bindparam("id")
FETCH = Statement(sa.select(accounts).where(_ONE), Row._make)
LOCK = Statement(sa.select(accounts).where(_ONE).with_for_update(), Row._make)
LOCK_DUE = Statement(
    sa.select(accounts)
    .where(accounts.c.next_test_reset <= sa.bindparam("now"))
    .order_by(accounts.c.next_test_reset)
    .limit(1)
    .with_for_update(skip_locked=True),
    Row._make,
)
SET_TEST_CLOCK = Statement(sa.update(accounts).where(_ONE), Row._make, ("test_clock_offset", "next_test_reset"))
SET_LIMITS = Statement(sa.update(accounts).where(accounts.c.id == sa.bindparam("account_id")), Row._make, ("limits",))


def insert(tx: Transaction, account: Mapping[str, Any]) -> None:
    """Add an account, whose test data is deleted from the next midnight in UTC on."""
    midnight = (account["created"] // DAY + 1) * DAY
    INSERT.run(tx, {"limits": None, "test_clock_offset": 0, "next_test_reset": midnight, **account})


def fetch(tx: Transaction, account_id: str) -> Row | None:
    """Find an account by its id."""
    return FETCH.first(tx, {"id": account_id})


def set_limits(tx: Transaction, account_id: str, limits: Mapping[str, int | None] | None) -> None:
    """Keep which numbers of its plan are others for an account."""
    SET_LIMITS.run(tx, {"account_id": account_id, "limits": limits})


def any_exist(tx: Transaction) -> bool:
    """Whether there is an account at all."""
    return FIRST.first(tx, {}) is not None


def lock(tx: Transaction, account_id: str) -> Row | None:
    """Find an account and lock it until the transaction ends."""
    return LOCK.first(tx, {"id": account_id})


def lock_due(tx: Transaction, now: int) -> Row | None:
    """Find an account whose test data is due to be deleted and which nobody else has locked, and lock it."""
    return LOCK_DUE.first(tx, {"now": now})


def set_test_clock(tx: Transaction, account_id: str, offset: int, next_reset: int) -> None:
    """Set how far the clock of test mode is ahead, and when test data is deleted next by the real clock."""
    SET_TEST_CLOCK.run(tx, {"id": account_id, "test_clock_offset": offset, "next_test_reset": next_reset})
