"""Queues: what is due is claimed by one worker at a time, owner by owner."""

from typing import Any

import pytest
import sqlalchemy as sa

from storage.database import Database, Transaction
from storage.queues import Lease, Queue
from storage.tables import deliveries, tasks
from storage.tasks import QUEUES
from tests.storage.samples import read, write

TABLES = {"tasks": (tasks, "account_id"), "deliveries": (deliveries, "endpoint_id")}
COLUMNS = {
    "tasks": {"type": "process", "job_id": "job_1", "number": 1, "name": "batch", "status": "queued", "attempts": 0},
    "deliveries": {
        "endpoint_id": "",
        "event_id": "evt_1",
        "event_type": "e",
        "status": "pending",
        "attempts": 0,
        "failures": 0,
    },
}


@pytest.fixture(params=TABLES)
def queue(request: pytest.FixtureRequest) -> Queue[Any]:
    table, owner = TABLES[request.param]
    if table is tasks:
        return QUEUES["process"]
    made: Queue[tuple[Any, ...]] = Queue(table, tuple, owner)
    return made


def add(queue: Queue[tuple[Any, ...]], rows: list[tuple[str, str, int | None]]) -> Any:
    """A unit that adds rows of some owners that are due at a time."""
    table = queue.table
    owner_column = TABLES[table.name][1]
    stamps = {"mode": "live", "created": 1, "updated": 1, "version": 1}

    def unit(tx: Transaction) -> None:
        for name, owner, due in rows:
            values = {**COLUMNS[table.name], **stamps, "account_id": "acct_1", "id": name, "due_ms": due}
            tx.execute(sa.insert(table).values({**values, owner_column: owner}))

    return unit


def claimed(database: Database, queue: Queue[tuple[Any, ...]], owner: str, lease: Lease, limit: int) -> list[str]:
    rows = write(database, lambda tx: queue.claim(tx, owner, lease, limit))
    return sorted(str(row[0]) for row in rows)


def test_owners_with_something_due_come_by_how_long_they_wait(database: Database, queue: Queue[Any]) -> None:
    rows = [("a1", "a", 500), ("a2", "a", 90), ("b1", "b", 100), ("c1", "c", 200), ("d1", "d", None), ("e1", "e", 101)]
    write(database, add(queue, rows))
    assert read(database, lambda tx: queue.owners(tx, 100)) == ["a", "b"]
    assert read(database, lambda tx: queue.owners(tx, 1_000)) == ["a", "b", "e", "c"]
    assert read(database, lambda tx: queue.owners(tx, 89)) == []
    assert read(database, queue.soonest) == 90


def test_what_is_taken_is_not_claimed(database: Database, queue: Queue[Any]) -> None:
    write(database, add(queue, [(f"a{number}", "a", number) for number in range(3)]))
    taken = write(database, lambda tx: queue.take(tx, "a", 1, 9))
    assert [row[0] for row in taken] == ["a0", "a1"]
    assert read(database, queue.soonest) == 0


def test_what_is_claimed_is_claimed_again_only_after_its_lease(database: Database, queue: Queue[Any]) -> None:
    write(database, add(queue, [(f"a{number}", "a", number) for number in range(5)]))
    first, second = Lease("one", 10, 60), Lease("two", 59, 100)
    assert claimed(database, queue, "a", first, 3) == ["a0", "a1", "a2"]
    assert claimed(database, queue, "a", second, 3) == ["a3", "a4"]
    assert claimed(database, queue, "a", second, 3) == []
    assert claimed(database, queue, "a", Lease("three", 60, 200), 9) == ["a0", "a1", "a2"]


def test_only_the_holder_settles(database: Database, queue: Queue[Any]) -> None:
    write(database, add(queue, [("a1", "a", 1)]))
    claimed(database, queue, "a", Lease("one", 10, 20), 1)
    claimed(database, queue, "a", Lease("two", 20, 30), 1)
    assert write(database, lambda tx: queue.held(tx, "a1", "one")) is None
    held = write(database, lambda tx: queue.held(tx, "a1", "two"))
    assert held is not None
    assert write(database, lambda tx: queue.renew(tx, ["a1"], "one", 900)) == 0
    assert write(database, lambda tx: queue.renew(tx, ["a1"], "two", 25)) == 1
    assert read(database, lambda tx: queue.owners(tx, 24)) == []
    assert read(database, lambda tx: queue.owners(tx, 25)) == ["a"]


def test_two_transactions_never_claim_the_same(database: Database, queue: Queue[Any]) -> None:
    """On SQLite there is one writer; on PostgreSQL the second passes over what the first has locked."""
    write(database, add(queue, [(f"a{number}", "a", number) for number in range(4)]))
    engine = getattr(database, "_engine", None)
    if engine is None:
        pytest.skip("SQLite has one writer.")
    with engine.begin() as first, engine.begin() as second:
        one = {row[0] for row in queue.claim(first, "a", Lease("one", 10, 60), 2)}
        two = {row[0] for row in queue.claim(second, "a", Lease("two", 10, 60), 3)}
    assert (len(one), len(two)) == (2, 2)
    assert not one & two


def test_the_queue_is_read_by_its_index(database: Database, queue: Queue[Any]) -> None:
    if getattr(database, "_engine", None) is not None:
        pytest.skip("PostgreSQL chooses by the size of the table.")
    plan = read(
        database,
        lambda tx: [
            str(row[3])
            for statement in (queue._owners, queue._soonest, queue._take, queue._claim)
            for row in tx.exec_driver_sql(
                "EXPLAIN QUERY PLAN " + str(statement.clause.compile(dialect=tx.dialect)),
                {"now_ms": 1, "owner": "a", "limit": 1, "until_ms": 1, "by": "x", "limit_1": 1, "param_1": 1},
            )
        ],
    )
    assert any(f"ix_{queue.table.name}_queue" in line for line in plan)
    assert not [line for line in plan if line.startswith(f"SCAN {queue.table.name}") and "USING" not in line]
