"""Statements on events: what happened to the objects of an account."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from storage import members
from storage.collection import Listing, Shape
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import events
from storage.uncounted import Uncounted


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


class Follows(ColumnElement[bool]):
    """Whether an event stands behind a position, and no transaction that may still run can add one before it.

    On SQLite, whose one writer commits in the order of the sequence, that is the order. On PostgreSQL an event of a
    transaction that began later than one that still runs has to wait.
    """

    inherit_cache = True


_BEHIND_TRANSACTION = sa.bindparam("behind_transaction_id", type_=sa.BigInteger())
_BEHIND_SEQUENCE = sa.bindparam("behind_sequence", type_=sa.BigInteger())
# SQLite looks up a comparison of both columns together by the first alone.
_ON_SQLITE = sa.and_(events.c.transaction_id == _BEHIND_TRANSACTION, events.c.sequence > _BEHIND_SEQUENCE)
_ON_POSTGRESQL = sa.and_(
    sa.tuple_(_BEHIND_TRANSACTION, _BEHIND_SEQUENCE) < sa.tuple_(events.c.transaction_id, events.c.sequence),
    events.c.transaction_id < sa.literal_column("pg_snapshot_xmin(pg_current_snapshot())::text::bigint"),
)


@compiles(Follows)
def _write_follows(_element: Follows, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(_ON_SQLITE, **options)


@compiles(Follows, "postgresql")
def _write_postgresql_follows(_element: Follows, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(_ON_POSTGRESQL, **options)


class Position(NamedTuple):
    """A place in the order of the commits, in which events are followed: behind the event that has these."""

    transaction_id: int
    sequence: int


START = Position(0, 0)

# What a type such as `resource.created` begins with, up to the dot.
_KIND = sa.func.rtrim(events.c.type, "abcdefghijklmnopqrstuvwxyz_")
_WANTED = " " + sa.bindparam("type", type_=sa.String()) + " "


def _named(name: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether a name is among the wanted ones, which stand in one text with a space between."""
    found: sa.ColumnElement[bool] = sa.func.replace(_WANTED, " " + name + " ", "") != _WANTED
    return found


def _behind(statement: sa.Select[Any]) -> sa.Select[Any]:
    """What stands behind a position, in the order of the commits."""
    ordered = statement.where(Follows()).order_by(events.c.transaction_id, events.c.sequence)
    return ordered.limit(sa.bindparam("limit"))


class Events(Uncounted[Row]):
    """The events of an account and mode: newest first by their ids, or followed in the order of the commits."""

    def following(
        self, tx: Transaction, scope: Scope, filters: Mapping[str, Any], behind: Position, limit: int
    ) -> list[Row]:
        """Up to `limit` events behind a position; whoever goes on behind the last one that he got misses none."""
        if filters:
            leave_loop(tx)
        values = {"behind_transaction_id": behind.transaction_id, "behind_sequence": behind.sequence, "limit": limit}
        scoped = {"account_id": scope.account_id, "mode": scope.mode}
        return self._following(tuple(filters)).all(tx, {**scoped, **filters, **values})

    def statements(self, shapes: Iterable[Shape]) -> Iterator[Statement[Any]]:
        """Every statement that can be run, each once, for lists narrowed by each of these sets of filters."""
        wanted = list(shapes)
        yield from super().statements(wanted)
        yield from map(self._following, wanted)

    def _following(self, shape: Shape) -> Statement[Row]:
        walked = "transaction_id"
        matching = self._matching(sa.select(events), shape, walked)
        return self._kept(("following", shape), lambda: Statement(_behind(matching), Row._make))


ROWS = Events(
    "event",
    events,
    Row._make,
    Listing(
        filters={
            "type": sa.or_(_named(events.c.type), _named(_KIND + "*")),
            "object_id": events.c.object_id == sa.bindparam("object_id"),
        },
        sorts=("id",),
    ),
)
# Without an index on the time: the first are the oldest, but for those that a test clock which is ahead has stamped.
_FIRST = sa.select(events.c.sequence, events.c.created).order_by(events.c.sequence).limit(sa.bindparam("limit"))
_OLD = sa.select(_FIRST.subquery("first").c.sequence).where(sa.column("created") < sa.bindparam("before"))
DELETE_OLD = Statement(sa.delete(events).where(events.c.sequence.in_(_OLD)), tuple)
FOLLOWING = Statement(_behind(sa.select(events)), Row._make)
INSERT = Statement(sa.insert(events).inline().values(transaction_id=CurrentTransaction()), Row._make, Row._fields[1:-1])
WITH_IDS = Statement(sa.select(events).where(members.among(events.c.id, "ids")), Row._make)


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


@cache
def _several(count: int) -> Statement[Row]:
    """The statement that adds so many events."""
    values: list[dict[str, Any]] = [
        {name: sa.bindparam(f"{name}_{number}", type_=events.c[name].type) for name in Row._fields[1:-1]}
        for number in range(count)
    ]
    rows = [{**each, "transaction_id": CurrentTransaction()} for each in values]
    return Statement(sa.insert(events).inline().values(rows), Row._make)


def insert_several(tx: Transaction, scope: Scope, added: Sequence[Mapping[str, Any]]) -> None:
    """Add some events, in this order; each has a value for every column but those of the account and the place."""
    values: dict[str, Any] = {}
    for number, each in enumerate(added):
        scoped = {**each, "account_id": scope.account_id, "mode": scope.mode}
        values |= {f"{name}_{number}": value for name, value in scoped.items()}
    _several(len(added)).run(tx, values)


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


def delete_old(tx: Transaction, before: int, limit: int) -> int:
    """Delete those of the first `limit` events of all that happened before a time, and say how many there were."""
    return DELETE_OLD.run(tx, {"before": before, "limit": limit})
