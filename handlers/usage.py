"""Operations on usage."""

from domain import usage
from domain.calls import Call
from domain.usage import Usage


def get_usage(call: Call) -> Usage:
    """The account's usage in the current month."""
    return usage.fetch(call)
