"""Entries of the log are added in bulk, listed by their key and deleted when they are old; usage adds up."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from domain import accounts
from domain import logs as log_entries
from storage import logs, settings, usage
from storage.collection import Place
from storage.database import Database, Transaction
from storage.scope import Scope
from storage.tables import metadata
from tests.storage.samples import OTHER_ACCOUNT, OTHER_MODE, SCOPE, read, write

DAY = 86_400
NOW = 400 * DAY


def entry(number: int, scope: Scope = SCOPE, at: int = NOW, **changes: Any) -> logs.Row:
    """An entry of a request; its id begins with the time at which it was made, as those of requests do."""
    row = logs.Row(
        account_id=scope.account_id,
        mode=scope.mode,
        id=f"{at * 1000:012x}{number:020x}",
        created=at,
        type="request",
        level="info",
        message="",
        method="GET",
        path="/v2/resources",
        operation="v2.resources.list_resources",
        status=200,
        duration_us=1500,
        api_version="2024-01-15",
        key_id="key_1",
        key_prefix="sk_live_abcd",
        error_code=None,
        limiter="admitted",
        idempotency="none",
        resource_id=None,
        job_id=None,
    )
    return row._replace(**changes)


def add(tx: Transaction, rows: list[logs.Row]) -> None:
    """Store entries as the gateway does: without what is the same in all of them."""
    fixed = logs.INSERT_REQUESTS.fixed
    log_entries.store(tx, [tuple(value for name, value in row._asdict().items() if name not in fixed) for row in rows])


def stored(tx: Transaction, scope: Scope = SCOPE) -> list[logs.Row]:
    return logs.ROWS.page(tx, scope, {}, Place(), 10_000)


@pytest.mark.parametrize("number", [0, 1, 7, 8, 73, 500])
def test_many_are_added_as_they_are(database: Database, number: int) -> None:
    entries = [entry(each, path=f"/v2/{each}", status=None if each % 2 else 200) for each in range(number)]
    write(database, lambda tx: add(tx, entries))
    assert read(database, stored) == entries[::-1]
    assert read(database, lambda tx: logs.ROWS.count(tx, SCOPE, {})) == number
    assert read(database, lambda tx: stored(tx, OTHER_MODE)) == []


def test_one_that_is_there_stays_and_the_others_come(database: Database) -> None:
    write(database, lambda tx: add(tx, [entry(1)]))
    write(database, lambda tx: add(tx, [entry(1, path="/another"), entry(2)]))
    assert [row.path for row in read(database, stored)] == ["/v2/resources"] * 2


def prepare(tx: Transaction) -> list[Scope]:
    """Three scopes that keep their entries for 30, 7 and 30 days."""
    first, second = (accounts.create(tx, NOW, "Tenant", "free", "us").id for _ in range(2))
    scopes = [Scope(first, "live"), Scope(first, "test"), Scope(second, "live")]
    row = settings.fetch(tx, scopes[1])
    kept = {**row._asdict(), "log_retention_days": 7, "version": 2}
    settings.update(tx, scopes[1], {name: value for name, value in kept.items() if name not in ("account_id", "mode")})
    for scope in scopes:
        made = [entry(day, scope, NOW - day * DAY) for day in (0, 6, 8, 29, 31, 40)]
        add(tx, made)
    return scopes


def test_each_keeps_its_own_for_as_long_as_it_says(database: Database) -> None:
    scopes = write(database, prepare)
    chunks: list[int] = []
    while chunks[-1:] != [0]:
        chunks.append(write(database, lambda tx: log_entries.delete_old(tx, NOW, 3)))
    assert sum(chunks) == 2 + 4 + 2
    assert max(chunks) <= 3
    left = [read(database, partial(stored, scope=scope)) for scope in scopes]
    days = [[(NOW - row.created) // DAY for row in rows] for rows in left]
    assert days == [[0, 6, 8, 29], [0, 6], [0, 6, 8, 29]]


def test_an_entry_of_a_clock_that_is_ahead_is_as_old_as_that_says(database: Database) -> None:
    scope = write(database, prepare)[0]
    ahead = entry(99, scope, NOW - 35 * DAY, created=NOW)
    write(database, lambda tx: add(tx, [ahead]))
    write(database, lambda tx: log_entries.delete_old(tx, NOW, 500))
    assert ahead.id in {row.id for row in read(database, lambda tx: stored(tx, scope))}


def test_old_ones_and_pages_are_found_by_the_key(database: Database, engine_name: str) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL plans by what it has counted")
    by_key = [logs.DELETE_OLD, *logs.ROWS.statements([(), ("status",), ("resource_id", "created_gte")])]
    narrowed = [*logs.ROWS.statements([("job_id",), ("job_id", "level")])][1:]
    by_index = {
        "job_id": [logs.OF_JOB.statement(1), *narrowed],
        "resource_id": [logs.OF_JOBS_ON_RESOURCE.statement(1)],
    }
    searched = {
        "SEARCH logs USING PRIMARY KEY (account_id=? AND mode=?": by_key,
        **{
            f"ix_logs_account_id_mode_{name}_id (account_id=? AND mode=? AND {name}=?": by_index[name]
            for name in by_index
        },
    }
    for how, statement in [(how, statement) for how, statements in searched.items() for statement in statements]:

        def plan(tx: Transaction, s: Any = statement) -> str:
            compiled = s.clause.compile(dialect=tx.dialect)
            return str(tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1)).all())

        found = read(database, plan)
        assert how in found
        assert "SCAN logs" not in found
        assert "TEMP B-TREE FOR ORDER BY" not in found


def test_usage_adds_up(database: Database) -> None:
    def add(tx: Transaction) -> None:
        usage.add(tx, {("acct_1", "live", 5, ""): (2, 50), ("acct_1", "live", 5, "v1.x.y_z"): (1, 50)})
        usage.add(tx, {("acct_1", "live", 6, ""): (1, 60), ("acct_1", "test", 5, ""): (9, 50)})
        usage.add(tx, {("acct_1", "live", 5, ""): (3, 70), ("acct_2", "live", 5, ""): (8, 50)})

    write(database, add)
    found = read(database, lambda tx: usage.of_days(tx, SCOPE, 5, 7))
    assert [row[2:] for row in found] == [(5, "", 5, 70), (5, "v1.x.y_z", 1, 50), (6, "", 1, 60)]
    assert [row.day for row in read(database, lambda tx: usage.of_days(tx, SCOPE, 6, 7))] == [6]
    assert [row.requests for row in read(database, lambda tx: usage.of_days(tx, OTHER_ACCOUNT, 0, 9))] == [8]


def test_the_tables_have_the_columns_of_their_rows() -> None:
    for row, name in ((logs.Row, "logs"), (usage.Row, "usage")):
        table: sa.Table = metadata.tables[name]
        assert list(row._fields) == list(table.c.keys())
