"""What every runner promises, on both engines."""

import asyncio
import logging
import threading
import time
from functools import partial
from typing import Any

import pytest
import sqlalchemy

from storage import database as databases
from storage import migrations, postgres, resources, sqlite
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable, leave_loop, open_database
from tests.storage.samples import SCOPE, create, creating, executing, listed, read, resource, rows_in, run, write


class Refused(Exception):
    pass


def names(tx: Transaction) -> list[str]:
    return [row.name for row in listed(tx)]


def outside(url: str) -> sqlalchemy.Engine:
    """An engine of its own on the same database, as another process would have."""
    location = databases.parse(url)
    if location.drivername == "sqlite":
        return sqlite.make_engine(str(location.database), busy_timeout=0.1)
    return postgres.make_engine(location, deadline=5, busy_timeout=0.1)


def lock(connection: sqlalchemy.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("LOCK TABLE resources IN ACCESS EXCLUSIVE MODE")


def test_returning_commits_and_gives_the_value(database: Database, url: str) -> None:
    def unit(tx: Transaction) -> str:
        create(tx, 1)
        return "done"

    assert write(database, unit) == "done"
    engine = outside(url)
    with engine.connect() as connection:
        assert rows_in(connection, "resources") == 1
    engine.dispose()


def test_raising_rolls_back_and_passes_the_error_on(database: Database) -> None:
    refusal = Refused("no")

    def unit(tx: Transaction) -> None:
        create(tx, 1)
        raise refusal

    with pytest.raises(Refused) as caught:
        write(database, unit)
    assert caught.value is refusal
    assert read(database, lambda tx: rows_in(tx, "resources") + rows_in(tx, "counters")) == 0


def test_an_error_of_the_statements_is_not_hidden(database: Database) -> None:
    write(database, creating(1))
    with pytest.raises(Exception, match=r"(?i)unique"):
        write(database, creating(1))
    assert read(database, names) == ["Resource 1"]


def test_one_failing_unit_of_many_harms_no_other(database: Database) -> None:
    def unit(number: int) -> Any:
        def work(tx: Transaction) -> int:
            create(tx, number)
            if number % 7 == 3:
                raise Refused(str(number))
            return number

        return work

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(database.write(unit(n)) for n in range(100)), return_exceptions=True)

    outcomes = run(all_at_once())
    for number, outcome in enumerate(outcomes):
        assert str(outcome) == str(number)
        assert isinstance(outcome, Refused) == (number % 7 == 3)
    assert read(database, names) == [f"Resource {n}" for n in reversed(range(100)) if n % 7 != 3]
    assert read(database, lambda tx: resources.ROWS.count(tx, SCOPE, {})) == 86


