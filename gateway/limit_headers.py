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
    "x-ratelimit-limit: {rate}\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\nx-ratelimit-reset-after: %d\r\n"
    "ratelimit-policy: {policy}\r\nratelimit: {standing}\r\n"
)


def lines(ceilings: Ceilings, decision: Decision, at: int, month: Month) -> bytes:
    """The lines of an answer's head; `at` is in unix microseconds.

    They speak of the fixed window, whose end is known to the second. What is left of a minute is never more than what
    is left of the burst, so whoever keeps to it is not refused.
    """
    window, rate, most_at_once, concurrent, quota = ceilings
    verdict, used, backlog, active, month_used, wait = decision
    now = at // MICROSECONDS
    # A part of a second counts as one.
    rest = window - now % window
    unused = rate - used if rate > used else 0
    left, standing = unused, [unused, rest]
    if window != HOUR:
        # Both divisions round up.
        burst = most_at_once + -backlog // REQUEST
        burst = max(0, burst)
        left = min(unused, burst)
        standing += burst, -(-backlog // (rate * MICROSECONDS))
    if concurrent is not None:
        standing.append(concurrent - active if concurrent > active else 0)
    if quota is not None:
        standing += quota - month_used if quota > month_used else 0, month.end - now
    reset, reset_after, reason = now + rest, rest, None
    if verdict is not ADMITTED:
        reason = REASONS.get(verdict)
    if reason is not None:
        left = left if verdict is Verdict.CONCURRENCY else 0
        reset, reset_after = seconds(at + wait), seconds(wait)
    found = template(ceilings, month.end - month.start) % (left, reset, reset_after, *standing)
    return found if reason is None else b"%bx-ratelimit-reason: %b\r\n" % (found, reason)


@lru_cache(maxsize=1024)
def template(ceilings: Ceilings, month_seconds: int) -> bytes:
    """The lines with what the ceilings say, one named policy each, and places for what is left of them."""
    policy, standing = [], []
    if ceilings.window == HOUR:
        policy.append(f'"hour";q={ceilings.rate};w={HOUR}')
        standing.append('"hour";r=%d;t=%d')
    else:
        policy += f'"minute";q={ceilings.rate};w={ceilings.window}', f'"burst";q={ceilings.burst}'
        standing += '"minute";r=%d;t=%d', '"burst";r=%d;t=%d'
    if ceilings.concurrent is not None:
        policy.append(f'"concurrency";q={ceilings.concurrent};qu="concurrent-requests"')
        standing.append('"concurrency";r=%d')
    if ceilings.quota is not None:
        policy.append(f'"month";q={ceilings.quota};w={month_seconds}')
        standing.append('"month";r=%d;t=%d')
    return WINDOW.format(rate=ceilings.rate, policy=", ".join(policy), standing=", ".join(standing)).encode()


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -(-microseconds // MICROSECONDS))
