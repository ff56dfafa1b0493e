"""Statements on events: what happened to the objects of an account."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from storage import members
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


class OldestRunning(ColumnElement[int]):
    """The lowest id of a transaction on PostgreSQL that may still be running; on SQLite, above all that are there.

    What transactions below it have added is visible as a whole, and nothing will be added by them any more.
    """

    inherit_cache = True
    type = sa.BigInteger()


@compiles(OldestRunning)
def _write_above_all(_element: OldestRunning, _compiler: SQLCompiler, **_options: Any) -> str:
    return "1"


@compiles(OldestRunning, "postgresql")
def _write_postgresql_oldest(_element: OldestRunning, _compiler: SQLCompiler, **_options: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


class Position(NamedTuple):
    """A place in the order of the commits, in which events are followed: behind the event that has these."""

    transaction_id: int
    sequence: int


START = Position(-1, 0)

_ORDER = sa.tuple_(events.c.transaction_id, events.c.sequence)
_FOLLOWING = (
    sa.select(events)
    .where(
        sa.tuple_(sa.bindparam("behind_transaction_id"), sa.bindparam("behind_sequence")) < _ORDER,
        events.c.transaction_id < OldestRunning(),
    )
    .order_by(events.c.transaction_id, events.c.sequence)
    .limit(sa.bindparam("limit"))
)
FOLLOWING = Statement(_FOLLOWING, Row._make)
INSERT = Statement(sa.insert(events).inline().values(transaction_id=CurrentTransaction()), Row._make, Row._fields[1:-1])
WITH_IDS = Statement(sa.select(events).where(members.among(events.c.id, "ids")), Row._make)
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


def following(tx: Transaction, behind: tuple[int, int], limit: int) -> list[Row]:
    """Up to `limit` events of every account behind a position, in an order into which none is put later.

    Whoever goes on behind the last one that he got misses none. An event that was committed while an older transaction
    was still running is shown when that one has ended.
    """
    transaction_id, sequence = behind
    values = {"behind_transaction_id": transaction_id, "behind_sequence": sequence}
    return FOLLOWING.all(tx, {**values, "limit": limit})


def with_ids(tx: Transaction, ids: Iterable[str]) -> dict[str, Row]:
    """Some events of every account by their ids; those that are kept no longer are left out."""
    return {row.id: row for row in WITH_IDS.all(tx, {"ids": list(ids)})}
