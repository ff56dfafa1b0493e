"""The test clock: the time as an account's test mode sees it, which the account may move forward."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypedDict

from domain.calls import Call
from domain.refusals import Invalid, Refusal
from storage import accounts, deliveries, tasks

DAY = 86_400
MOST_AT_ONCE = 400 * DAY
MOST_AHEAD = 3_650 * DAY


class Advance(TypedDict, total=False):
    """Where to move the clock: by so many seconds, or to a time in unix seconds. One of the two is given."""

    advance_seconds: int
    to: int


@dataclass(frozen=True, slots=True)
class TestClock:
    """What the clock shows, and how far it is ahead of the real time."""

    now: int
    offset_seconds: int


def fetch(call: Call) -> TestClock:
    """The clock of the caller's account."""
    _require_test_mode(call)
    row = accounts.fetch(call.tx, call.scope.account_id)
    assert row is not None
    return _shown(call, row.test_clock_offset)


def advance(call: Call, body: Advance) -> TestClock:
    """Move the clock forward; what falls due by that, such as the daily reset, is done soon afterwards."""
    _require_test_mode(call)
    row = accounts.lock(call.tx, call.scope.account_id)
    assert row is not None
    seconds = _step(_shown(call, row.test_clock_offset), body)
    offset = row.test_clock_offset + seconds
    accounts.set_test_clock(call.tx, row.id, offset, row.next_test_reset - seconds)
    if tasks.advance(call.tx, call.scope, seconds):
        call.wake("tasks")
    deliveries.advance(call.tx, call.scope, seconds * 1000)
    call.wake("deliveries")
    call.forget_callers = True
    return _shown(call, offset)


def _step(clock: TestClock, body: Advance) -> int:
    """By how many seconds to move the clock; refuses to move it back or too far."""
    field = "to" if "to" in body else "advance_seconds"
    seconds = body["to"] - clock.now if "to" in body else body["advance_seconds"]
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(clock.now))
    stands = f"the clock stands at {clock.now} ({shown})"
    if seconds < 0:
        raise Invalid(field, "too_small", f"must not be earlier than the clock, which goes forward only: {stands}")
    if seconds > MOST_AT_ONCE:
        days = MOST_AT_ONCE // DAY
        raise Invalid(field, "too_large", f"must be at most {days} days ahead of the clock: {stands}")
    if clock.offset_seconds + seconds > MOST_AHEAD:
        days = MOST_AHEAD // DAY
        raise Invalid(field, "too_large", f"must leave the clock at most {days} days ahead of the real time: {stands}")
    return seconds


def _require_test_mode(call: Call) -> None:
    if call.scope.mode != "test":
        raise Refusal("live_mode_forbidden", "Live mode has no test clock. Use a test key.")


def _shown(call: Call, offset: int) -> TestClock:
    # The offset that came with the caller may be older than the account's.
    return TestClock(call.real_now + offset, offset)
