"""Gives back what it gets, to try things out with."""

from typing import Any


def process(items: list[Any]) -> list[Any]:
    """The items themselves."""
    return items
