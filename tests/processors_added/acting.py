"""Does what its items say, for tests."""

from __future__ import annotations

import threading
from typing import Any

# What a test holds up is let go by setting it.
LET_GO = threading.Event()
TRIES: dict[str, int] = {}


def process(items: list[Any]) -> Any:
    """Each item with what it says done, or the first one's value in place of all results."""
    for item in items:
        if "fails" in item:
            TRIES[item["key"]] = TRIES.get(item["key"], 0) + 1
            if TRIES[item["key"]] <= item["fails"]:
                raise ValueError(item.get("text", f"try {TRIES[item['key']]}"))
        if "hangs" in item:
            LET_GO.wait(30)
        if "instead" in item:
            return {"one less": items[1:], "no list": "text", "no JSON": [{1, 2}], "NUL": ["\0"], "exit": None}[
                item["instead"]
            ]
    return [{**item, "large": "x" * item["large"]} if "large" in item else item for item in items]
