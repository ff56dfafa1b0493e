"""Every kind of object on both engines: single ones, pages, orders and totals."""

import asyncio
import random
from collections.abc import Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select

from storage import counters, migrations, projects, resources
from storage.collection import Collection, Order, Place
from storage.database import Database, Transaction, open_database
from tests import stored
from tests.storage.samples import (
    OTHER_ACCOUNT,
    OTHER_MODE,
    SCOPE,
    add,
    create,
    creating,
    listed,
    owners,
    read,
    resource,
    rows_in,
    run,
    sample,
    write,
)

COLLECTIONS = stored.collections()
# Those whose objects change.
CHANGING = [each for each in COLLECTIONS if "version" in each.table.c]
UNIQUE = [each for each in COLLECTIONS if each.unique]
every = pytest.mark.parametrize("collection", COLLECTIONS, ids=[each.kind for each in COLLECTIONS])
changing = pytest.mark.parametrize("collection", CHANGING, ids=[each.kind for each in CHANGING])
unique = pytest.mark.parametrize("collection", UNIQUE, ids=[each.kind for each in UNIQUE])


def adding(collection: Collection[Any], number: int, **changes: Any) -> Any:
    """The unit of work that adds one object, with the accounts that there must be for it."""

    def unit(tx: Transaction) -> dict[str, Any]:
        owners(tx)
        assert add(tx, collection, number, **changes)
        return sample(collection, number, **changes)

    return unit


def found_in(database: Database, collection: Collection[Any], number: int) -> dict[str, Any] | None:
    """An object's columns but those of its scope."""
    row = read(database, lambda tx: collection.fetch(tx, SCOPE, sample(collection, number)["id"]))
    if row is None:
        return None
    columns: dict[str, Any] = row._asdict()
    assert (columns.pop("account_id"), columns.pop("mode")) == SCOPE
    return columns


def filled(collection: Collection[Any]) -> Any:
    """The unit of work that adds 60 objects with many equal values, and strangers between them."""

    def unit(tx: Transaction) -> None:
        owners(tx)
        for number in range(60):
            for offset, scope in enumerate((SCOPE, OTHER_MODE, OTHER_ACCOUNT)):
                assert add(tx, collection, 12 * number + offset, scope)

    return unit


def wanted(collection: Collection[Any], row: Any) -> list[dict[str, Any]]:
    """Filters of every shape by the values of an object, within and without the bounds of its time."""
    values = {name: getattr(row, name, row.created) for name in collection.filters}
    return [{name: values[name] for name in shape} for shape in stored.shapes(collection)]


def matches(row: Any, filters: Mapping[str, Any]) -> bool:
    """Whether an object belongs on a list: the bounds of its creation, and equality for all else."""
    plain = {name: value for name, value in filters.items() if not name.startswith("created_")}
    return (
        filters.get("created_gte", 0) <= row.created <= filters.get("created_lte", row.created)
        and {name: getattr(row, name) for name in plain} == plain
    )


@every
def test_what_is_inserted_is_found(database: Database, collection: Collection[Any]) -> None:
    expected = write(database, adding(collection, 1))
    assert found_in(database, collection, 1) == expected


def test_text_and_json_come_back_as_they_were(database: Database) -> None:
    texts = {"team": "platéforme \U0001f680", "quote": "'\"\\%s :x"}
    write(database, creating(1, metadata=texts, name=texts["quote"]))
    found = read(database, lambda tx: resources.ROWS.fetch(tx, SCOPE, resource(1)["id"]))
    assert found == resources.Row(**resource(1, metadata=texts, name=texts["quote"]), account_id="acct_1", mode="live")


@every
def test_other_accounts_and_modes_do_not_see_it(database: Database, collection: Collection[Any]) -> None:
    expected = write(database, adding(collection, 1))
    object_id = expected["id"]

    def interfere(tx: Transaction) -> list[Any]:
        found: list[Any] = []
        for scope in (OTHER_MODE, OTHER_ACCOUNT):
            found += [collection.fetch(tx, scope, object_id), collection.fetch_for_update(tx, scope, object_id)]
            found += [*listed(tx, collection, scope)]
            found += [collection.delete(tx, scope, object_id)]
            if collection in CHANGING:
                found += [collection.update(tx, scope, object_id, 1, {"updated": 7})]
        return [each for each in found if each is not None and each is not False]

    assert write(database, interfere) == []
    assert found_in(database, collection, 1) == expected


