"""Lets contenders do the same operation in turns, A B A B …, and compares what each did in the same round."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks import client, traffic
from benchmarks.client import Request
from benchmarks.conditions import Conditions, Watch
from benchmarks.contenders import Contender, created_ids

ATTEMPTS = 2


@dataclass(frozen=True)
class Turn:
    """What one contender did in one round."""

    rate: float
    cpu_per_request: float
    conditions: Conditions


Round = dict[str, dict[str, Turn]]
Play = Callable[[Contender, int], dict[str, Turn]]


@dataclass
class Match:
    """Rounds of some operations, in each: operation → contender → turn. The `wanted` calmest of them count."""

    wanted: int
    rounds: list[Round] = field(default_factory=list)

    @property
    def counted(self) -> list[Round]:
        """The rounds that figures are made of."""
        return sorted(self.rounds, key=trouble)[: self.wanted]

    @property
    def repeated(self) -> int:
        """How many rounds were disturbed and replaced."""
        return len(self.rounds) - len(self.counted)

    @property
    def calm(self) -> bool:
        """Whether every round that counts had good conditions."""
        return len(self.rounds) >= self.wanted and all(trouble(one) <= 1 for one in self.counted)

    def rate(self, operation: str, name: str) -> float:
        """Return the median of a contender's rates."""
        return statistics.median(one[operation][name].rate for one in self.counted)

    def cpu(self, operation: str, name: str) -> float:
        """Return the median of the processor time that the contender took for a request, in seconds."""
        return statistics.median(one[operation][name].cpu_per_request for one in self.counted)

    def ratios(self, operation: str, name: str, other: str) -> list[float]:
        """Return the ratio of the rates in each round, in ascending order."""
        return sorted(one[operation][name].rate / one[operation][other].rate for one in self.counted)


def worst(rounds: Iterable[Round]) -> Conditions:
    """Return the worst conditions of all turns."""
    found = [turn.conditions for one in rounds for turns in one.values() for turn in turns.values()]
    return max(found, key=lambda one: one.trouble)


def trouble(played: Round) -> float:
    """Return how bad the conditions of a round were at their worst."""
    return worst([played]).trouble


def play(contenders: Sequence[Contender], turn: Play, wanted: int) -> Match:
    """Play an uncounted round and then rounds until enough were calm, twice as many as wanted at most."""
    match = Match(wanted)
    for contender in contenders:
        contender.server.freeze()
    _round(contenders, turn, 0)
    for number in range(1, 1 + wanted * ATTEMPTS):
        match.rounds.append(_round(contenders, turn, number))
        if match.calm:
            break
    for contender in contenders:
        contender.server.thaw()
    return match


def _round(contenders: Sequence[Contender], turn: Play, number: int) -> Round:
    result: Round = {}
    for contender in contenders:
        contender.server.thaw()
        for operation, measured in turn(contender, number).items():
            result.setdefault(operation, {})[contender.name] = measured
        contender.server.freeze()
    return result


def get(seconds: float) -> Play:
    """Read single resources."""
    return lambda contender, _: {"get": measure(contender, traffic.get(contender.key, contender.ids), seconds)[0]}


def list_first_page(seconds: float) -> Play:
    """Read the first page."""
    return lambda contender, _: {"list": measure(contender, traffic.list_first_page(contender.key), seconds)[0]}


def list_from_the_middle(seconds: float) -> Play:
    """Read a page behind a cursor, filtered."""
    return lambda contender, _: {
        "filtered list": measure(contender, traffic.list_from_the_middle(contender.key, contender.ids), seconds)[0]
    }


def patch(seconds: float) -> Play:
    """Rename resources."""
    return lambda contender, number: {
        "patch": measure(contender, traffic.patch(contender.key, contender.ids, number), seconds)[0]
    }


def create_and_delete(seconds: float) -> Play:
    """Create resources and delete exactly these again, so that the number of rows stays as it is."""

    def turn(contender: Contender, number: int) -> dict[str, Turn]:
        created, outcome = measure(contender, traffic.create(contender.key, turn=1 + number), seconds, keep=True)
        deleted, _outcome = measure(contender, traffic.delete(contender.key, created_ids(outcome.bodies)), 60)
        return {"create": created, "delete": deleted}

    return turn


def measure(
    contender: Contender, requests: Iterable[Request], seconds: float, keep: bool = False
) -> tuple[Turn, client.Outcome]:
    """Run the closed loop and note the processor time beside it."""
    with Watch(contender.server) as watch:
        outcome = client.closed_loop(contender.server.port, requests, seconds, keep=keep)
    return Turn(outcome.rate, watch.server_cpu / max(1, outcome.requests), watch.conditions), outcome
