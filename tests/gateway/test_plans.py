"""The numbers of every plan are those of openapi.yaml, and each of them holds to the request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract import document as documents
from contract import plans
from domain import limits
from gateway import limiting
from gateway.settings import ROOT
from storage.limits import HOUR, MICROSECONDS, Ceilings, Decision, Entitlement, Verdict
from storage.limits_memory import MemoryLimiter

PLANS = plans.read(documents.load(ROOT / "openapi.yaml").raw["x-plans"])
NOON = 1_705_320_000
MONTH = limits.month_of(NOON)
NUMBERS = {
    "free": (100, 60, 100, 10, 10_000),  # A031 B133-B136
    "starter": (1_000, 600, 1_000, 50, 100_000),  # B138-B141
    "growth": (1_000, 3_000, 5_000, 200, 1_000_000),  # B142-B145
    "pro": (1_000, 3_000, 5_000, 200, 1_000_000),  # A032
    "scale": (1_000, 10_000, 15_000, 500, 10_000_000),  # B015 B146-B149
    "enterprise": (10_000, 50_000, 75_000, 1_000, None),  # A033 B016 B150 B151
}
EACH = pytest.mark.parametrize("plan", NUMBERS)


def ask(limiter: MemoryLimiter, ceilings: Ceilings, seconds: float = 0, slot: str = "", used: int = 0) -> Decision:
    entitlement = Entitlement("acct", ceilings, MONTH)
    return limiter.admit(entitlement, int((NOON + seconds) * MICROSECONDS), slot, 1, used)


def admitted(limiter: MemoryLimiter, ceilings: Ceilings, seconds: float = 0) -> int:
    """How many requests pass at one moment."""
    count = 0
    while ask(limiter, ceilings, seconds).verdict is Verdict.ADMITTED:
        count += 1
    return count


def test_every_plan_has_the_numbers_that_were_promised() -> None:
    assert {name: tuple(plan) for name, plan in PLANS.items()} == NUMBERS


@EACH
def test_an_hour_holds_so_many(plan: str) -> None:  # A031 A032 A033 A040
    limiter, ceilings = MemoryLimiter(), limiting.ceilings_of(PLANS[plan], "hourly")
    assert ceilings == Ceilings(HOUR, NUMBERS[plan][0], NUMBERS[plan][0], None, None)
    assert admitted(limiter, ceilings, 10) == NUMBERS[plan][0]
    refused = ask(limiter, ceilings, 10)
    assert (refused.verdict, refused.wait) == (Verdict.RATE, (HOUR - 10) * MICROSECONDS)
    assert admitted(limiter, ceilings, HOUR - 0.000001) == 0
    assert admitted(limiter, ceilings, HOUR) == NUMBERS[plan][0]


@EACH
def test_a_burst_passes_at_once_and_refills_at_the_rate(
    plan: str,
) -> None:  # B133 B134 B138 B139 B142 B143 B146 B147 B158
    _, rate, burst, _, _ = NUMBERS[plan]
    limiter = MemoryLimiter()
    ceilings = replace(limiting.ceilings_of(PLANS[plan], "minutely"), quota=None)
    assert admitted(limiter, ceilings) == burst
    refused = ask(limiter, ceilings)
    assert (refused.verdict, refused.wait) == (Verdict.RATE, 60 * MICROSECONDS // rate)
    assert admitted(limiter, ceilings, 60 / rate - 0.000002) == 0
    assert admitted(limiter, ceilings, 60 / rate) == 1
    assert admitted(limiter, ceilings, 60) == rate - 1, "a minute refills as many as pass in a minute"
    assert admitted(limiter, ceilings, 3000) == burst, "a pause refills the burst and no more"


@EACH
def test_so_many_are_under_way_at_once(plan: str) -> None:  # B135 B140 B144 B148 B159
    at_once = NUMBERS[plan][3]
    limiter, ceilings = MemoryLimiter(), limiting.ceilings_of(PLANS[plan], "minutely")
    for number in range(at_once):
        assert ask(limiter, ceilings, slot=f"req_{number}").verdict is Verdict.ADMITTED
    refused = ask(limiter, ceilings, slot="req_more")
    assert refused.verdict is Verdict.CONCURRENCY
    assert refused.backlog == ask(limiter, ceilings, slot="req_more").backlog, "what is refused is not counted"
    limiter.leave(Entitlement("acct", ceilings, MONTH), NOON * MICROSECONDS, "req_0", 0)
    assert ask(limiter, ceilings, slot="req_more").verdict is Verdict.ADMITTED


@EACH
def test_a_month_holds_so_many(plan: str) -> None:  # B136 B141 B145 B149 B151 B160
    quota = NUMBERS[plan][4]
    limiter, ceilings = MemoryLimiter(), limiting.ceilings_of(PLANS[plan], "minutely")
    if quota is None:
        assert ask(limiter, ceilings, used=10**12).verdict is Verdict.ADMITTED
        return
    assert ask(limiter, ceilings, used=quota - 1).verdict is Verdict.ADMITTED
    refused = ask(limiter, ceilings)
    assert (refused.verdict, refused.month_used) == (Verdict.QUOTA, quota)
    assert refused.wait == (MONTH.end - NOON) * MICROSECONDS
    after = Entitlement("acct", ceilings, limits.month_of(MONTH.end))
    assert limiter.admit(after, MONTH.end * MICROSECONDS, "", 1, 0).verdict is Verdict.ADMITTED


def test_months_are_those_of_the_calendar_in_utc() -> None:
    assert limits.month_of(1_704_067_199) == (1_701_388_800, 1_704_067_200)
    assert limits.month_of(1_704_067_200) == (1_704_067_200, 1_706_745_600)
    leap = limits.month_of(1_709_164_800)
    assert (leap.end - leap.start) // 86_400 == 29
