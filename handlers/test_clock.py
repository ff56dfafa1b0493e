"""Operations on the clock of test mode."""

from domain import test_clock
from domain.calls import Call
from domain.test_clock import Advance, TestClock


def get_test_clock(call: Call) -> TestClock:
    """The clock."""
    return test_clock.fetch(call)


def advance_test_clock(call: Call, body: Advance) -> TestClock:
    """Move the clock forward."""
    return test_clock.advance(call, body)
