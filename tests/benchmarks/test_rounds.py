from pathlib import Path
from typing import Any

import pytest

from benchmarks import contenders, latency, rounds
from benchmarks.conditions import Conditions
from benchmarks.contenders import Contender, UnequalError
from benchmarks.rounds import Match, Round, Turn
from benchmarks.servers import Server, Start


def played(ours: float, peer: float, disturbance: float = 0.0) -> Round:
    return {
        "get": {"ours": Turn(ours, 1 / ours, Conditions()), "FastAPI": Turn(peer, 1 / peer, Conditions(disturbance))}
    }


class Quiet(Server):
    """A server without a process, which remembers what was done to it."""

    def __init__(self, name: str, events: list[str]) -> None:
        super().__init__(name, Start(0, [], Path()))
        self._events = events

    def freeze(self) -> None:
        self._events.append(f"freeze {self.name}")

    def thaw(self) -> None:
        self._events.append(f"thaw {self.name}")


def quiet(events: list[str], *names: str) -> list[Contender]:
    return [Contender(Quiet(name, events), "k", []) for name in names]


def test_ratios_are_those_within_a_round() -> None:
    match = Match(3, [played(800, 100), played(80, 10), played(600, 100)])
    assert match.ratios("get", "ours", "FastAPI") == [6, 8, 8]
    assert match.rate("get", "ours") == 600
    assert match.cpu("get", "FastAPI") == 0.01


def test_the_calmest_rounds_count() -> None:
    match = Match(2, [played(800, 10, 0.5), played(800, 100), played(700, 10, 0.2), played(700, 100)])
    assert match.ratios("get", "ours", "FastAPI") == [7, 8]
    assert match.repeated == 2
    assert match.calm


def test_a_match_without_enough_calm_rounds_is_not_calm() -> None:
    match = Match(2, [played(800, 100), played(700, 10, 0.2), played(700, 10, 0.3)])
    assert not match.calm
    assert match.ratios("get", "ours", "FastAPI") == [8, 70]


def test_contenders_take_turns_and_only_one_runs() -> None:
    events: list[str] = []

    def turn(contender: Contender, number: int) -> dict[str, Turn]:
        events.append(f"{contender.name} {number}")
        return {"get": Turn(1, 1, Conditions())}

    match = rounds.play(quiet(events, "A", "B"), turn, wanted=1)
    assert len(match.rounds) == 1
    assert events[:2] == ["freeze A", "freeze B"]
    assert events[2:8] == ["thaw A", "A 0", "freeze A", "thaw B", "B 0", "freeze B"]
    assert events[8:14] == ["thaw A", "A 1", "freeze A", "thaw B", "B 1", "freeze B"]
    assert events[14:] == ["thaw A", "thaw B"]


@pytest.mark.parametrize(("disturbances", "expected"), [([0, 0, 0, 0, 0], 2), ([0, 0.5, 0, 0, 0], 3), ([0.5] * 5, 4)])
def test_disturbed_rounds_are_repeated_but_not_for_ever(disturbances: list[float], expected: int) -> None:
    match = rounds.play(
        quiet([], "A"), lambda _, number: {"get": Turn(1, 1, Conditions(disturbances[number]))}, wanted=2
    )
    assert len(match.rounds) == expected


def test_percentiles_are_values_that_occurred() -> None:
    seconds = [number / 1000 for number in range(1, 101)]
    assert latency.percentiles(seconds) == (50, 95, 99)
    assert latency.percentiles([0.004]) == (4, 4, 4)


def test_latencies_are_measured_again_under_bad_conditions(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [latency.Latencies([], Conditions(0.5)), latency.Latencies([], Conditions(0.2))]
    monkeypatch.setattr(latency, "_measure", lambda _contender, _seconds, attempt: found[attempt])
    (contender,) = quiet([], "ours")
    assert latency.measure(contender, 20) is found[1]


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ({"id": "a", "n": 1}, {".id: string", ".n: number"}),
        ({"n": 1.5, "b": True, "z": None}, {".n: number", ".b: boolean", ".z: null"}),
        ({"data": [{"a": 1}, {"a": 2}]}, {".data[].a: number"}),
        ({"metadata": {}}, {".metadata: empty"}),
    ],
)
def test_a_shape_names_fields_and_types(document: Any, lines: set[str]) -> None:
    assert contenders.shape(document) == lines


def test_unequal_answers_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([b'{"id": "a", "etag": "b"}', b'{"id": 1}'])

    def answer(*_: object, **__: object) -> Any:
        return type("Outcome", (), {"bodies": [next(answers)]})

    monkeypatch.setattr("benchmarks.client.closed_loop", answer)
    first, second = quiet([], "ours", "FastAPI")
    first.ids.append("res_1")
    second.ids.append("res_2")
    with pytest.raises(UnequalError, match=r"ours alone: \.etag: string[\s\S]*FastAPI alone: \.id: number"):
        contenders.check_equal(first, second, "/v2/resources/{id}")