@changing
def test_an_update_changes_its_columns_and_counts_the_version(database: Database, collection: Collection[Any]) -> None:
    before = write(database, adding(collection, 1))
    after = {**sample(collection, 2), "id": before["id"]}
    changes = {name: value for name, value in after.items() if value != before[name]}

    def change(tx: Transaction) -> list[bool]:
        first = collection.update(tx, SCOPE, before["id"], 1, {"updated": 9_999})
        return [first, collection.update(tx, SCOPE, before["id"], 2, changes)]

    assert write(database, change) == [True, True]
    assert found_in(database, collection, 1) == {**after, "updated": changes.get("updated", 9_999), "version": 3}


@changing
def test_an_update_of_another_version_does_nothing(database: Database, collection: Collection[Any]) -> None:
    before = write(database, adding(collection, 1))
    for version in (0, 2):
        assert not write(
            database,
            lambda tx, v=version: collection.update(tx, SCOPE, before["id"], v, {"updated": 7}),  # type: ignore[misc]
        )
    assert found_in(database, collection, 1) == before


def test_updates_at_once_lose_nothing(database: Database) -> None:
    write(database, creating(1))

    def increase(tx: Transaction) -> None:
        row = resources.ROWS.fetch_for_update(tx, SCOPE, resource(1)["id"])
        assert row is not None
        assert resources.ROWS.update(tx, SCOPE, row.id, row.version, {"timeout_ms": row.timeout_ms + 1})

    async def scenario() -> None:
        await asyncio.gather(*(database.write(increase) for _ in range(30)))

    run(scenario())
    (found,) = read(database, listed)
    assert (found.timeout_ms, found.version) == (5_030, 31)


@every
def test_a_deleted_one_is_gone(database: Database, collection: Collection[Any]) -> None:
    object_id = write(database, adding(collection, 1))["id"]
    assert write(database, lambda tx: collection.delete(tx, SCOPE, object_id))
    assert not write(database, lambda tx: collection.delete(tx, SCOPE, object_id))
    assert found_in(database, collection, 1) is None


@unique
def test_of_one_unique_value_there_is_one_object(database: Database, collection: Collection[Any]) -> None:
    assert collection.unique is not None
    taken: dict[str, Any] = {collection.unique: "taken"}
    write(database, adding(collection, 1, **taken))

    def second(tx: Transaction) -> list[bool]:
        refused = add(tx, collection, 2, **taken)
        # The transaction goes on, and others may have the value.
        elsewhere = [add(tx, collection, 3 + n, scope, **taken) for n, scope in enumerate((OTHER_MODE, OTHER_ACCOUNT))]
        return [refused, *elsewhere, add(tx, collection, 9)]

    assert write(database, second) == [False, True, True, True]
    numbers = [sample(collection, number)["id"] for number in (9, 1)]
    assert [row.id for row in read(database, lambda tx: listed(tx, collection))] == numbers
    assert write(database, lambda tx: collection.delete(tx, SCOPE, sample(collection, 1)["id"]))
    assert write(database, lambda tx: add(tx, collection, 2, **taken))


@unique
def test_of_many_at_once_with_a_unique_value_one_is_added(database: Database, collection: Collection[Any]) -> None:
    assert collection.unique is not None
    taken: dict[str, Any] = {collection.unique: "taken"}
    write(database, owners)

    async def scenario() -> list[bool]:
        units = (
            database.write(lambda tx, n=number: add(tx, collection, n, **taken))  # type: ignore[misc]
            for number in range(20)
        )
        return await asyncio.gather(*units)

    assert sorted(run(scenario())) == [False] * 19 + [True]
    assert read(database, lambda tx: collection.count(tx, SCOPE, {})) == 1


CHECKED = [(each, column) for each in COLLECTIONS for column in ("mode", each.counted) if column]


@pytest.mark.parametrize(("collection", "column"), CHECKED, ids=[f"{each.kind}-{column}" for each, column in CHECKED])
def test_unknown_values_are_refused(database: Database, collection: Collection[Any], column: str) -> None:
    write(database, owners)
    scope = SCOPE._replace(mode="dry") if column == "mode" else SCOPE
    changes = {} if column == "mode" else {column: "lost"}
    with pytest.raises(Exception, match=f"ck_{collection.table.name}_{column}"):
        write(database, lambda tx: collection.insert(tx, scope, sample(collection, 1, **changes)))


@every
def test_pages_behind_a_cursor(database: Database, collection: Collection[Any]) -> None:
    write(database, filled(collection))

    def check(tx: Transaction) -> None:
        everything = listed(tx, collection)
        assert [row.id for row in everything] == [sample(collection, 12 * n)["id"] for n in reversed(range(60))]
        for filters in wanted(collection, everything[20]):
            found: list[Any] = []
            after = None
            while page := collection.page(tx, SCOPE, filters, Place(after=after), 7):
                assert len(page) <= 7
                found += page
                after = page[-1].id
            assert found == [row for row in everything if matches(row, filters)], filters
            assert everything[20] in found

    read(database, check)


