"""Events are followed in the order of their commits: none is missed, however late it was committed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from storage import events
from storage.database import Database, Transaction, open_database
from storage.events import ROWS, START, Position
from storage.scope import Scope
from storage.tables import events as table
from tests.storage.samples import OTHER_ACCOUNT, SCOPE, read, run, write

EVENT = {"type": "project.created", "created": 1_000, "object_id": "proj_1", "object": {"id": "proj_1"}}
OLD, RECENT = 2_000_000, 6_000_000


def added(name: str, scope: Scope = SCOPE, **values: Any) -> Any:
    """A unit that adds an event."""
    return lambda tx: events.insert(tx, scope, {**EVENT, "id": name, **values})


def followed(database: Database, behind: tuple[int, int] = START, limit: int = 100) -> list[events.Row]:
    return read(database, lambda tx: events.following(tx, behind, limit))


def test_every_account_is_followed_and_one_alone(database: Database) -> None:
    for number, scope in enumerate((SCOPE, OTHER_ACCOUNT, SCOPE, Scope("acct_1", "test"), SCOPE)):
        write(database, added(f"evt_{number}", scope))
    found = followed(database)
    assert [row.id for row in found] == ["evt_0", "evt_1", "evt_2", "evt_3", "evt_4"]
    second = Position(found[1].transaction_id, found[1].sequence)
    assert [row.id for row in followed(database, second, 2)] == ["evt_2", "evt_3"]
    own = read(database, lambda tx: ROWS.following(tx, SCOPE, {}, START, 10))
    assert [row.id for row in own] == ["evt_0", "evt_2", "evt_4"]
    rest = read(database, lambda tx: ROWS.following(tx, SCOPE, {"type": "project.*"}, second, 10))
    assert [row.id for row in rest] == ["evt_2", "evt_4"]
    last = Position(found[-1].transaction_id, found[-1].sequence)
    assert followed(database, last) == []


def test_no_number_is_given_again(database: Database) -> None:
    """Else who has followed to the end would miss what comes when the newest events have been deleted."""
    write(database, added("evt_1", created=OLD))
    (first,) = followed(database)
    assert write(database, lambda tx: events.delete_old(tx, RECENT, 100)) == 1
    write(database, added("evt_2"))
    assert [row.id for row in followed(database, Position(first.transaction_id, first.sequence))] == ["evt_2"]


def test_one_that_is_committed_late_is_not_missed(postgres_url: str) -> None:
    """On PostgreSQL, where transactions run side by side; the later one commits first."""
    database = open_database(postgres_url)
    insert = (
        "INSERT INTO events (id, account_id, mode, type, created, object_id, object, transaction_id) "
        "VALUES (%s, 'acct_1', 'live', 'project.created', 1, 'proj_1', '{}', pg_current_xact_id()::text::bigint)"
    )
    with psycopg.connect(postgres_url) as early, psycopg.connect(postgres_url) as late:
        early.execute(insert, ["evt_early"])
        late.execute(insert, ["evt_late"])
        late.commit()
        assert read(database, lambda tx: ROWS.fetch(tx, SCOPE, "evt_late")) is not None
        assert followed(database) == []
        # What the early transaction adds after the commit of the late one comes before it all the same.
        early.execute(insert, ["evt_last"])
        early.commit()
    assert [row.id for row in followed(database)] == ["evt_early", "evt_last", "evt_late"]
    run(database.close())


@pytest.mark.parametrize("limit", [3, 100])
def test_old_ones_are_deleted_in_chunks(database: Database, limit: int) -> None:
    def unit(tx: Transaction) -> None:
        for number in range(8):
            added(f"evt_{number}", created=OLD if number not in (2, 7) else RECENT)(tx)

    write(database, unit)
    deleted = []
    while count := write(database, lambda tx: events.delete_old(tx, OLD + 1, limit)):
        deleted.append(count)
    assert sum(deleted) == 6
    assert max(deleted) <= limit
    assert read(database, lambda tx: sorted(tx.execute(sa.select(table.c.id)).scalars())) == ["evt_2", "evt_7"]
