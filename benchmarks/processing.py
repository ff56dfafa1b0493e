"""What reads feel while jobs are worked off: 10,000 items a minute through a built-in processor."""

import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from benchmarks import client, rounds, traffic
from benchmarks.client import Due, Request
from benchmarks.conditions import Conditions, Watch
from benchmarks.contenders import Contender
from benchmarks.latency import percentile

ITEMS_PER_MINUTE = 10_000
ITEMS_PER_JOB = 100
# Each batch is an execution with a row of its own, so that small ones cost more than the items in them.
BATCH_SIZE = 10
READS_PER_SECOND = 100
CONNECTIONS = 64
# How many times the idle p95 a read may take meanwhile.
BAR = 1.5
PATIENCE = 60.0
JOBS = "/v2/jobs"


class UnfinishedError(Exception):
    """Jobs were not done in time."""


@dataclass(frozen=True)
class Turn:
    """The p95 of reads in ms, idle and right behind that with jobs; for how many seconds the last job was late."""

    idle: float
    busy: float
    late: float
    conditions: Conditions


@dataclass(frozen=True)
class Load:
    """Turns of some rounds."""

    turns: list[Turn]
    items: int

    @property
    def ratio(self) -> float:
        """How many times as long reads take with jobs, the median over the rounds."""
        return statistics.median(turn.busy / turn.idle for turn in self.turns)

    @property
    def holds(self) -> bool:
        """Whether it is within the bar."""
        return self.ratio <= BAR


def measure(contender: Contender, seconds: float, wanted: int) -> Load:
    """Read idle and with jobs in turns; disturbed rounds are played again, and the calmest count."""
    configure(contender)
    turns: list[Turn] = []
    for number in range(wanted * rounds.ATTEMPTS):
        turns.append(_turn(contender, seconds, number))
        calm = [turn for turn in turns if turn.conditions.trouble <= 1]
        if len(calm) >= wanted:
            break
    counted = sorted(turns, key=lambda turn: turn.conditions.trouble)[:wanted]
    return Load(counted, len(jobs(contender, seconds)) * ITEMS_PER_JOB)


def configure(contender: Contender) -> None:
    """Give the resources that jobs go through small batches."""
    body = orjson.dumps({"configuration": {"batch_size": BATCH_SIZE}})
    paths = [f"{traffic.PATH}/{each}" for each in workers(contender)]
    requests = [client.build("PATCH", path, contender.key, body) for path in paths]
    client.closed_loop(contender.server.port, requests, PATIENCE)


def workers(contender: Contender) -> list[str]:
    """Some resources that are active."""
    return [each for number, each in enumerate(contender.ids[:80]) if number % 4 > 1]


def jobs(contender: Contender, seconds: float) -> list[Due]:
    """The jobs that are due in so many seconds."""
    gap = 60 * ITEMS_PER_JOB / ITEMS_PER_MINUTE
    due = [number * gap for number in range(int(seconds / gap))]
    items = [{"number": number, "text": "x" * 50} for number in range(ITEMS_PER_JOB)]
    bodies = (
        orjson.dumps({"type": "process", "processor": "checksum", "resource": each, "items": items})
        for each in itertools.cycle(workers(contender))
    )
    requests = (Request(client.build("POST", JOBS, contender.key, body).wire, b"201") for body in bodies)
    return [Due(at, "job", request) for at, request in zip(due, requests, strict=False)]


def reads(contender: Contender, seconds: float) -> list[Due]:
    """The reads that are due in so many seconds."""
    requests = traffic.get(contender.key, contender.ids)
    count = int(seconds * READS_PER_SECOND)
    return [Due(number / READS_PER_SECOND, "get", next(requests)) for number in range(count)]


def _turn(contender: Contender, seconds: float, number: int) -> Turn:
    plans = {"idle": reads(contender, seconds), "busy": [*reads(contender, seconds), *jobs(contender, seconds)]}
    found, late = dict[str, float](), 0.0
    with Watch(contender.server) as watch:
        # Each comes first in half of the rounds, so that what drifts favours neither.
        for name in ("idle", "busy") if number % 2 == 0 else ("busy", "idle"):
            latencies = client.open_loop(contender.server.port, plans[name], CONNECTIONS)
            found[name] = percentile(latencies["get"], 95)
            if name == "busy":
                late = settle(contender)
    return Turn(found["idle"], found["busy"], late, watch.conditions)


def settle(contender: Contender) -> float:
    """Wait until no job is under way any more, and return for how long, in seconds."""
    start = time.perf_counter()
    while left := sum(total(contender, status) for status in ("queued", "running")):
        if time.perf_counter() - start > PATIENCE:
            raise UnfinishedError(f"{left:,} jobs were not done {PATIENCE:.0f} s after the last one was sent.")
        time.sleep(0.1)
    if failed := total(contender, "failed"):
        raise UnfinishedError(f"{failed:,} jobs have failed.")
    return time.perf_counter() - start


def total(contender: Contender, status: str) -> int:
    """How many jobs of this account have a status."""
    request = client.build("GET", f"{JOBS}?limit=1&type=process&status={status}", contender.key)
    outcome = client.closed_loop(contender.server.port, [request], PATIENCE, connections=1, keep=True)
    found: int = orjson.loads(outcome.bodies[0])["total_count"]
    return found


def worst(turns: Sequence[Turn]) -> Conditions:
    """The worst conditions of some turns."""
    return max((turn.conditions for turn in turns), key=lambda one: one.trouble)
