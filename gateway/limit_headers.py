"""What an answer says about limits: the `X-RateLimit-*` headers and the fields of the IETF's draft."""

from __future__ import annotations

from storage.limits import HOUR, MICROSECONDS, REQUEST, Decision, Entitlement, Verdict

ADMITTED = Verdict.ADMITTED
REASONS = {
    Verdict.RATE: b"x-ratelimit-reason: rate\r\n",
    Verdict.CONCURRENCY: b"x-ratelimit-reason: concurrency\r\n",
    Verdict.QUOTA: b"x-ratelimit-reason: quota\r\n",
}
# Filled in twice: what changes from second to second, and then what changes with every request.
WINDOW = (
    "x-ratelimit-limit: {rate}\r\nx-ratelimit-remaining: %%d\r\nx-ratelimit-reset: %d\r\n"
    "x-ratelimit-reset-after: %d\r\nratelimit-policy: {policy}\r\nratelimit: {standing}\r\n"
)
# A place in a template that takes its number and shows nothing.
UNSHOWN = "%.0a"
LATER_UNSHOWN = "%%.0a"


class Head:
    """The lines of the head of an account's answers.

    They speak of the fixed window, whose end is known to the second. What is left of a minute is never more than what
    is left of the burst, so whoever keeps to it is not refused.
    """

    __slots__ = ("_entitlement", "_lines", "_second", "_template")

    def __init__(self, entitlement: Entitlement) -> None:
        self._entitlement = entitlement
        self._template = template_of(entitlement)
        self._second, self._lines = -1, b""

    def lines(self, at: int, decision: Decision) -> bytes:
        """What an answer says of a decision; `at` is its time in unix microseconds."""
        ceilings, now = self._entitlement.ceilings, at // MICROSECONDS
        if now != self._second:
            rest = ceilings.window - now % ceilings.window
            self._second, self._lines = now, self._in_second(now, now + rest, rest)
        rate, concurrent, quota = ceilings.rate, ceilings.concurrent, ceilings.quota
        left = unused = rate - decision.used if rate > decision.used else 0
        burst = empty = 0
        if ceilings.window != HOUR:
            # Both divisions round up.
            burst = max(0, ceilings.burst + -decision.backlog // REQUEST)
            empty = -(-decision.backlog // (rate * MICROSECONDS))
            left = burst if burst < unused else unused  # noqa: FURB136 - every answer comes by here
        slots = 0 if concurrent is None or concurrent < decision.active else concurrent - decision.active
        unspent = 0 if quota is None or quota < decision.month_used else quota - decision.month_used
        if decision.verdict is ADMITTED:
            return self._lines % (left, unused, burst, empty, slots, unspent)
        left = left if decision.verdict is Verdict.CONCURRENCY else 0
        lines = self._in_second(now, seconds(at + decision.wait), seconds(decision.wait))
        return lines % (left, unused, burst, empty, slots, unspent) + REASONS[decision.verdict]

    def _in_second(self, now: int, reset: int, reset_after: int) -> bytes:
        """The lines with places for what is left of all that can be."""
        window, month = self._entitlement.ceilings.window, self._entitlement.month
        # A part of a second counts as one.
        return self._template % (reset, reset_after, window - now % window, month.end - now)


def template_of(entitlement: Entitlement) -> bytes:
    """The lines with what the ceilings say, one named policy each, and places for all numbers."""
    ceilings, month = entitlement.ceilings, entitlement.month
    if ceilings.window == HOUR:
        policy = f'"hour";q={ceilings.rate};w={HOUR}'
        standing = f'"hour";r=%%d;t=%d{LATER_UNSHOWN * 2}'
    else:
        policy = f'"minute";q={ceilings.rate};w={ceilings.window}, "burst";q={ceilings.burst}'
        standing = '"minute";r=%%d;t=%d, "burst";r=%%d;t=%%d'
    if ceilings.concurrent is None:
        standing += LATER_UNSHOWN
    else:
        policy += f', "concurrency";q={ceilings.concurrent};qu="concurrent-requests"'
        standing += ', "concurrency";r=%%d'
    if ceilings.quota is None:
        standing += LATER_UNSHOWN + UNSHOWN
    else:
        policy += f', "month";q={ceilings.quota};w={month.end - month.start}'
        standing += ', "month";r=%%d;t=%d'
    return WINDOW.format(rate=ceilings.rate, policy=policy, standing=standing).encode()


def seconds(microseconds: int) -> int:
    """Whole seconds, rounded up, at least one."""
    return max(1, -(-microseconds // MICROSECONDS))