@every
def test_the_place_of_a_deleted_one_stays_a_cursor(database: Database, collection: Collection[Any]) -> None:
    write(database, filled(collection))
    ids = [row.id for row in read(database, lambda tx: listed(tx, collection))]
    write(database, lambda tx: collection.delete(tx, SCOPE, ids[30]))
    page = read(database, lambda tx: collection.page(tx, SCOPE, {}, Place(after=ids[30]), 3))
    assert [row.id for row in page] == ids[31:34]


@every
def test_numbered_pages_are_stable(database: Database, collection: Collection[Any]) -> None:
    write(database, filled(collection))

    def check(tx: Transaction, sort: str, descending: bool) -> None:
        everything = listed(tx, collection)
        for filters in wanted(collection, everything[20])[::3]:
            matching = [row for row in everything if matches(row, filters)]
            expected = sorted(matching, key=lambda row: (getattr(row, sort), row.id), reverse=descending)
            found: list[Any] = []
            for offset in range(0, len(expected) + 7, 7):
                found += collection.page(tx, SCOPE, filters, Place(order=Order(sort, descending), offset=offset), 7)
            assert found == expected, filters

    for sort, descending in product(collection.sorts, (True, False)):
        read(database, partial(check, sort=sort, descending=descending))


@every
def test_counts_are_exact(database: Database, collection: Collection[Any]) -> None:
    write(database, filled(collection))

    def check(tx: Transaction) -> None:
        everything = listed(tx, collection)
        for filters in wanted(collection, everything[20]):
            expected = len([row for row in everything if matches(row, filters)])
            assert collection.count(tx, SCOPE, filters) == expected, filters

    read(database, check)


def test_counters_equal_the_rows_whatever_happens(database: Database) -> None:
    chance = random.Random(7)
    statuses = ("pending", "active", "paused", "archived")

    def step(tx: Transaction) -> None:
        row = chance.choice(listed(tx) or [None])
        if row is None or chance.random() < 0.5:
            create(tx, rows_in(tx, "resources") * 1_000 + chance.randrange(1_000), status=chance.choice(statuses))
        elif chance.random() < 0.5:
            resources.ROWS.delete(tx, SCOPE, row.id)
            resources.ROWS.tally(tx, SCOPE, {row.status: -1})
        else:
            status = chance.choice([each for each in statuses if each != row.status])
            resources.ROWS.update(tx, SCOPE, row.id, row.version, {"status": status})
            resources.ROWS.tally(tx, SCOPE, {row.status: -1, status: 1})
        if chance.random() < 0.2:
            raise LookupError

    for _ in range(80):
        try:
            write(database, step)
        except LookupError:
            continue
    rows = read(database, listed)
    assert rows
    assert read(database, lambda tx: resources.ROWS.count(tx, SCOPE, {})) == len(rows)
    for status in statuses:
        counted = read(database, lambda tx, s=status: resources.ROWS.count(tx, SCOPE, {"status": s}))  # type: ignore[misc]
        assert counted == len([row for row in rows if row.status == status])


def test_totals_of_others_are_separate(database: Database) -> None:
    assert read(database, lambda tx: counters.total(tx, SCOPE, "resource", None)) == 0
    write(database, lambda tx: counters.change(tx, SCOPE, "resource", "active", 3))
    for scope in (OTHER_MODE, OTHER_ACCOUNT):
        assert read(database, lambda tx, s=scope: counters.total(tx, s, "resource", None)) == 0  # type: ignore[misc]
    assert read(database, lambda tx: projects.ROWS.count(tx, SCOPE, {})) == 0
    assert read(database, lambda tx: counters.total(tx, SCOPE, "resource", "paused")) == 0


@every
def test_pages_follow_an_index(tmp_path: Path, collection: Collection[Any]) -> None:
    """On SQLite; PostgreSQL plans by the size of the table."""
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    migrations.migrate(url)
    database = open_database(url)
    narrowed: list[tuple[str, ...]] = [(), (collection.counted,)] if collection.counted else [()]
    for shape, statement in [(names, each) for names in narrowed for each in collection.statements([names])]:
        if not isinstance(statement.clause, Select):
            continue

        def plan(tx: Transaction, s: Any = statement) -> str:
            compiled = s.clause.compile(dialect=tx.dialect)
            return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)).all())

        found = read(database, plan)
        assert f"SEARCH {collection.table.name} USING " in found
        assert "(account_id=? AND mode=?" in found or "(id=?" in found
        # A filter and a sort together have an index only where the filter is fixed and the order that of the ids.
        assert "TEMP B-TREE" not in found or shape
    run(database.close())
