"""The rate limit of executions, against every minute that there is."""

from __future__ import annotations

import heapq
import random
from itertools import count

import pytest

from domain import pacing
from domain.pacing import MINUTE_US, Pace


def begun(rate_limit: int, arrivals: list[int]) -> tuple[list[int], int]:
    """When executions that arrive at these times are begun, and how often they asked in all."""
    pace, asked, times = Pace(0, 0), 0, []
    order = count()
    waiting = [(time, next(order), False) for time in arrivals]
    heapq.heapify(waiting)
    while waiting:
        now, _, had_turn = heapq.heappop(waiting)
        asked += 1
        pace, turn = pacing.ask(pace, rate_limit, now, had_turn=had_turn)
        if turn is None:
            times.append(now)
        else:
            assert turn > now
            heapq.heappush(waiting, (turn, next(order), True))
    return times, asked


def most_in_a_minute(times: list[int]) -> int:
    return max(sum(start <= each < start + MINUTE_US for each in times) for start in times)


@pytest.mark.parametrize("rate_limit", [1, 2, 9, 10, 25, 120])
@pytest.mark.parametrize("arriving", ["at once", "now and then", "in crowds"])
def test_no_minute_has_more_than_the_limit(rate_limit: int, arriving: str) -> None:
    chance = random.Random(f"{rate_limit} {arriving}")
    number = 3 * rate_limit + 5
    arrivals = {
        "at once": [0] * number,
        "now and then": [chance.randrange(6 * MINUTE_US) for _ in range(number)],
        "in crowds": [chance.randrange(4) * MINUTE_US // 2 for _ in range(number)],
    }[arriving]
    times, asked = begun(rate_limit, arrivals)
    assert most_in_a_minute(times) <= rate_limit
    # Nobody asks without end: once when it arrives, once at its turn, and rarely again.
    assert len(times) == number
    assert asked <= 3 * number


def test_a_tenth_begins_at_once_and_then_nearly_all_that_is_allowed() -> None:
    times, asked = begun(1_000, [0] * 3_000)
    assert times.count(0) == 101
    within = [each for each in times if MINUTE_US <= each < 2 * MINUTE_US]
    assert 890 <= len(within) <= 901
    assert asked < 6_000


def test_who_waited_comes_first() -> None:
    pace, turn = pacing.ask(Pace(0, 0), 1, 0, had_turn=False)
    assert turn is None
    pace, turn = pacing.ask(pace, 1, 1, had_turn=False)
    assert turn == MINUTE_US
    # A third one arrives as the second has its turn.
    pace, later = pacing.ask(pace, 1, turn, had_turn=False)
    assert later == 2 * MINUTE_US
    assert pacing.ask(pace, 1, turn, had_turn=True).turn_us is None
