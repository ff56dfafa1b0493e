"""Statements on the settings of an account, which each mode has its own of."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import settings


class Row(NamedTuple):
    """The settings, their columns in the order of the table."""

    account_id: str
    mode: str
    updated: int
    version: int
    name: str
    api_version: str | None
    log_retention_days: int
    webhook_events: list[str]
    webhook_api_version: str | None


CHANGEABLE = (
    "updated",
    "version",
    "name",
    "api_version",
    "log_retention_days",
    "webhook_events",
    "webhook_api_version",
)

INSERT = Statement(sa.insert(settings).inline(), Row._make, Row._fields)
FETCH = Statement(sa.select(settings).where(scopes.of(settings)), Row._make)
FETCH_FOR_UPDATE = Statement(sa.select(settings).where(scopes.of(settings)).with_for_update(), Row._make)
UPDATE = Statement(sa.update(settings).where(scopes.of(settings)), Row._make, CHANGEABLE)


def insert(tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> None:
    """Add the settings of a new account in one mode."""
    INSERT.run(tx, {**values, "account_id": scope.account_id, "mode": scope.mode})


def fetch(tx: Transaction, scope: Scope) -> Row:
    """The settings, which every account has."""
    return _found(FETCH.first(tx, {"account_id": scope.account_id, "mode": scope.mode}))


def fetch_for_update(tx: Transaction, scope: Scope) -> Row:
    """The settings, locked until the transaction ends."""
    return _found(FETCH_FOR_UPDATE.first(tx, {"account_id": scope.account_id, "mode": scope.mode}))


def update(tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> None:
    """Write all that can change."""
    UPDATE.run(tx, {**values, "account_id": scope.account_id, "mode": scope.mode})


def _found(row: Row | None) -> Row:
    assert row is not None, "an account has settings in both modes from its creation on"
    return row
