"""Lets contenders do the same operation in turns, A B A B …, and compares what each did in the same round."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks import client, traffic
from benchmarks.client import Request
from benchmarks.contenders import Contender, created_ids
from benchmarks.servers import Watch

# Above this share of a processor taken by other programs, a round says more about them than about the contenders.
DISTURBED = 0.10
ATTEMPTS = 2


@dataclass(frozen=True)
class Turn:
    """What one contender did in one round."""

    rate: float
    cpu_per_request: float
    disturbance: float


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
        return sorted(self.rounds, key=disturbance)[: self.wanted]

    @property
    def repeated(self) -> int:
        """How many rounds were disturbed and replaced."""
        return len(self.rounds) - len(self.counted)

    @property
    def calm(self) -> bool:
        """Whether no round that counts was disturbed."""
        return len(self.rounds) >= self.wanted and all(disturbance(one) <= DISTURBED for one in self.counted)

    def rate(self, operation: str, name: str) -> float:
        """Return the median of a contender's rates."""
        return statistics.median(one[operation][name].rate for one in self.counted)

    def cpu(self, operation: str, name: str) -> float:
        """Return the median of the processor time that the contender took for a request, in seconds."""
        return statistics.median(one[operation][name].cpu_per_request for one in self.counted)

    def ratios(self, operation: str, name: str, other: str) -> list[float]:
        """Return the ratio of the rates in each round, in ascending order."""
        return sorted(one[operation][name].rate / one[operation][other].rate for one in self.counted)


def disturbance(played: Round) -> float:
    """Return the largest share of a processor that other programs took in a round."""
    return max(turn.disturbance for turns in played.values() for turn in turns.values())


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


def patch(seconds: float) -> Play:
    """Rename resources."""
    return lambda contender, number: {
        "patch": measure(contender, traffic.patch(contender.key, contender.ids, number), seconds)[0]
    }


def create_and_delete(seconds: float) -> Play:
    """Create resources and delete exactly these again, so that the number of rows stays as it is."""

    def turn(contender: Contender, _: int) -> dict[str, Turn]:
        created, outcome = measure(contender, traffic.create(contender.key), seconds, keep=True)
        deleted, _outcome = measure(contender, traffic.delete(contender.key, created_ids(outcome.bodies)), 60)
        return {"create": created, "delete": deleted}

    return turn


def measure(
    contender: Contender, requests: Iterable[Request], seconds: float, keep: bool = False
) -> tuple[Turn, client.Outcome]:
    """Run the closed loop and note the processor time beside it."""
    with Watch(contender.server) as watch:
        outcome = client.closed_loop(contender.server.port, requests, seconds, keep=keep)
    return Turn(outcome.rate, watch.server_cpu / max(1, outcome.requests), watch.disturbance), outcome
