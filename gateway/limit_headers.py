"""What an answer says about limits: the `X-RateLimit-*` headers and the fields of the IETF's draft."""

from __future__ import annotations

from functools import lru_cache

from gateway.exchange import Headers
from storage.limits import HOUR, MICROSECONDS, REQUEST, Ceilings, Decision, Month, Verdict

ADMITTED = Verdict.ADMITTED
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
    window, rate, most_at_once, concurrent, quota = ceilings
    verdict, used, backlog, active, month_used, wait = decision
    now = at // MICROSECONDS
    ends = now - now % window + window
    # A part of a second counts as one.
    reset, after = ends, ends - now
    unused = left = rate - used if used < rate else 0
    if window == HOUR:
        parts = b'"hour";r=%d;t=%d' % (unused, after)
    else:
        burst = most_at_once - -(-backlog // REQUEST)
        burst = max(0, burst)
        left = min(left, burst)
        refill = -(-backlog // (rate * MICROSECONDS))
        parts = b'"minute";r=%d;t=%d, "burst";r=%d;t=%d' % (unused, after, burst, refill)
    if concurrent is not None:
        parts += b', "concurrency";r=%d' % (concurrent - active if active < concurrent else 0)
    if quota is not None:
        parts += b', "month";r=%d;t=%d' % (quota - month_used if month_used < quota else 0, month.end - now)
    refused = None if verdict is ADMITTED else REASONS.get(verdict)
    if refused is not None:
        reset, after = seconds(at + wait), seconds(wait)
        left = left if verdict is Verdict.CONCURRENCY else 0
    found = [
        limit_of(rate),
        (b"x-ratelimit-remaining", b"%d" % left),
        (b"x-ratelimit-reset", b"%d" % reset),
        (b"x-ratelimit-reset-after", b"%d" % after),
        policy(ceilings, month.end - month.start),
        (b"ratelimit", parts),
    ]
    if refused is not None:
        found.append((b"x-ratelimit-reason", refused))
    return found


@lru_cache(maxsize=1024)
def limit_of(rate: int) -> tuple[bytes, bytes]:
    """The header with the rate."""
    return b"x-ratelimit-limit", b"%d" % rate


@lru_cache(maxsize=1024)
def policy(ceilings: Ceilings, month_seconds: int) -> tuple[bytes, bytes]:
    """The header with the ceilings as structured fields, one named policy each."""
    if ceilings.window == HOUR:
        parts = [f'"hour";q={ceilings.rate};w={HOUR}']
    else:
        parts = [f'"minute";q={ceilings.rate};w={ceilings.window}', f'"burst";q={ceilings.burst}']
    if ceilings.concurrent is not None:
        parts.append(f'"concurrency";q={ceilings.concurrent};qu="concurrent-requests"')
    if ceilings.quota is not None:
        parts.append(f'"month";q={ceilings.quota};w={month_seconds}')
    return b"ratelimit-policy", ", ".join(parts).encode()


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -(-microseconds // MICROSECONDS))