def test_a_cancelled_caller_harms_no_other(database: Database) -> None:
    async def scenario() -> list[str]:
        started, go_on = threading.Event(), threading.Event()

        def slow(_tx: Transaction) -> None:
            started.set()
            go_on.wait(5)

        tasks = [asyncio.create_task(database.write(slow)) for _ in range(4)]
        await asyncio.to_thread(started.wait, 5)
        tasks += [asyncio.create_task(database.write(creating(n))) for n in range(4)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[5].cancel()
        go_on.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        return [type(each).__name__ for each in ended]

    assert run(scenario()) == ["CancelledError", *4 * ["NoneType"], "CancelledError", *2 * ["NoneType"]]
    assert {"Resource 0", "Resource 2", "Resource 3"} <= set(read(database, names))


def test_a_read_sees_what_was_written_before(database: Database) -> None:
    async def scenario() -> None:
        for number in range(20):
            await database.write(creating(number))
            found = await database.read(partial(resources.ROWS.fetch, scope=SCOPE, id=resource(number)["id"]))
            assert found is not None
            assert found.name == f"Resource {number}"

            def slowly(tx: Transaction) -> int:
                leave_loop(tx)
                return rows_in(tx, "resources")

            assert await database.read(slowly) == number + 1

    run(scenario())


def test_a_read_cannot_write_on_sqlite(database: Database, engine_name: str) -> None:
    if engine_name == "sqlite":
        with pytest.raises(Unavailable, match="cannot be written to"):
            read(database, creating(1))
    assert read(database, lambda tx: rows_in(tx, "resources")) == 0


@pytest.mark.parametrize("asks", [False, True])
def test_reads_that_may_take_long_leave_the_loop(database: Database, engine_name: str, asks: bool) -> None:
    threads: list[int] = []

    def unit(tx: Transaction) -> str:
        threads.append(threading.get_ident())
        if asks:
            leave_loop(tx)
        return "found"

    assert read(database, unit) == "found"
    here = threading.get_ident()
    expected = {("sqlite", False): [True], ("sqlite", True): [True, False]}.get((engine_name, asks), [False])
    assert [thread == here for thread in threads] == expected


def test_leave_loop_does_nothing_in_a_write(database: Database) -> None:
    assert write(database, leave_loop) is None


def test_a_locked_database_is_unavailable_and_nothing_is_written(url: str) -> None:
    database, engine = open_database(url, busy_timeout=0.1), outside(url)
    with engine.connect() as holder:
        lock(holder)
        with pytest.raises(Unavailable, match="locked") as caught:
            write(database, creating(1))
        assert caught.value.retry_after >= 1
        assert caught.value.__cause__ is not None
        holder.rollback()
    assert read(database, names) == []
    write(database, creating(2))
    assert read(database, names) == ["Resource 2"]
    run(database.close())
    engine.dispose()


def test_a_unit_that_takes_too_long_is_rolled_back(url: str) -> None:
    database = open_database(url, deadline=0.1)

    def unit(tx: Transaction) -> None:
        create(tx, 1)
        time.sleep(0.15)

    with pytest.raises(DeadlineExceeded, match="nothing was committed"):
        write(database, unit)
    assert read(database, names) == []
    run(database.close())


def test_a_unit_that_waited_too_long_is_not_started(url: str) -> None:
    database = open_database(url, deadline=0.1)

    async def scenario() -> list[Any]:
        slow = [database.write(lambda _: time.sleep(0.15)) for _ in range(postgres.THREADS)]
        late = database.write(creating(1))
        return await asyncio.gather(*slow, late, return_exceptions=True)

    assert isinstance(run(scenario())[-1], DeadlineExceeded)
    assert read(database, names) == []
    run(database.close())


def test_a_full_queue_is_unavailable(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.group_commit.CAPACITY", 5)
    monkeypatch.setattr("storage.postgres.CAPACITY", 5)

    async def scenario() -> list[Any]:
        writes = (database.write(creating(n)) for n in range(20))
        return await asyncio.gather(*writes, return_exceptions=True)

    outcomes = run(scenario())
    refused = [each for each in outcomes if isinstance(each, Unavailable)]
    assert refused
    assert all("5" in str(each) for each in refused)
    assert len(read(database, names)) == 20 - len(refused) > 0


def test_close_finishes_what_is_queued(url: str) -> None:
    database = open_database(url)

    async def scenario() -> None:
        writes = [asyncio.create_task(database.write(creating(n))) for n in range(30)]
        await asyncio.sleep(0)
        await database.close()
        await asyncio.gather(*writes)

    run(scenario())
    again = open_database(url)
    assert len(read(again, names)) == 30
    run(again.close())


def test_ping_tells_whether_the_database_answers(database: Database) -> None:
    run(database.ping())


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ("mysql://host/name", "No database runner for 'mysql'"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("nonsense", "cannot be read"),
    ],
)
def test_a_url_that_cannot_be_served_says_what_to_give(given: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong) as caught:
        open_database(given)
    assert "sqlite:///path" in str(caught.value)


@pytest.mark.parametrize("given", ["postgres://h/n", "postgresql://h/n", "postgresql+psycopg://h/n"])
def test_the_spellings_of_postgresql_are_one(given: str) -> None:
    assert databases.parse(given).drivername == "postgresql+psycopg"


def test_a_failing_commit_fails_every_unit(tmp_path: Any) -> None:
    """A foreign key that is checked at the end makes the COMMIT itself fail."""
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    migrations.migrate(url)
    database = open_database(url)
    parent = "CREATE TABLE parent (id INTEGER PRIMARY KEY)"
    child = "CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"
    write(database, executing(parent, child))

    async def scenario() -> list[Any]:
        started, go_on = threading.Event(), threading.Event()

        def hold(_tx: Transaction) -> None:
            started.set()
            go_on.wait(5)

        first = asyncio.create_task(database.write(hold))
        await asyncio.to_thread(started.wait, 5)
        units = [database.write(creating(n)) for n in range(3)]
        units.append(database.write(executing("INSERT INTO child VALUES (1)")))
        rest = asyncio.gather(*units, return_exceptions=True)
        await asyncio.sleep(0)
        go_on.set()
        await first
        return await rest

    outcomes = run(scenario())
    assert all("FOREIGN KEY" in str(outcome) for outcome in outcomes)
    assert read(database, names) == []
    write(database, creating(9))
    assert read(database, names) == ["Resource 9"]
    run(database.close())


def test_a_full_disk_is_unavailable_and_the_batch_is_gone(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'storage.db'}"
    migrations.migrate(url)
    database = open_database(url)
    pages = write(database, lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
    write(database, executing(f"PRAGMA max_page_count = {pages + 2}"))

    async def scenario() -> list[Any]:
        large = {"note": "x" * 3_000}
        units = (database.write(creating(n, metadata=large)) for n in range(40))
        return await asyncio.gather(*units, return_exceptions=True)

    outcomes = run(scenario())
    done = [f"Resource {n}" for n, outcome in enumerate(outcomes) if outcome is None]
    full = [outcome for outcome in outcomes if isinstance(outcome, Unavailable)]
    assert full
    assert len(done) + len(full) == 40
    assert all("full" in str(each) for each in full)
    assert read(database, names) == done[::-1]
    run(database.close())


def test_an_old_sqlite_is_warned_of(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "single_process_only", lambda: True)
    with caplog.at_level(logging.WARNING):
        run(open_database(f"sqlite:///{tmp_path / 'storage.db'}").close())
    assert "Serve it from one process" in caplog.text
