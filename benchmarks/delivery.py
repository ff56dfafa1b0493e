"""How many events a second reach a webhook, and how long each takes."""

import bisect
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from benchmarks import client, traffic
from benchmarks.client import Due, Timed
from benchmarks.conditions import Conditions, Watch
from benchmarks.contenders import Contender
from benchmarks.latency import percentile
from benchmarks.rounds import ATTEMPTS
from benchmarks.servers import Server

MANY_PER_SECOND = 1_000
FEW_PER_SECOND = 100
CONNECTIONS = 64
# From the commit of an event to its first byte at the receiver, in ms.
MEDIAN_BAR, NINETY_NINTH_BAR = 50.0, 500.0
# As many events as arrive in a tenth of a second: fewer are no backlog that grows.
NOISE = MANY_PER_SECOND // 10
# What so many are to be committed and delivered at least of those that are due: the first and the last are under way.
KEPT_UP = 0.98
PATIENCE = 60.0
STEP = 0.1
EVENT = "resource.updated"


class LostError(Exception):
    """Events were committed and did not arrive."""


@dataclass(frozen=True)
class Flow:
    """Events that were committed and delivered at once: how many a second, and how many waited in the meantime.

    `waiting_early` and `waiting_late` are medians over the second and the last quarter of the time.
    """

    committed: float
    delivered: float
    waiting_early: float
    waiting_late: float
    cpu_per_event: float
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def holds(self) -> bool:
        """Whether both kept up, and what waited did not become more."""
        enough = KEPT_UP * MANY_PER_SECOND
        kept_up = self.committed >= enough and self.delivered >= enough
        return kept_up and self.waiting_late <= self.waiting_early + NOISE


@dataclass(frozen=True)
class Journey:
    """How long events took, in ms: from the request that made them to the receiver, and from its answer.

    The commit lies between the two. The first is the longer one, and is held against the bars.
    """

    events: int
    median: float
    ninety_ninth: float
    median_from_answer: float
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def holds(self) -> bool:
        """Whether both are within their bars."""
        return self.median <= MEDIAN_BAR and self.ninety_ninth <= NINETY_NINTH_BAR


def subscribe(contender: Contender, receiver: Server) -> None:
    """Have every change of a resource sent to the receiver."""
    receiver.wait_for(client.build("GET", "/", "none"))
    body = orjson.dumps({"url": f"http://127.0.0.1:{receiver.port}/", "events": [EVENT]})
    request = client.build("POST", "/v2/webhooks", contender.key, body, status=201)
    client.closed_loop(contender.server.port, [request], PATIENCE, connections=1)


def flow(contender: Contender, receiver: Server, seconds: float) -> Flow:
    """Change so many resources a second and count what arrives; once more where the conditions were bad."""
    found = [_flow(contender, receiver, seconds, 40)]
    while found[-1].conditions.trouble > 1 and len(found) < ATTEMPTS:
        found.append(_flow(contender, receiver, seconds, 40 + len(found)))
    return min(found, key=lambda one: one.conditions.trouble)


def journey(contender: Contender, receiver: Server, seconds: float) -> Journey:
    """Change a few resources a second and time what arrives; once more where the conditions were bad."""
    found = [_journey(contender, receiver, seconds, 50)]
    while found[-1].conditions.trouble > 1 and len(found) < ATTEMPTS:
        found.append(_journey(contender, receiver, seconds, 50 + len(found)))
    return min(found, key=lambda one: one.conditions.trouble)


def _flow(contender: Contender, receiver: Server, seconds: float, turn: int) -> Flow:
    with Watch(contender.server) as watch:
        changed = change(contender, MANY_PER_SECOND, seconds, turn)
        arrived = arrivals(receiver, changed)
    return flow_of(changed, arrived, watch.server_cpu / len(changed), watch.conditions)


def _journey(contender: Contender, receiver: Server, seconds: float, turn: int) -> Journey:
    with Watch(contender.server) as watch:
        changed = change(contender, FEW_PER_SECOND, seconds, turn)
        arrived = arrivals(receiver, changed)
    return journey_of(changed, arrived, watch.conditions)


def change(contender: Contender, per_second: int, seconds: float, turn: int) -> list[Timed]:
    """Rename so many resources a second; each is timed under its new name."""
    requests = traffic.patch(contender.key, contender.ids, turn)
    count = int(per_second * seconds)
    renamed = [next(requests) for _ in range(count)]
    schedule = [Due(number / per_second, _new_name(each.wire), each) for number, each in enumerate(renamed)]
    return client.timed_loop(contender.server.port, schedule, CONNECTIONS)


def arrivals(receiver: Server, changed: Sequence[Timed]) -> dict[str, float]:
    """Wait until every change has arrived, and say when each did."""
    missing, found = {each.operation for each in changed}, dict[str, float]()
    deadline = time.perf_counter() + PATIENCE
    while missing and time.perf_counter() < deadline:
        outcome = client.closed_loop(receiver.port, [client.build("GET", "/", "none")], 10, connections=1, keep=True)
        found |= dict(orjson.loads(outcome.bodies[0]))
        missing -= found.keys()
        time.sleep(STEP)
    if missing:
        raise LostError(f"{len(missing):,} of {len(changed):,} events did not arrive within {PATIENCE:.0f} s.")
    return found


def flow_of(changed: Sequence[Timed], arrived: Mapping[str, float], cpu: float, conditions: Conditions) -> Flow:
    """What the times of commits and arrivals come to."""
    start, end = min(each.due for each in changed), max(each.due for each in changed)
    committed = sorted(each.received for each in changed)
    delivered = sorted(arrived[each.operation] for each in changed)
    moments = [start + STEP * number for number in range(1, int((end - start) / STEP))]
    waiting = [max(0, bisect.bisect(committed, now) - bisect.bisect(delivered, now)) for now in moments]
    quarter = max(1, len(waiting) // 4)
    return Flow(
        bisect.bisect(committed, end) / (end - start),
        bisect.bisect(delivered, end) / (end - start),
        statistics.median(waiting[quarter : 2 * quarter] or [0]),
        statistics.median(waiting[-quarter:] or [0]),
        cpu,
        conditions,
    )


def journey_of(changed: Sequence[Timed], arrived: Mapping[str, float], conditions: Conditions) -> Journey:
    """What the times of requests, answers and arrivals come to."""
    whole = [arrived[each.operation] - each.sent for each in changed]
    behind = [arrived[each.operation] - each.received for each in changed]
    return Journey(len(changed), percentile(whole, 50), percentile(whole, 99), percentile(behind, 50), conditions)


def _new_name(wire: bytes) -> str:
    name: str = orjson.loads(wire.partition(client.HEAD_END)[2])["name"]
    return name
