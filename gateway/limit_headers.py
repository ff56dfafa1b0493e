"""What an answer says about limits: the `X-RateLimit-*` headers and the fields of the IETF's draft."""

from __future__ import annotations

from storage.limits import HOUR, MICROSECONDS, REQUEST, Allowance, Decision, Verdict

ADMITTED = Verdict.ADMITTED
REASONS = {
    Verdict.RATE: b"x-ratelimit-reason: rate\r\n",
    Verdict.CONCURRENCY: b"x-ratelimit-reason: concurrency\r\n",
    Verdict.QUOTA: b"x-ratelimit-reason: quota\r\n",
}
WINDOW = (
    "x-ratelimit-limit: {rate}\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\nx-ratelimit-reset-after: %d\r\n"
    "ratelimit-policy: {policy}\r\nratelimit: {standing}\r\n"
)
# A place in a template that takes its number and shows nothing.
UNSHOWN = "%.0a"


def lines(template: bytes, allowance: Allowance, at: int, decision: Decision) -> bytes:
    """The lines of an answer's head, from the template of the allowance; `at` is in unix microseconds.

    They speak of the fixed window, whose end is known to the second. What is left of a minute is never more than what
    is left of the burst, so whoever keeps to it is not refused.
    """
    ceilings = allowance.ceilings
    window, rate, concurrent, quota = ceilings.window, ceilings.rate, ceilings.concurrent, ceilings.quota
    now = at // MICROSECONDS
    # A part of a second counts as one.
    rest = window - now % window
    left = unused = rate - decision.used if rate > decision.used else 0
    burst = empty = 0
    if window != HOUR:
        # Both divisions round up.
        burst = max(0, ceilings.burst + -decision.backlog // REQUEST)
        empty = -(-decision.backlog // (rate * MICROSECONDS))
        left = burst if burst < unused else unused  # noqa: FURB136 - every answer comes by here
    slots = 0 if concurrent is None or concurrent < decision.active else concurrent - decision.active
    unspent = 0 if quota is None or quota < decision.month_used else quota - decision.month_used
    reset, reset_after, reason = now + rest, rest, b""
    if decision.verdict is not ADMITTED:
        left = left if decision.verdict is Verdict.CONCURRENCY else 0
        reset, reset_after = seconds(at + decision.wait), seconds(decision.wait)
        reason = REASONS[decision.verdict]
    standing = left, reset, reset_after, unused, rest, burst, empty, slots, unspent, allowance.month.end - now
    return template % standing + reason


def template_of(allowance: Allowance) -> bytes:
    """The lines with what the ceilings say, one named policy each, and places for what is left of all that can be."""
    ceilings, month = allowance.ceilings, allowance.month
    if ceilings.window == HOUR:
        policy = f'"hour";q={ceilings.rate};w={HOUR}'
        standing = f'"hour";r=%d;t=%d{UNSHOWN * 2}'
    else:
        policy = f'"minute";q={ceilings.rate};w={ceilings.window}, "burst";q={ceilings.burst}'
        standing = '"minute";r=%d;t=%d, "burst";r=%d;t=%d'
    if ceilings.concurrent is None:
        standing += UNSHOWN
    else:
        policy += f', "concurrency";q={ceilings.concurrent};qu="concurrent-requests"'
        standing += ', "concurrency";r=%d'
    if ceilings.quota is None:
        standing += UNSHOWN * 2
    else:
        policy += f', "month";q={ceilings.quota};w={month.end - month.start}'
        standing += ', "month";r=%d;t=%d'
    return WINDOW.format(rate=ceilings.rate, policy=policy, standing=standing).encode()


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -(-microseconds // MICROSECONDS))
