"""What only PostgreSQL does: losing connections, ending one transaction in favour of another, several processes."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Select

from storage import postgres, resources
from storage.collection import Order, Place
from storage.database import Database, DeadlineExceeded, Transaction, Unavailable, open_database
from tests import engines
from tests.storage.samples import SCOPE, create, creating, executing, read, resource, rows_in, run, write


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


def disconnect_everyone(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


@contextlib.contextmanager
def warmed(url: str) -> Iterator[Database]:
    database = open_database(url)
    run(database.ping())
    yield database
    run(database.close())


def test_a_read_survives_a_lost_connection(url: str, storage_server: str) -> None:
    with warmed(url) as database:
        for _ in range(3):
            disconnect_everyone(storage_server)
            assert read(database, lambda tx: rows_in(tx, "resources")) == 0
            assert read(database, lambda tx: resources.ROWS.fetch(tx, SCOPE, "res_1")) is None


def test_a_read_is_not_repeated_for_ever(url: str) -> None:
    calls = []

    def unit(tx: Transaction) -> None:
        calls.append(1)
        tx.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with warmed(url) as database:
        with pytest.raises(Unavailable, match="out of reach"):
            read(database, unit)
        assert len(calls) == 2


def test_a_write_on_a_lost_connection_is_unavailable_once(url: str, storage_server: str) -> None:
    with warmed(url) as database:
        disconnect_everyone(storage_server)
        with pytest.raises(Unavailable, match="out of reach"):
            write(database, creating(1))
        write(database, creating(2))
        assert read(database, lambda tx: rows_in(tx, "resources")) == 1


def test_a_server_that_is_not_there_is_unavailable(tmp_path: object) -> None:
    database = open_database(f"postgresql://test@/name?host={tmp_path}")
    with pytest.raises(Unavailable, match="out of reach") as caught:
        run(database.ping())
    assert caught.value.retry_after >= 1
    run(database.close())


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_write_ended_in_favour_of_another_is_run_again(url: str, state: str) -> None:
    calls = []

    def unit(tx: Transaction) -> None:
        calls.append(1)
        create(tx, len(calls))
        if len(calls) < postgres.ATTEMPTS:
            tx.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'ended' USING ERRCODE = '{state}'; END $$")

    with warmed(url) as database:
        write(database, unit)
        assert len(calls) == postgres.ATTEMPTS
        assert read(database, lambda tx: rows_in(tx, "resources")) == 1


def test_a_write_that_is_always_ended_is_unavailable(url: str) -> None:
    def unit(tx: Transaction) -> None:
        tx.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'ended' USING ERRCODE = '40001'; END $$")

    with warmed(url) as database, pytest.raises(Unavailable, match="in favour of another"):
        write(database, unit)


def test_a_statement_that_takes_too_long_is_ended(url: str) -> None:
    database = open_database(url, deadline=0.1)
    for run_unit in (read, write):
        with pytest.raises(DeadlineExceeded):
            run_unit(database, executing("SELECT pg_sleep(10)"))
    run(database.close())


def test_a_resource_is_found_by_its_id_even_without_statistics(storage_server: str) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(500):
            create(tx, number)

    def plan(tx: Transaction) -> str:
        fetching = next(each for each in resources.ROWS.statements([]) if isinstance(each.clause, Select))
        sql = str(fetching.clause.compile(dialect=tx.dialect))
        values = {"account_id": SCOPE.account_id, "mode": SCOPE.mode, "id": resource(7)["id"]}
        return str(tx.exec_driver_sql(f"EXPLAIN {sql}", values).all())

    with warmed(engines.fresh_database_url(storage_server)) as database:
        write(database, fill)
        assert "ix_resources_account_id_mode_id " in read(database, plan)


def test_text_sorts_by_code_point_whatever_the_locale(url: str) -> None:
    with warmed(url) as database:
        words = ["a", "B", "_", "é", "Z", "z"]
        for number, word in enumerate(words):
            write(database, creating(number, name=word))
        place = Place(order=Order("name", False))
        found = read(database, lambda tx: resources.ROWS.page(tx, SCOPE, {}, place, 10))
        assert [row.name for row in found] == sorted(words)


def test_reads_leave_no_transaction_open(url: str, storage_server: str) -> None:
    with warmed(url) as database:
        write(database, creating(1))
        assert read(database, lambda tx: resources.ROWS.fetch(tx, SCOPE, resource(1)["id"])) is not None
        with psycopg.connect(storage_server) as connection:
            condition = "datname LIKE 'test_%' AND backend_type = 'client backend'"
            states = connection.execute(
                f"SELECT DISTINCT state FROM pg_stat_activity WHERE {condition}".encode()
            ).fetchall()
        assert states == [("idle",)]


def test_a_new_database_is_empty_and_separate(storage_server: str) -> None:
    first, second = (open_database(engines.fresh_database_url(storage_server)) for _ in range(2))
    write(first, creating(1))
    assert read(second, lambda tx: rows_in(tx, "resources")) == 0
    run(first.close())
    run(second.close())
