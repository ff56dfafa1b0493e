"""Statements on resources."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from storage import counters
from storage import scope as scopes
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import resources

KIND = "resource"

# Skipping this many rows takes SQLite about a fifth of a millisecond.
DEEP_OFFSET = 2_000

Sort: TypeAlias = Literal["created", "updated", "name"]


class Row(NamedTuple):
    """A resource, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    name: str
    type: str
    status: str
    timeout_ms: int
    retry_count: int
    batch_size: int
    rate_limit: int
    metadata: dict[str, str]
    steps_completed: int
    estimated_completion: int


class Order(NamedTuple):
    """What a list is sorted by, and whether the greatest comes first."""

    sort: Sort
    descending: bool


class ResourceFilters(NamedTuple):
    """Which resources of an account are wanted; both bounds are inclusive."""

    status: str | None = None
    type: str | None = None
    created_gte: int | None = None
    created_lte: int | None = None


_CONDITIONS = {
    "status": resources.c.status == sa.bindparam("status"),
    "type": resources.c.type == sa.bindparam("type"),
    "created_gte": resources.c.created >= sa.bindparam("created_gte"),
    "created_lte": resources.c.created <= sa.bindparam("created_lte"),
}
_ORDERS = {
    "created": (resources.c.created, resources.c.id),
    "updated": (resources.c.updated, resources.c.id),
    "name": (resources.c.name, resources.c.id),
}
_one = (scopes.of(resources), resources.c.id == sa.bindparam("id"))

INSERT = Statement(sa.insert(resources).inline(), Row._make, Row._fields)
FETCH = Statement(sa.select(resources).where(*_one), Row._make)
FETCH_FOR_UPDATE = Statement(sa.select(resources).where(*_one).with_for_update(), Row._make)
DELETE = Statement(sa.delete(resources).where(*_one), Row._make)


def insert(tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> None:
    """Add a resource."""
    INSERT.run(tx, {**values, "account_id": scope.account_id, "mode": scope.mode})


def fetch(tx: Transaction, scope: Scope, id: str) -> Row | None:
    """Find a resource by its id."""
    return FETCH.first(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id})


def fetch_for_update(tx: Transaction, scope: Scope, id: str) -> Row | None:
    """Find a resource and lock it until the transaction ends."""
    return FETCH_FOR_UPDATE.first(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id})


def update(tx: Transaction, scope: Scope, id: str, version: int, changes: Mapping[str, Any]) -> bool:
    """Change columns and count the version up; False when there is no such resource in that version."""
    statement = updating(tuple(sorted(changes)))
    found = {"account_id": scope.account_id, "mode": scope.mode, "id": id, "expected_version": version}
    return statement.run(tx, {**changes, **found}) == 1


def delete(tx: Transaction, scope: Scope, id: str) -> bool:
    """Remove a resource for good; False when there is none."""
    return DELETE.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id}) == 1


def page_after(
    tx: Transaction, scope: Scope, filters: ResourceFilters, starting_after: str | None, limit: int
) -> list[Row]:
    """Up to `limit` resources, newest first, that come after the id `starting_after`, which need not exist."""
    values = _values(scope, filters)
    statement = paging_after(_shape(filters), starting_after is not None)
    return statement.all(tx, {**values, "starting_after": starting_after, "limit": limit})


def page_number(
    tx: Transaction, scope: Scope, filters: ResourceFilters, order: Order, offset: int, limit: int
) -> list[Row]:
    """Up to `limit` resources from `offset` on in the given order; ties are in the order of their ids."""
    if offset > DEEP_OFFSET:
        leave_loop(tx)
    statement = paging_by_number(_shape(filters), order)
    return statement.all(tx, {**_values(scope, filters), "offset": offset, "limit": limit})


def count(tx: Transaction, scope: Scope, filters: ResourceFilters) -> int:
    """Exactly how many resources match."""
    if filters[1:] == (None, None, None):
        return counters.total(tx, scope, KIND, filters.status)
    leave_loop(tx)
    found = counting(_shape(filters)).first(tx, _values(scope, filters))
    return int(found[0]) if found else 0


def _shape(filters: ResourceFilters) -> tuple[str, ...]:
    return tuple(name for name, value in zip(filters._fields, filters, strict=True) if value is not None)


def _values(scope: Scope, filters: ResourceFilters) -> dict[str, Any]:
    return {"account_id": scope.account_id, "mode": scope.mode, **filters._asdict()}


def _matching(columns: sa.Select[Any], shape: tuple[str, ...]) -> sa.Select[Any]:
    return columns.where(scopes.of(resources), *(_CONDITIONS[name] for name in shape))


@cache
def updating(columns: tuple[str, ...]) -> Statement[Row]:
    """The statement that changes just these columns."""
    statement = (
        sa.update(resources)
        .where(*_one, resources.c.version == sa.bindparam("expected_version"))
        .values(version=resources.c.version + 1)
    )
    return Statement(statement, Row._make, columns)


@cache
def paging_after(shape: tuple[str, ...], from_cursor: bool) -> Statement[Row]:
    """The statement for a page behind a cursor, for one shape of filters."""
    statement = _matching(sa.select(resources), shape)
    if from_cursor:
        statement = statement.where(resources.c.id < sa.bindparam("starting_after"))
    return Statement(statement.order_by(resources.c.id.desc()).limit(sa.bindparam("limit")), Row._make)


@cache
def paging_by_number(shape: tuple[str, ...], order: Order) -> Statement[Row]:
    """The statement for a numbered page, for one shape of filters and one order."""
    columns = [column.desc() if order.descending else column for column in _ORDERS[order.sort]]
    statement = _matching(sa.select(resources), shape).order_by(*columns)
    return Statement(statement.limit(sa.bindparam("limit")).offset(sa.bindparam("offset")), Row._make)


@cache
def counting(shape: tuple[str, ...]) -> Statement[tuple[Any, ...]]:
    """The statement that counts, for one shape of filters."""
    return Statement(_matching(sa.select(sa.func.count()).select_from(resources), shape), tuple)
