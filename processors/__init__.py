"""Processors: what a `process` job does with its items when the resource has no target of its own.

A processor is a file here with one function, and its name is the file's: `processors/checksum.py` is `checksum`.

    def process(items: list[Any]) -> list[Any]:

It gets a batch of items, any JSON values, and returns a result for each, in their order. It may raise: then the
execution has failed, and the text of the exception is what the customer reads. It runs in a thread, and may be run
again for the same items, as an execution that failed or was lost is repeated. A thread cannot be ended: a processor
that takes longer than the resource's timeout goes on, and what it returns is dropped.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

Processor = Callable[[list[Any]], list[Any]]


class ProcessorError(Exception):
    """A file here is not a processor."""


def discover() -> Mapping[str, Processor]:
    """Every processor by its name."""
    return {info.name: _function(info.name) for info in pkgutil.iter_modules(__path__)}


def _function(name: str) -> Processor:
    function: Processor | None = getattr(importlib.import_module(f"{__name__}.{name}"), "process", None)
    if not callable(function):
        raise ProcessorError(f"processors/{name}.py needs a function process(items) that returns a list of results.")
    return function
