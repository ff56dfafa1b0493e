import json

import pytest

from benchmarks import report
from benchmarks.conditions import Conditions
from benchmarks.latency import Latency
from benchmarks.memory import Growth
from benchmarks.report import Row, Target
from benchmarks.rounds import Match, Round, Turn
from benchmarks.startup import StartTimes


def played(ours: float, peer: float) -> Round:
    return {"get": {"ours": Turn(ours, 0.0002, Conditions()), "FastAPI": Turn(peer, 0.002, Conditions())}}


MATCH = Match(3, [played(4000, 500), played(4400, 400), played(2000, 400)])


@pytest.mark.parametrize(("at_least", "holds"), [(7, True), (8, True), (8.1, False), (None, None)])
def test_a_ratio_is_judged_by_its_median(at_least: float | None, holds: bool | None) -> None:
    row = report.ratio_row(MATCH, Target("get", "FastAPI", at_least))
    assert row.holds is holds
    assert row.measured == "8.00x (5.00 to 11.00)"
    assert (row.ours, row.other) == ("4,000/s, 200 us", "400/s, 2,000 us")
    assert row.figures["ratio"] == 8


@pytest.mark.parametrize(("median", "holds"), [(1.49, True), (1.5, False)])
def test_the_start_is_judged_by_its_median(median: float, holds: bool) -> None:
    row = report.startup_row(StartTimes([0.5, median, 3.0], again=0.4))
    assert row.holds is holds
    assert f"{median:.2f} s (0.50 to 3.00; existing data 0.40)" == row.measured


@pytest.mark.parametrize(("after", "holds"), [(90, True), (100, True), (102, True), (103, False)])
def test_memory_may_not_grow_beyond_noise(after: int, holds: bool) -> None:
    row = report.memory_row(Growth(10_000, 100_000, 100 * 2**20, after * 2**20))
    assert row.holds is holds
    assert row.other == "100.0 MiB after 10,000"


@pytest.mark.parametrize(
    ("percentiles", "holds"),
    [((2.3, 6.7, 14.5), True), ((2.4, 3.0, 4.0), False), ((1.0, 6.8, 7.0), False), ((1.0, 2.0, 14.6), False)],
)
def test_each_percentile_has_a_bar(percentiles: tuple[float, float, float], holds: bool) -> None:
    row = report.latency_row(Latency("get", 1500, percentiles))
    assert row.holds is holds
    assert row.target == "<= 2.3 / 6.7 / 14.5 ms"


ROWS = [
    Row("good", "1/s", "", ">= 1x", "2x", True, {"ratio": 2}),
    Row("a longer name", "1/s", "10/s", "(reported)", "1x", None),
]
MISSED = Row("bad", "1/s", "", ">= 1x", "0.5x", False)


def test_the_table_has_straight_columns() -> None:
    lines = report.table([*ROWS, MISSED]).splitlines()
    assert lines[0].split() == ["what", "ours", "other", "target", "measured"]
    assert [line.split()[-1] for line in lines[2:]] == ["pass", "1x", "MISS"]
    assert len({line.index(word) for line, word in zip(lines[2:], (">=", "(rep", ">="), strict=True)}) == 1


def test_the_summary_names_what_was_missed() -> None:
    assert report.summary(ROWS) == "1 of 1 targets met."
    assert report.summary([*ROWS, MISSED]) == "1 of 2 targets met. Missed: bad."


@pytest.mark.parametrize(("check", "rows", "code"), [(True, ROWS, 0), (True, [MISSED], 1), (False, [MISSED], 0)])
def test_a_miss_fails_the_run_only_when_asked(check: bool, rows: list[Row], code: int) -> None:
    assert report.exit_code(rows, check) == code


def test_the_json_holds_the_figures() -> None:
    document = json.loads(report.as_json(ROWS, {"python": "3.13"}))
    assert document["about"] == {"python": "3.13"}
    assert document["rows"][0] == {"what": "good", "holds": True, "ratio": 2}
    assert document["rows"][1]["holds"] is None
