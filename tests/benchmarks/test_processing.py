"""Jobs beside reads, and how they are judged."""

import json
from pathlib import Path

import pytest

from benchmarks import processing, report
from benchmarks.conditions import Conditions
from benchmarks.contenders import Contender
from benchmarks.peers import rows
from benchmarks.processing import Load, Turn
from benchmarks.servers import Server, Start

IDS = [rows.identifier(number) for number in range(200)]


def contender() -> Contender:
    return Contender(Server("ours", Start(1, [], Path())), "k", IDS)


def test_jobs_are_due_at_their_rate() -> None:
    due = processing.jobs(contender(), 60)
    assert len(due) * processing.ITEMS_PER_JOB == processing.ITEMS_PER_MINUTE
    assert max(each.at for each in due) < 60
    bodies = [json.loads(each.request.wire.partition(b"\r\n\r\n")[2]) for each in due]
    assert all(len(body["items"]) == processing.ITEMS_PER_JOB for body in bodies)
    assert {each.request.status for each in due} == {b"201"}
    # No resource gets more executions than its 1,000 a minute.
    per_resource = len(due) / len({body["resource"] for body in bodies})
    assert per_resource * processing.ITEMS_PER_JOB / processing.BATCH_SIZE < 1_000


def test_jobs_go_through_active_resources_alone() -> None:
    # As seeding.py fills them, every fourth is pending and the next one paused.
    assert all(IDS.index(each) % 4 in (2, 3) for each in processing.workers(contender()))


def turn(idle: float, busy: float, disturbance: float = 0) -> Turn:
    return Turn(idle, busy, 0.4, Conditions(disturbance))


@pytest.mark.parametrize(("busy", "holds"), [(3.0, True), (3.1, False)])
def test_the_median_of_the_ratios_is_judged(busy: float, holds: bool) -> None:
    load = Load([turn(2.0, 2.0), turn(2.0, busy), turn(2.0, 9.0)], 10_000)
    row = report.load_row(load)
    assert row.holds is holds
    assert (row.target, row.other) == ("<= 1.5x", "2.0 ms idle")


def test_calm_turns_count(monkeypatch: pytest.MonkeyPatch) -> None:
    played = iter([turn(1, 9, 0.9), turn(1, 1), turn(1, 1)])
    monkeypatch.setattr(processing, "configure", lambda _: None)
    monkeypatch.setattr(processing, "_turn", lambda *_: next(played))
    load = processing.measure(contender(), 6, 2)
    assert load.ratio == 1
    assert processing.worst(load.turns).trouble == 0
