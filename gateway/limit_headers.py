"""What an answer says about limits: the `X-RateLimit-*` headers and the fields of the IETF's draft."""

from __future__ import annotations

from functools import lru_cache

from storage.limits import HOUR, MICROSECONDS, REQUEST, Ceilings, Decision, Month, Verdict

ADMITTED = Verdict.ADMITTED
REASONS = {
    Verdict.RATE: b"rate",
    Verdict.CONCURRENCY: b"concurrency",
    Verdict.QUOTA: b"quota",
}
WINDOW = (
    b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\nx-ratelimit-reset-after: %d\r\n"
    b"ratelimit-policy: %b\r\nratelimit: %b\r\n"
)
REFUSAL = WINDOW + b"x-ratelimit-reason: %b\r\n"


def lines(ceilings: Ceilings, decision: Decision, at: int, month: Month) -> bytes:
    """The lines of an answer's head; `at` is in unix microseconds.

    They speak of the fixed window, whose end is known to the second. What is left of a minute is never more than what
    is left of the burst, so whoever keeps to it is not refused.
    """
    window, rate, most_at_once, concurrent, quota = ceilings
    verdict, used, backlog, active, month_used, wait = decision
    now = at // MICROSECONDS
    # A part of a second counts as one.
    ends = now - now % window + window
    left = unused = max(0, rate - used)
    if window == HOUR:
        parts = b'"hour";r=%d;t=%d' % (unused, ends - now)
    else:
        burst = max(0, most_at_once - -(-backlog // REQUEST))
        left = min(unused, burst)
        refill = -(-backlog // (rate * MICROSECONDS))
        parts = b'"minute";r=%d;t=%d, "burst";r=%d;t=%d' % (unused, ends - now, burst, refill)
    if concurrent is not None:
        parts += b', "concurrency";r=%d' % max(0, concurrent - active)
    if quota is not None:
        parts += b', "month";r=%d;t=%d' % (max(0, quota - month_used), month.end - now)
    found = policy(ceilings, month.end - month.start)
    refused = None if verdict is ADMITTED else REASONS.get(verdict)
    if refused is None:
        return WINDOW % (rate, left, ends, ends - now, found, parts)
    left = left if verdict is Verdict.CONCURRENCY else 0
    return REFUSAL % (rate, left, seconds(at + wait), seconds(wait), found, parts, refused)


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
