"""Metrics: percentiles against the sorted samples that they were counted from, and figures that fit each other."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest

from domain import metrics

# A range is 4 % wide, and its middle is told.
ERROR = 0.02


def samples(kind: str) -> list[int]:
    """Latencies in microseconds."""
    chance = random.Random(kind)
    if kind == "lognormal":
        return [round(chance.lognormvariate(math.log(40_000), 0.7)) for _ in range(20_000)]
    if kind == "two humps":
        return [chance.randrange(900, 1100) if number % 10 else 5_000_000 for number in range(5_000)]
    if kind == "few":
        return [7, 11, 1_000_000]
    return [0, 1, 2, 3, *range(10, 20)]


@pytest.mark.parametrize("kind", ["lognormal", "two humps", "few", "tiny"])
def test_a_percentile_is_that_of_the_sorted_samples(kind: str) -> None:  # B087
    found = samples(kind)
    # In parts, as they come from different hours and processes.
    parts = [Counter(str(metrics.bucket(each)) for each in found[start::7]) for start in range(7)]
    buckets = sum(parts, Counter[str]())
    assert buckets.total() == len(found)
    shares = (0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0)
    exact = [sorted(found)[math.ceil(share * len(found)) - 1] for share in shares]
    # Below a microsecond there is nothing to tell apart.
    assert metrics.percentiles(buckets, shares) == pytest.approx(exact, rel=ERROR, abs=1)


def test_each_latency_is_within_its_range() -> None:
    ends = [metrics.GAMMA**number for number in range(600)]
    for latency in [*range(2, 2_000), 10**6, 30 * 10**6, 10**10]:
        number = metrics.bucket(latency)
        assert ends[number - 1] < latency * (1 + 1e-9)
        assert latency <= ends[number] * (1 + 1e-9)
    assert metrics.bucket(0) == metrics.bucket(1) == 0


@pytest.mark.parametrize(
    ("requests", "errors", "rate"),
    [(1_547_289, 463, 99.97), (48_291, 5, 99.99), (3, 1, 66.67), (0, 0, 100.0), (7, 7, 0.0), (8, 1, 87.5)],
)
def test_the_success_rate_is_that_of_the_counts(requests: int, errors: int, rate: float) -> None:  # B041 B088
    assert metrics.success_rate(requests, errors) == rate
    assert metrics.since_creation(requests, errors).lifetime == metrics.Lifetime(requests, rate, errors)
