"""What an answer says about limits: the `X-RateLimit-*` headers and the fields of the IETF's draft."""

from __future__ import annotations

from functools import lru_cache

from gateway.exchange import Headers
from storage.limits import HOUR, MICROSECONDS, REQUEST, Ceilings, Decision, Month, Verdict

REASONS = {
    Verdict.RATE: b"rate",
    Verdict.CONCURRENCY: b"concurrency",
    Verdict.QUOTA: b"quota",
}


def headers(ceilings: Ceilings, decision: Decision, at: int, month: Month) -> Headers:
    """The headers of an answer; `at` is in unix microseconds.

    They speak of the fixed window, whose end is known to the second. What is left of a minute is never more than what
    is left of the burst, so whoever keeps to it is not refused.
    """
    ends = (at // (ceilings.window * MICROSECONDS) + 1) * ceilings.window
    left = unused = max(0, ceilings.rate - decision.used)
    burst = max(0, ceilings.burst - -(-decision.backlog // REQUEST))
    if ceilings.window != HOUR:
        left = min(unused, burst)
    reset, after = ends, seconds(ends * MICROSECONDS - at)
    refused = REASONS.get(decision.verdict)
    if refused is not None:
        reset, after = seconds(at + decision.wait), seconds(decision.wait)
        if decision.verdict is not Verdict.CONCURRENCY:
            left = 0
    found = [
        (b"x-ratelimit-limit", b"%d" % ceilings.rate),
        (b"x-ratelimit-remaining", b"%d" % left),
        (b"x-ratelimit-reset", b"%d" % reset),
        (b"x-ratelimit-reset-after", b"%d" % after),
        (b"ratelimit-policy", policy(ceilings, month.end - month.start)),
    ]
    window_left = seconds(ends * MICROSECONDS - at)
    if ceilings.window == HOUR:
        parts = b'"hour";r=%d;t=%d' % (unused, window_left)
    else:
        refill = -(-decision.backlog // (ceilings.rate * MICROSECONDS))
        parts = b'"minute";r=%d;t=%d, "burst";r=%d;t=%d' % (unused, window_left, burst, refill)
    if ceilings.concurrent is not None:
        parts += b', "concurrency";r=%d' % max(0, ceilings.concurrent - decision.active)
    if ceilings.quota is not None:
        month_left = seconds(month.end * MICROSECONDS - at)
        parts += b', "month";r=%d;t=%d' % (max(0, ceilings.quota - decision.month_used), month_left)
    found.append((b"ratelimit", parts))
    if refused is not None:
        found.append((b"x-ratelimit-reason", refused))
    return found


@lru_cache(maxsize=1024)
def policy(ceilings: Ceilings, month_seconds: int) -> bytes:
    """The ceilings as structured fields, one named policy each."""
    if ceilings.window == HOUR:
        parts = [f'"hour";q={ceilings.rate};w={HOUR}']
    else:
        parts = [f'"minute";q={ceilings.rate};w={ceilings.window}', f'"burst";q={ceilings.burst}']
    if ceilings.concurrent is not None:
        parts.append(f'"concurrency";q={ceilings.concurrent};qu="concurrent-requests"')
    if ceilings.quota is not None:
        parts.append(f'"month";q={ceilings.quota};w={month_seconds}')
    return ", ".join(parts).encode()


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -(-microseconds // MICROSECONDS))
