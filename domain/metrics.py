"""What was measured of a resource's executions.

Latencies are counted in ranges, each of which ends 4 % above the one before: counts of different hours and processes
are simply added, and a percentile is wrong by 2 % at most.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain.calls import Call
from storage import metrics
from storage.database import Transaction
from storage.metrics import Row, Sums

HOUR = 3600
HOURS_OF_DAY = 24
# Nobody asks for hours before yesterday, whatever the time zone of their day.
HOURS_KEPT = 48
GAMMA = 1.04
_LOG_GAMMA = math.log(GAMMA)


class Execution(NamedTuple):
    """One attempt at a batch: how long it took, and whether it failed."""

    latency_us: int
    is_error: bool


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Executions since the resource was created; `success_rate` in per cent."""

    requests: int
    success_rate: float
    errors: int


@dataclass(frozen=True, slots=True)
class LastDay:
    """Executions of this hour and the 23 before; latencies in milliseconds, of which the average is below the p95."""

    requests: int
    success_rate: float
    errors: int
    avg_latency_ms: int
    p95_latency_ms: int
    p99_latency_ms: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """The executions of one resource, in full, and in short those since midnight in UTC."""

    lifetime: Lifetime
    last_24h: LastDay
    requests_today: int
    success_rate: float
    avg_latency_ms: int


NO_DAY = LastDay(0, 100.0, 0, 0, 0, 0)
NO_EXECUTIONS = Metrics(Lifetime(0, 100.0, 0), NO_DAY, 0, 100.0, 0)


def record(call: Call, resource_id: str, executions: Sequence[Execution]) -> None:
    """Count executions that end now; those of a resource that is gone count for nothing.

    The resource stays locked until the transaction ends, so whoever records several takes them in order of their ids.
    """
    errors = sum(each.is_error for each in executions)
    if not executions or not metrics.count(call.tx, call.scope, resource_id, len(executions), errors):
        return
    hour = call.now // HOUR
    found = metrics.fetch(call.tx, call.scope, resource_id, hour)
    old = found or Row(*call.scope, resource_id, hour, 0, 0, 0, {})
    new = old._replace(
        requests=old.requests + len(executions),
        errors=old.errors + errors,
        latency_us=old.latency_us + sum(each.latency_us for each in executions),
        buckets=_merged([old.buckets, Counter(str(bucket(each.latency_us)) for each in executions)]),
    )
    metrics.put(call.tx, new, is_new=found is None)


def since_creation(requests: int, errors: int) -> Metrics:
    """The metrics of a resource of which only the totals are known yet."""
    if not requests:
        return NO_EXECUTIONS
    return replace(NO_EXECUTIONS, lifetime=Lifetime(requests, success_rate(requests, errors), errors))


def in_short(call: Call, known: Mapping[str, Metrics]) -> dict[str, Metrics]:
    """The metrics of some resources that have executions, with those of today."""
    hour = call.now // HOUR
    rows = metrics.sums(call.tx, call.scope, [*known], hour - hour % HOURS_OF_DAY)
    return {**known, **{row.resource_id: _with_today(known[row.resource_id], row) for row in rows}}


def in_full(call: Call, known: Mapping[str, Metrics]) -> dict[str, Metrics]:
    """The metrics of some resources that have executions, with those of the last 24 hours."""
    hours: dict[str, list[Row]] = {}
    for row in metrics.of_hours(call.tx, call.scope, [*known], call.now // HOUR - HOURS_OF_DAY + 1):
        hours.setdefault(row.resource_id, []).append(row)
    return {**known, **{each: replace(known[each], last_24h=_day(rows)) for each, rows in hours.items()}}


def forget(call: Call, resource_id: str) -> None:
    """Delete what was measured of a resource that this transaction deletes."""
    metrics.delete_of(call.tx, call.scope, resource_id)


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Remove up to `limit` hours that nobody asks for any more, and return how many there were."""
    return metrics.delete_before(tx, now // HOUR - HOURS_KEPT, limit)


def success_rate(requests: int, errors: int) -> float:
    """The share that did not fail, in per cent with two decimals; all of them where there were none."""
    return round(100 * (requests - errors) / requests, 2) if requests else 100.0


def bucket(latency_us: int) -> int:
    """The number of the range that a latency is in: the n-th ends at `GAMMA ** n` microseconds."""
    return math.ceil(math.log(latency_us) / _LOG_GAMMA) if latency_us > 1 else 0


def percentiles(buckets: Mapping[str, int], shares: Sequence[float]) -> list[float]:
    """The latencies in microseconds that these shares of the executions, in rising order, did not exceed, to 2 %."""
    total = sum(buckets.values())
    found: list[float] = []
    reached = 0
    wanted = [math.ceil(share * total) for share in shares]
    for number, count in sorted((int(name), count) for name, count in buckets.items()):
        reached += count
        while len(found) < len(wanted) and reached >= wanted[len(found)]:
            # Between the ends of its range, where neither is further away than 2 % of the latency.
            found.append(2 * GAMMA**number / (GAMMA + 1))
    return found


def _with_today(known: Metrics, today: Sums) -> Metrics:
    return replace(
        known,
        requests_today=today.requests,
        success_rate=success_rate(today.requests, today.errors),
        avg_latency_ms=_milliseconds(today.latency_us / today.requests),
    )


def _day(rows: Sequence[Row]) -> LastDay:
    requests, errors = sum(row.requests for row in rows), sum(row.errors for row in rows)
    buckets = _merged(row.buckets for row in rows)
    p95, p99 = percentiles(buckets, (0.95, 0.99))
    return LastDay(
        requests=requests,
        success_rate=success_rate(requests, errors),
        errors=errors,
        # A few extreme ones may lift the mean above nearly all of them, which is no average that anyone expects.
        avg_latency_ms=_milliseconds(min(sum(row.latency_us for row in rows) / requests, p95)),
        p95_latency_ms=_milliseconds(p95),
        p99_latency_ms=_milliseconds(p99),
    )


def _merged(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in several:
        for name, count in each.items():
            total[name] = total.get(name, 0) + count
    return total


def _milliseconds(microseconds: float) -> int:
    return round(microseconds / 1000)
