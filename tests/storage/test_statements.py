"""Every statement of the room: whose rows it touches, and what its rows are called."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Alias,
    BindParameter,
    Column,
    Delete,
    Join,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    exists,
    join,
    select,
    update,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression

from storage import accounts, api_keys, events, idempotency, settings, tables
from storage import scope as scopes
from tests import stored

# What finds or serves the scope itself, or is done for all accounts at once.
UNSCOPED = {
    "api_keys.FETCH_BY_DIGEST": "authentication finds the account and the mode by it",
    "api_keys.REVOKE": "the operator revokes a key by its id",
    "api_keys.LIST_OF": "the operator lists the keys of an account in both modes",
    "deliveries.DELETE_BELOW": "cleaning up is done for all accounts at once",
    "deliveries.LOCK_DELETED": "as above",
    "deliveries.SETTLE": "one process sends for all accounts, and settles what it holds",
    "events.DELETE_OLD": "cleaning up is done for all accounts at once",
    "events.FOLLOWING": "deliveries are made of the events of all accounts",
    "events.WITH_IDS": "as above",
    "idempotency.DELETE_EXPIRED": "cleaning up is done for all accounts at once",
    "logs.KEPT_DAYS": "cleaning up is done for all accounts at once",
    "logs.DELETE_OLD": "as above",
    "outputs.DELETE_OLD": "as above",
    "metrics.DELETE_OLD": "as above",
    "webhooks.ENABLED": "events of all accounts are sent by one process",
    "webhooks.RECEIVERS": "as above",
    "sandbox.DELETE_EVENTS": "it deletes what its scoped part has chosen",
}


def touched(clause: Any, around: frozenset[Table] = frozenset()) -> Iterator[tuple[Any, Table]]:
    """Each part of a statement that reads, updates or deletes, with a customer's table that it does it to.

    A subquery in a condition does not read a table of the statement around it again, unless it has no other.
    """
    own: set[Table] = set()
    if isinstance(clause, Select):
        found = {table for each in clause.get_final_froms() for table in tables_of(each)}
        own = found - around or found
    elif isinstance(clause, Update | Delete) and isinstance(clause.table, Table):
        own = {clause.table}
    yield from ((clause, table) for table in own if {"account_id", "mode"} <= set(table.c.keys()))
    if not isinstance(clause, Table):
        for part in clause.get_children():
            yield from touched(part, around | own)


def tables_of(source: Any) -> Iterator[Table]:
    """The tables that are joined in a FROM; a subquery in it is a part of its own."""
    if isinstance(source, Join):
        yield from tables_of(source.left)
        yield from tables_of(source.right)
    elif isinstance(source, Table):
        yield source
    elif isinstance(source, Alias):
        yield from tables_of(source.element)


def bound(part: Any, table: Table) -> set[str]:
    """The columns of a table that must equal the bind of the same name."""
    names = set()
    for condition in part._where_criteria:
        conjunction = condition.clauses if getattr(condition, "operator", None) is operators.and_ else [condition]
        for each in conjunction:
            if isinstance(each, BinaryExpression) and each.operator is operators.eq:
                left, right = each.left, each.right
                is_own = isinstance(left, Column) and left.table is table
                if is_own and isinstance(right, BindParameter) and right.key == left.name:
                    names.add(left.name)
    return names


def unscoped(clause: Any) -> list[str]:
    return [table.name for part, table in touched(clause) if not {"account_id", "mode"} <= bound(part, table)]


def test_every_statement_on_a_customers_table_is_scoped() -> None:
    found = {where: names for where, statement in stored.statements() if (names := unscoped(statement.clause))}
    assert found.keys() - UNSCOPED.keys() == set(), f"start these from storage.scope.of: {found}"
    assert UNSCOPED.keys() - found.keys() == set(), "these need no exception"


def test_the_statements_are_found() -> None:
    found = [where for where, _ in stored.statements()]
    assert {*found} >= {*UNSCOPED, "settings.FETCH", "counters.TOTAL", "idempotency.CLAIM", "events.INSERT"}
    assert {"resources.ROWS", "resources.OF_PROJECT", "logs.OF_JOB"} <= {*found}
    for collection in stored.collections():
        made = [*collection.statements(stored.shapes(collection))]
        # For one object at least its fetch, and for each set of filters a count and a page for each order.
        assert len(made) >= 1 + len(stored.shapes(collection)) * (2 + 2 * len(collection.sorts))
        assert len({str(each.clause) for each in made}) == len(made)


_resources = tables.resources
_events = tables.events
_by_id = _resources.c.id == bindparam("id")
_of_resource = _events.c.object_id == _resources.c.id


@pytest.mark.parametrize(
    "clause",
    [
        select(_resources).where(_by_id),
        select(_resources).where(_by_id, _resources.c.account_id == bindparam("account_id")),
        select(_resources).where(_by_id, _resources.c.account_id == "acct_1", _resources.c.mode == "live"),
        select(_resources).where(_by_id | scopes.of(_resources)),
        update(_resources).where(_by_id),
        select(tables.accounts.c.id).select_from(
            join(tables.accounts, _resources, tables.accounts.c.id == _resources.c.account_id)
        ),
        select(_resources).where(scopes.of(_resources), _resources.c.id.in_(select(tables.events.c.object_id))),
        select(_resources).where(scopes.of(_resources), _resources.c.id.in_(select(_resources.c.id).where(_by_id))),
        select(_resources).where(scopes.of(_resources), exists(select(_events.c.id).where(_of_resource))),
        delete(_resources).where(_by_id, _resources.c.id.in_(select(_resources.c.id).where(scopes.of(_resources)))),
        select(select(_resources).where(_by_id).subquery()),
        select(_resources.alias()),
    ],
)
def test_an_unscoped_statement_is_seen(clause: Any) -> None:
    assert unscoped(clause)


@pytest.mark.parametrize(
    "clause",
    [
        select(_resources).where(scopes.of(_resources), _by_id),
        update(_resources).where(scopes.of(_resources)),
        select(_resources).where(
            scopes.of(_resources), exists(select(_events.c.id).where(scopes.of(_events), _of_resource))
        ),
        select(tables.accounts),
    ],
)
def test_a_scoped_statement_passes(clause: Any) -> None:
    assert not unscoped(clause)


# The rows of collections are theirs; these are of tables that have none.
ROWS = [
    (accounts.Row, tables.accounts),
    (events.Row, tables.events),
    (idempotency.Row, tables.idempotency_keys),
    (settings.Row, tables.settings),
    *((stored.row_of(each), each.table) for each in stored.collections()),
]


@pytest.mark.parametrize(("row", "table"), ROWS, ids=[table.name for _, table in ROWS])
def test_rows_have_the_columns_of_their_table_in_order(row: Any, table: Table) -> None:
    assert list(row._fields) == list(table.c.keys())


def test_identities_have_the_columns_of_their_statement_in_order() -> None:
    assert list(api_keys.Identity._fields) == list(api_keys.FETCH_BY_DIGEST.clause.exported_columns.keys())
