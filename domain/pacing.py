"""The rate limit of a resource: in no minute, wherever it begins, are more executions begun than it allows.

A tenth of them may be begun at once, and then one after the other at even distances. Who comes too early gets a turn,
and at his turn asks again: turns are when the others are expected to be through, and are not promised.
"""

from __future__ import annotations

from typing import NamedTuple

MINUTE_US = 60_000_000
# One of so many may be begun at once.
BURST = 10


class Pace(NamedTuple):
    """How far a resource's executions have used up its limit, and how far turns are given; in unix microseconds."""

    paced_until_us: int
    queued_until_us: int


class Decision(NamedTuple):
    """What became of the pace, and when to come again; None to begin now."""

    pace: Pace
    turn_us: int | None


def ask(pace: Pace, rate_limit: int, now_us: int, *, had_turn: bool) -> Decision:
    """Whether one more execution may be begun now; one that had its turn comes before those that never waited."""
    burst = rate_limit // BURST
    distance = -(-MINUTE_US // (rate_limit - burst))
    free_at = max(pace.paced_until_us - burst * distance, now_us)
    is_next = had_turn or pace.queued_until_us <= now_us
    if free_at <= now_us and is_next:
        return Decision(Pace(max(pace.paced_until_us, now_us) + distance, pace.queued_until_us), None)
    turn = max(free_at, pace.queued_until_us)
    return Decision(Pace(pace.paced_until_us, turn + distance), turn)
