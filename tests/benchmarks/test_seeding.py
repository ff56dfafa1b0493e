from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select

from benchmarks import client, contenders, rounds, seeding, traffic
from benchmarks.contenders import STRIPPED, Contender
from benchmarks.peers import rows
from benchmarks.servers import Server
from contract.plans import Plan
from domain import accounts
from gateway import administration
from gateway.settings import Settings
from storage import resources, tables
from storage.database import Transaction
from storage.scope import Scope

COUNT = 40


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contender]:
    """Our server with some seeded resources, running."""
    server = contenders.our_server(tmp_path_factory.mktemp("ours"), None)
    contender = contenders.seeded(server, COUNT)
    with server:
        server.wait_for(contenders.HEALTH)
        yield contender


def read(contender: Contender, path: str) -> dict[str, object]:
    request = client.build("GET", path, contender.key)
    outcome = client.closed_loop(contender.server.port, [request], 10, connections=1, keep=True)
    found: dict[str, object] = orjson.loads(outcome.bodies[0])
    return found


def test_seeded_resources_are_like_created_ones(ours: Contender) -> None:
    created = client.closed_loop(ours.server.port, traffic.create(ours.key, 1), 10, keep=True)
    (new,) = contenders.created_ids(created.bodies)
    assert contenders.shape(read(ours, f"/v2/resources/{ours.ids[0]}")) == contenders.shape(
        read(ours, f"/v2/resources/{new}")
    )
    client.closed_loop(ours.server.port, traffic.delete(ours.key, [new]), 10)


def test_seeded_resources_are_listed_and_counted(ours: Contender) -> None:
    found = read(ours, "/v2/resources?limit=100")
    data = found["data"]
    assert isinstance(data, list)
    assert [each["id"] for each in data] == ours.ids[::-1]
    assert found["total_count"] == COUNT
    assert read(ours, "/v2/resources?status=active&limit=1")["total_count"] == COUNT // 2


def test_the_names_of_a_turn_are_nobody_elses() -> None:
    stored = {rows.name(number) for number in range(1000)}
    first = {request.wire for request in traffic.create("k", 1000, turn=1)}
    second = {request.wire for request in traffic.create("k", 1000, turn=2)}
    assert len(stored) == len(first) == len(second) == 1000
    assert not first & second
    assert not stored & {wire.partition(b'"name":"')[2].partition(b'"')[0].decode() for wire in first | second}


def test_the_account_has_limits_that_it_never_meets(ours: Contender) -> None:
    def limits(tx: Transaction) -> object:
        return tx.execute(select(tables.accounts.c.limits).where(tables.accounts.c.name == "Benchmark")).scalar_one()

    found = administration.write(Settings(database_url=contenders.database_of(ours.server)), limits)
    assert found == dict.fromkeys(Plan._fields, int(contenders.UNREACHED))


def test_bulk_rows_fit_the_tables(fresh_database: Callable[[], str]) -> None:
    url = fresh_database()
    settings = Settings(database_url=url)
    account = administration.write(settings, lambda tx: accounts.create(tx, 1, "Benchmark", "enterprise", "us"))
    ids = seeding.add_resources(url, account.id, COUNT)
    scope = Scope(account.id, "live")

    def look(tx: Transaction) -> None:
        assert tx.execute(select(func.count()).select_from(tables.resources)).scalar_one() == COUNT
        assert resources.ROWS.count(tx, scope, {}) == COUNT
        for status in ("pending", "active", "paused"):
            matching = select(func.count()).where(tables.resources.c.status == status)
            assert resources.ROWS.count(tx, scope, {"status": status}) == tx.execute(matching).scalar_one()
        found = resources.ROWS.fetch(tx, scope, ids[7])
        assert found is not None
        assert (found.name, found.metadata) == (rows.name(7), {})

    administration.write(settings, look)


def test_ours_and_its_twin_without_stages_take_turns(ours: Contender, tmp_path: Path) -> None:
    server: Server = contenders.our_server(tmp_path / "twin", None, STRIPPED)
    both = [ours, contenders.twin(server, ours)]
    with server:
        server.wait_for(contenders.HEALTH)
        contenders.check_equal(ours, both[1], "/v2/resources/{id}")
        for made in (rounds.get, rounds.list_first_page, rounds.list_from_the_middle, rounds.create_and_delete):
            match = rounds.play(both, made(0.01), wanted=1)
            for turns in match.rounds[0].values():
                assert turns.keys() == {"ours", STRIPPED}
