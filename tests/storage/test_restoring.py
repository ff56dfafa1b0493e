"""Events that were restored into another PostgreSQL are followed as before."""

import pytest
import sqlalchemy as sa

from storage import event_cursors, events, migrations
from storage.database import Database, Transaction, open_database
from storage.tables import event_cursors as cursors
from storage.tables import events as table
from tests.storage.samples import SCOPE, read, run, write

HERE_NEVER = 10**15


def add(tx: Transaction, number: int) -> None:
    event = {"id": f"evt_{number}", "type": "resource.created", "created": number, "object_id": "res_1", "object": {}}
    events.insert(tx, SCOPE, event)


def followed(database: Database, behind: tuple[int, int]) -> list[str]:
    return [row.id for row in read(database, lambda tx: events.following(tx, behind, 10))]


@pytest.mark.parametrize("seen", [1, 3])
def test_what_was_not_seen_is_followed_and_what_comes_then(postgres_url: str, seen: int) -> None:
    database = open_database(postgres_url)

    def restored(tx: Transaction) -> None:
        for number in (1, 2, 3):
            add(tx, number)
        tx.execute(sa.update(table).values(transaction_id=HERE_NEVER + table.c.sequence))
        place = sa.select(table.c.transaction_id, table.c.sequence).where(table.c.id == f"evt_{seen}")
        at = tx.execute(place).one()
        tx.execute(sa.delete(cursors))
        tx.execute(sa.insert(cursors).values(name="deliveries", transaction_id=at[0], sequence=at[1]))

    write(database, restored)
    assert followed(database, (0, 0)) == []
    migrations.migrate(postgres_url)
    write(database, lambda tx: add(tx, 4))
    cursor = write(database, lambda tx: event_cursors.lock(tx, "deliveries"))
    assert cursor is not None
    assert followed(database, (cursor.transaction_id, cursor.sequence)) == ["evt_2", "evt_3", "evt_4"][seen - 1 :]
    run(database.close())


def test_what_belongs_here_stays(url: str) -> None:
    database = open_database(url)
    write(database, lambda tx: add(tx, 1))
    before = read(database, lambda tx: tx.execute(sa.select(table.c.transaction_id)).all())
    migrations.migrate(url)
    assert read(database, lambda tx: tx.execute(sa.select(table.c.transaction_id)).all()) == before
    run(database.close())
