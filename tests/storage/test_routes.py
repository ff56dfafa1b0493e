"""By which index SQLite reads a list: what is found does not depend on it, and what may be long leaves the loop."""

import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from storage import migrations, resources, routes
from storage.collection import Collection, Order, Place
from storage.database import Database, Transaction, open_database
from tests import stored
from tests.storage.samples import SCOPE, add, listed, owners, read, run, write

ROWS = resources.ROWS
COLLECTIONS = stored.collections()
every = pytest.mark.parametrize("collection", COLLECTIONS, ids=[each.kind for each in COLLECTIONS])
BY_NAME = Order("name", descending=False)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    migrations.migrate(url)
    opened = open_database(url)
    yield opened
    run(opened.close())


def filled(tx: Transaction, collection: Collection[Any], count: int = 40) -> None:
    owners(tx)
    for number in range(count):
        assert add(tx, collection, number)


@every
def test_each_route_finds_the_same(
    sqlite: Database, collection: Collection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sqlite, lambda tx: filled(tx, collection))
    orders = [None, *(Order(*each) for each in product(collection.sorts, (True, False)))]

    def pages(tx: Transaction) -> list[Any]:
        middle = listed(tx, collection)[20]
        values = {name: getattr(middle, name, middle.created) for name in collection.filters}
        found: list[Any] = []
        for shape in stored.shapes(collection):
            filters = {name: values[name] for name in shape}
            found.append(collection.count(tx, SCOPE, filters))
            found += [collection.page(tx, SCOPE, filters, Place(order=order, offset=1), 5) for order in orders if order]
            found += [collection.page(tx, SCOPE, filters, Place(after=after), 5) for after in (None, middle.id)]
        return found

    gathered = read(sqlite, pages)
    assert any(gathered)
    for few in (0, 10):
        monkeypatch.setattr(routes, "FEW", few)
        assert read(sqlite, pages) == gathered


def plan(tx: Transaction, filters: dict[str, Any], place: Place) -> str:
    """How SQLite finds a page of resources: the indexes that it takes, and whether it sorts."""
    index = ROWS._index(tx, SCOPE, filters, place.order)
    statement = ROWS._paging(tuple(filters), place.order, place.after is not None, index)
    sql = statement.clause.compile(dialect=tx.dialect)
    return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(sql.params, 1)).all())


@pytest.mark.parametrize("name", ["status", "type", "project_id"])
def test_a_filter_alone_is_read_in_order(sqlite: Database, name: str) -> None:
    for place in (Place(), Place(after="res_1")):
        found = read(sqlite, lambda tx, p=place: plan(tx, {name: "some"}, p))  # type: ignore[misc]
        assert f"ix_resources_account_id_mode_{name}_id" in found
        assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("filters", [{"status": "active"}, {"type": "staging"}, {"created_lte": 1_010}])
def test_few_are_sorted_and_many_are_met_on_the_way(
    sqlite: Database, filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sqlite, lambda tx: filled(tx, ROWS))
    column = next(iter(filters)).partition("_")[0]
    gathered = read(sqlite, lambda tx: plan(tx, filters, Place(order=BY_NAME)))
    assert f"ix_resources_account_id_mode_{column}_id" in gathered
    assert "TEMP B-TREE" in gathered
    monkeypatch.setattr(routes, "FEW", 5)
    walked = read(sqlite, lambda tx: plan(tx, filters, Place(order=BY_NAME)))
    assert "ix_resources_account_id_mode_name_id (account_id=? AND mode=?)" in walked
    assert "TEMP B-TREE" not in walked


def test_of_two_filters_the_one_that_leaves_few_is_taken(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(40):
            add(tx, ROWS, number, status="archived" if number == 7 else "active", type="production")

    write(sqlite, fill)
    monkeypatch.setattr(routes, "FEW", 5)
    for filters, column in (
        ({"type": "production", "status": "archived"}, "status"),
        ({"status": "active", "created_gte": 1_038}, "created"),
    ):
        found = read(sqlite, lambda tx, f=filters: plan(tx, f, Place(order=BY_NAME)))  # type: ignore[misc]
        assert f"ix_resources_account_id_mode_{column}_id" in found


@pytest.mark.parametrize(
    ("filters", "place", "leaves"),
    [
        ({}, Place(), False),
        ({}, Place(order=BY_NAME), False),
        ({}, Place(order=BY_NAME, offset=5_000), True),
        ({"status": "active"}, Place(), False),
        ({"status": "active"}, Place(order=BY_NAME), True),
        ({"status": "active", "type": "staging"}, Place(), True),
        ({"created_gte": 1}, Place(), True),
    ],
)
def test_what_may_be_long_leaves_the_loop(
    sqlite: Database, filters: dict[str, Any], place: Place, leaves: bool
) -> None:
    threads: list[threading.Thread] = []

    def unit(tx: Transaction) -> None:
        threads.append(threading.current_thread())
        ROWS.page(tx, SCOPE, filters, place, 20)

    read(sqlite, unit)
    assert (len(set(threads)) == 2) is leaves
