"""Finds the items of a batch that are there more than once."""

from typing import Any

import orjson


def process(items: list[Any]) -> list[Any]:
    """For each item whether it is the first of its kind, and the number of that one, counted from 0."""
    firsts: dict[bytes, int] = {}
    numbers = [
        firsts.setdefault(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), number) for number, item in enumerate(items)
    ]
    return [{"is_first": first == number, "first": first} for number, first in enumerate(numbers)]
