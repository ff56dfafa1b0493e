"""Resources on both engines: single ones, pages, orders and totals."""

import asyncio
import random
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from storage import counters, migrations, resources
from storage.database import Database, Transaction, open_database
from storage.resources import ResourceFilters, Row, Sort
from tests.storage.samples import (
    OTHER_ACCOUNT,
    OTHER_MODE,
    SCOPE,
    create,
    creating,
    read,
    resource,
    rows_in,
    run,
    write,
)

STATUSES = ("pending", "active", "paused", "archived")
NOTHING = ResourceFilters()


def fetch(database: Database, number: int) -> Row | None:
    return read(database, lambda tx: resources.fetch(tx, SCOPE, resource(number)["id"]))


def fill(tx: Transaction) -> None:
    """120 resources with many equal names and times, of several kinds, and strangers between them."""
    for number in range(120):
        values: dict[str, Any] = {
            "name": f"Name {number % 5}",
            "updated": 5_000 + number % 3,
            "status": STATUSES[number % 4],
            "type": ("production", "staging")[number % 2],
        }
        create(tx, 10 * number, **values)
        create(tx, 10 * number + 1, OTHER_MODE, **values)
        create(tx, 10 * number + 2, OTHER_ACCOUNT, **values)


def everything(tx: Transaction) -> list[Row]:
    return resources.page_after(tx, SCOPE, NOTHING, None, 1_000)


def matches(row: Row, filters: ResourceFilters) -> bool:
    return (
        filters.status in (None, row.status)
        and filters.type in (None, row.type)
        and (filters.created_gte is None or row.created >= filters.created_gte)
        and (filters.created_lte is None or row.created <= filters.created_lte)
    )


ALL_FILTERS = [
    ResourceFilters(*values)
    for values in product((None, "active"), (None, "production", "staging"), (None, 1_500), (None, 1_900))
]


def test_what_is_inserted_is_found(database: Database) -> None:
    metadata = {"team": "plat\u00e9forme \U0001f680", "quote": "'\"\\%s :x"}
    write(database, creating(1, metadata=metadata))
    expected = {**resource(1, metadata=metadata), "account_id": "acct_1", "mode": "live"}
    assert fetch(database, 1) == Row(**expected)


def test_other_accounts_and_modes_do_not_see_it(database: Database) -> None:
    write(database, creating(1))
    resource_id = resource(1)["id"]
    for scope in (OTHER_MODE, OTHER_ACCOUNT):
        assert read(database, lambda tx, s=scope: resources.fetch(tx, s, resource_id)) is None  # type: ignore[misc]

        def interfere(tx: Transaction, s: Any = scope) -> list[Any]:
            found = resources.fetch_for_update(tx, s, resource_id)
            changed = resources.update(tx, s, resource_id, 1, {"name": "Mine"})
            return [found, changed, resources.delete(tx, s, resource_id)]

        assert write(database, interfere) == [None, False, False]
    found = fetch(database, 1)
    assert found is not None
    assert found.name == "Resource 1"


def test_an_update_changes_its_columns_and_counts_the_version(database: Database) -> None:
    write(database, creating(1))
    resource_id = resource(1)["id"]
    steps: list[dict[str, Any]] = [{"name": "New"}, {"metadata": {}, "status": "active"}, {"updated": 9_999}]
    for version, changes in enumerate(steps, 1):
        assert write(
            database,
            lambda tx, v=version, c=changes: resources.update(tx, SCOPE, resource_id, v, c),  # type: ignore[misc]
        )
    found = fetch(database, 1)
    assert found is not None
    expected = {"name": "New", "metadata": {}, "status": "active", "updated": 9_999, "version": 4}
    assert found == Row(**{**resource(1), "account_id": "acct_1", "mode": "live", **expected})


def test_an_update_of_another_version_does_nothing(database: Database) -> None:
    write(database, creating(1))
    resource_id = resource(1)["id"]
    assert not write(database, lambda tx: resources.update(tx, SCOPE, resource_id, 2, {"name": "New"}))
    found = fetch(database, 1)
    assert found is not None
    assert (found.name, found.version) == ("Resource 1", 1)


def test_updates_at_once_lose_nothing(database: Database) -> None:
    write(database, creating(1))

    def increase(tx: Transaction) -> None:
        row = resources.fetch_for_update(tx, SCOPE, resource(1)["id"])
        assert row is not None
        assert resources.update(tx, SCOPE, row.id, row.version, {"timeout_ms": row.timeout_ms + 1})

    async def scenario() -> None:
        await asyncio.gather(*(database.write(increase) for _ in range(30)))

    run(scenario())
    found = fetch(database, 1)
    assert found is not None
    assert (found.timeout_ms, found.version) == (5_030, 31)


def test_a_deleted_one_is_gone(database: Database) -> None:
    write(database, creating(1))
    assert write(database, lambda tx: resources.delete(tx, SCOPE, resource(1)["id"]))
    assert not write(database, lambda tx: resources.delete(tx, SCOPE, resource(1)["id"]))
    assert fetch(database, 1) is None


