"""What is measured of executions, hour by hour, on both engines."""

from __future__ import annotations

import asyncio
import random

import pytest

from domain import metrics, seals
from domain.calls import Allowance, Call, Means
from domain.metrics import Execution, Metrics
from domain.seals import Seal
from storage import metrics as rows
from storage import resources
from storage.database import Database, Transaction, open_database
from storage.scope import Scope
from tests.storage.samples import OTHER_ACCOUNT, OTHER_MODE, SCOPE, create, read, resource, rows_in, write

HOUR = 3_600
# Three hours after midnight.
NOW = 20_000 * 24 * HOUR + 3 * HOUR
ALLOWANCE = Allowance(1, 1, 1, "free", None, 1, 1, 1)
SEAL = Seal([seals.new_key()])
ONE, TWO, THREE = (resource(number)["id"] for number in (1, 2, 3))
OK, FAILED = Execution(1_000, is_error=False), Execution(4_000, is_error=True)


def calling(tx: Transaction, now: int = NOW, scope: Scope = SCOPE) -> Call:
    return Call(tx, scope, now, "req_0123456789abcdef", ALLOWANCE, Means(SEAL))


def record(database: Database, resource_id: str, executions: list[Execution], now: int = NOW) -> None:
    write(database, lambda tx: metrics.record(calling(tx, now), resource_id, executions))


def known(tx: Transaction, *resource_ids: str, scope: Scope = SCOPE) -> dict[str, Metrics]:
    found = [resources.ROWS.fetch(tx, scope, each) for each in resource_ids]
    return {row.id: metrics.since_creation(row.executions, row.failed_executions) for row in found if row}


def shown(database: Database, now: int = NOW) -> tuple[Metrics, Metrics]:
    """The metrics of the first resource in full and in short."""

    def unit(tx: Transaction) -> tuple[Metrics, Metrics]:
        found = known(tx, ONE)
        return metrics.in_full(calling(tx, now), found)[ONE], metrics.in_short(calling(tx, now), found)[ONE]

    return read(database, unit)


@pytest.fixture
def database_with(database: Database) -> Database:
    """Three resources, and others with the same ids that belong to others."""

    def unit(tx: Transaction) -> None:
        for number in (1, 2, 3):
            create(tx, number)
        create(tx, 4, OTHER_MODE)
        create(tx, 5, OTHER_ACCOUNT)

    write(database, unit)
    return database


def test_each_window_counts_what_is_in_it(database_with: Database) -> None:  # B040 B042 B086 B087
    for age, executions in {
        30 * 24: [FAILED] * 4,
        24: [FAILED],
        23: [OK, OK],
        4: [OK, FAILED],
        3: [OK] * 3,
        0: [FAILED],
    }.items():
        record(database_with, ONE, executions, NOW - age * HOUR)
    full, short = shown(database_with)
    assert full.lifetime == short.lifetime == metrics.Lifetime(13, 46.15, 7)
    assert (full.last_24h.requests, full.last_24h.errors, full.last_24h.success_rate) == (8, 2, 75.0)
    assert (full.last_24h.avg_latency_ms, full.last_24h.p95_latency_ms, full.last_24h.p99_latency_ms) == (2, 4, 4)
    assert (short.requests_today, short.success_rate, short.avg_latency_ms) == (4, 75.0, 2)
    # A month later only the totals are left.
    full, short = shown(database_with, NOW + 30 * 24 * HOUR)
    assert (full.lifetime.requests, full.last_24h, short.requests_today) == (13, metrics.NO_DAY, 0)
    assert short.success_rate == 100


def test_the_average_is_not_above_what_nearly_all_take(database_with: Database) -> None:  # B088
    record(database_with, ONE, [OK] * 97 + [Execution(30_000_000, is_error=True)] * 3)
    day = shown(database_with)[0].last_24h
    assert day.avg_latency_ms == day.p95_latency_ms == 1
    assert day.p99_latency_ms == pytest.approx(30_000, rel=0.02)


def test_nobody_else_sees_or_counts_them(database_with: Database) -> None:
    theirs = resource(4)["id"]
    record(database_with, theirs, [OK])
    record(database_with, resource(99)["id"], [OK])
    assert read(database_with, lambda tx: rows_in(tx, "metrics_hourly")) == 0
    record(database_with, ONE, [])
    assert read(database_with, lambda tx: known(tx, ONE)[ONE]) is metrics.NO_EXECUTIONS
    write(database_with, lambda tx: metrics.record(calling(tx, scope=OTHER_MODE), theirs, [OK]))
    assert read(database_with, lambda tx: rows.sums(tx, SCOPE, [theirs], 0)) == []
    assert [row.requests for row in read(database_with, lambda tx: rows.sums(tx, OTHER_MODE, [theirs], 0))] == [1]


def test_many_resources_are_read_together(database_with: Database) -> None:  # B040
    more = [resource(number)["id"] for number in range(10, 55)]

    def unit(tx: Transaction) -> None:
        for number, resource_id in enumerate(more):
            create(tx, 10 + number)
            for hour in (0, 1):
                metrics.record(calling(tx, NOW - hour * HOUR), resource_id, [OK] * (number + 1))

    write(database_with, unit)
    wanted = [more[44], ONE, more[0], *more[1:44]]
    found = read(database_with, lambda tx: rows.sums(tx, SCOPE, wanted, NOW // HOUR))
    assert {row.resource_id: row.requests for row in found} == {each: n + 1 for n, each in enumerate(more)}
    assert len(found) == len(more)
    hours = read(database_with, lambda tx: rows.of_hours(tx, SCOPE, wanted, 0))
    assert len({(row.resource_id, row.hour) for row in hours}) == len(hours) == 90


def test_writers_at_once_lose_nothing(database_with: Database, url: str) -> None:
    chance = random.Random(1)
    parts = [
        [Execution(chance.randrange(100, 10**6), is_error=not chance.randrange(5)) for _ in range(5)] for _ in "x" * 40
    ]

    async def scenario() -> None:
        opened = [open_database(url) for _ in range(2)]
        units = [lambda tx, p=part: metrics.record(calling(tx), ONE, p) for part in parts]
        await asyncio.gather(*(opened[number % 2].write(unit) for number, unit in enumerate(units)))
        for each in opened:
            await each.close()

    asyncio.run(scenario())
    everything = [each for part in parts for each in part]
    (row,) = read(database_with, lambda tx: rows.of_hours(tx, SCOPE, [ONE], 0))
    assert (row.requests, row.errors) == (200, sum(each.is_error for each in everything))
    assert row.latency_us == sum(each.latency_us for each in everything)
    assert sum(row.buckets.values()) == 200
    assert shown(database_with)[0].lifetime.requests == 200


def test_old_hours_go(database_with: Database) -> None:
    for age in (0, 24, 48, 49, 50, 51):
        record(database_with, ONE, [OK], NOW - age * HOUR)
        record(database_with, TWO, [OK], NOW - age * HOUR)
    assert write(database_with, lambda tx: metrics.delete_old(tx, NOW, 4)) == 4
    assert write(database_with, lambda tx: metrics.delete_old(tx, NOW, 4)) == 2
    assert write(database_with, lambda tx: metrics.delete_old(tx, NOW, 4)) == 0
    assert len(read(database_with, lambda tx: rows.of_hours(tx, SCOPE, [ONE, TWO, THREE], 0))) == 6
    assert write(database_with, lambda tx: rows.delete_of(tx, SCOPE, ONE)) == 3
