"""Statements on events: what happened to the objects of an account."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.database import Transaction
from storage.latest import Latest
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import events


class Row(NamedTuple):
    """An event, its columns in the order of the table."""

    sequence: int
    id: str
    account_id: str
    mode: str
    type: str
    created: int
    object_id: str
    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None
    request_id: str | None
    idempotency_key: str | None


INSERT = Statement(sa.insert(events).inline(), Row._make, Row._fields[1:])
RECENT = Latest(events, Row._make, events.c.object_id, events.c.sequence)


def insert(tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> None:
    """Add an event; the database gives it its place in the sequence."""
    INSERT.run(
        tx,
        {
            "previous_attributes": None,
            "request_id": None,
            "idempotency_key": None,
            **values,
            "account_id": scope.account_id,
            "mode": scope.mode,
        },
    )