@pytest.mark.parametrize(("column", "value"), [("status", "lost"), ("type", "toy"), ("mode", "dry")])
def test_unknown_values_are_refused(database: Database, column: str, value: str) -> None:
    row = {**resource(1), "account_id": "acct_1", "mode": "live", column: value}
    with pytest.raises(Exception, match=f"ck_resources_{column}"):
        write(database, lambda tx: resources.INSERT.run(tx, row))


def test_pages_behind_a_cursor(database: Database) -> None:
    write(database, fill)
    for filters in ALL_FILTERS:
        expected = [row for row in read(database, everything) if matches(row, filters)]
        found: list[Row] = []
        cursor = None
        while page := read(
            database,
            lambda tx, f=filters, c=cursor: resources.page_after(tx, SCOPE, f, c, 7),  # type: ignore[misc]
        ):
            assert len(page) <= 7
            found += page
            cursor = page[-1].id
        assert found == expected
        assert [row.id for row in found] == sorted((row.id for row in found), reverse=True)


def test_the_place_of_a_deleted_one_stays_a_cursor(database: Database) -> None:
    write(database, fill)
    ids = [row.id for row in read(database, everything)]
    write(database, lambda tx: resources.delete(tx, SCOPE, ids[50]))
    page = read(database, lambda tx: resources.page_after(tx, SCOPE, NOTHING, ids[50], 3))
    assert [row.id for row in page] == ids[51:54]


@pytest.mark.parametrize(("sort", "descending"), list(product(get_args(Sort), (True, False))))
def test_numbered_pages_are_stable(database: Database, sort: Sort, descending: bool) -> None:
    write(database, fill)

    def page(tx: Transaction, filters: ResourceFilters, offset: int) -> list[Row]:
        return resources.page_number(tx, SCOPE, filters, resources.Order(sort, descending), offset, 7)

    def order(row: Row) -> tuple[Any, str]:
        return ("" if sort == "created" else getattr(row, sort)), row.id

    for filters in ALL_FILTERS[::5]:
        matching = [row for row in read(database, everything) if matches(row, filters)]
        expected = sorted(matching, key=order, reverse=descending)
        found: list[Row] = []
        for offset in range(0, len(expected) + 7, 7):
            found += read(database, lambda tx, f=filters, n=offset: page(tx, f, n))  # type: ignore[misc]
        assert found == expected


def test_counts_are_exact(database: Database) -> None:
    write(database, fill)
    for filters in ALL_FILTERS:
        expected = len([row for row in read(database, everything) if matches(row, filters)])
        assert read(database, lambda tx, f=filters: resources.count(tx, SCOPE, f)) == expected  # type: ignore[misc]


def test_counters_equal_the_rows_whatever_happens(database: Database) -> None:
    chance = random.Random(7)

    def step(tx: Transaction) -> None:
        row = chance.choice(everything(tx) or [None])
        if row is None or chance.random() < 0.5:
            create(tx, rows_in(tx, "resources") * 1_000 + chance.randrange(1_000), status=chance.choice(STATUSES))
        elif chance.random() < 0.5:
            resources.delete(tx, SCOPE, row.id)
            counters.change(tx, SCOPE, resources.KIND, row.status, -1)
        else:
            status = chance.choice(STATUSES)
            resources.update(tx, SCOPE, row.id, row.version, {"status": status})
            for changed, delta in ((row.status, -1), (status, 1)):
                counters.change(tx, SCOPE, resources.KIND, changed, delta)
        if chance.random() < 0.2:
            raise LookupError

    for _ in range(80):
        try:
            write(database, step)
        except LookupError:
            continue
    rows = read(database, everything)
    assert rows
    assert read(database, lambda tx: resources.count(tx, SCOPE, NOTHING)) == len(rows)
    for status in STATUSES:
        counted = read(database, lambda tx, s=status: resources.count(tx, SCOPE, ResourceFilters(s)))  # type: ignore[misc]
        assert counted == len([row for row in rows if row.status == status])


def test_totals_of_others_are_separate(database: Database) -> None:
    assert read(database, lambda tx: counters.total(tx, SCOPE, "resource", None)) == 0
    write(database, lambda tx: counters.change(tx, SCOPE, "resource", "active", 3))
    for scope in (OTHER_MODE, OTHER_ACCOUNT):
        assert read(database, lambda tx, s=scope: counters.total(tx, s, "resource", None)) == 0  # type: ignore[misc]
    assert read(database, lambda tx: counters.total(tx, SCOPE, "other", None)) == 0
    assert read(database, lambda tx: counters.total(tx, SCOPE, "resource", "paused")) == 0


@pytest.mark.parametrize("shape", [(), ("status",)])
def test_pages_follow_an_index(tmp_path: Path, shape: tuple[str, ...]) -> None:
    """On SQLite; PostgreSQL plans by the size of the table."""
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    migrations.migrate(url)
    database = open_database(url)
    statements = [resources.paging_after(shape, True), resources.paging_after(shape, False)]
    if not shape:
        statements += [
            resources.paging_by_number(shape, resources.Order(*order))
            for order in product(get_args(Sort), (True, False))
        ]
    for statement in statements:

        def plan(tx: Transaction, s: Any = statement) -> str:
            compiled = s.clause.compile(dialect=tx.dialect)
            return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)).all())

        found = read(database, plan)
        assert "USING INDEX ix_resources_account_id_mode" in found
        assert "TEMP B-TREE" not in found
    run(database.close())
