"""Statements on events: what happened to the objects of an account."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

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
    transaction_id: int


class CurrentTransaction(ColumnElement[int]):
    """The id of the running transaction on PostgreSQL; 0 on SQLite, whose one writer commits in order."""

    inherit_cache = True
    type = sa.BigInteger()


@compiles(CurrentTransaction)
def _write_current_transaction(_element: CurrentTransaction, _compiler: SQLCompiler, **_options: Any) -> str:
    return "0"


@compiles(CurrentTransaction, "postgresql")
def _write_postgresql_transaction(_element: CurrentTransaction, _compiler: SQLCompiler, **_options: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


INSERT = Statement(sa.insert(events).inline().values(transaction_id=CurrentTransaction()), Row._make, Row._fields[1:-1])
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
