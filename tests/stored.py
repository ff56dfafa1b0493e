"""The collections and statements of the storage, found in its modules, so that a new kind is seen as it is added."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import storage
from storage.collection import Collection


def things() -> Iterator[tuple[str, Any]]:
    """What stands in the modules of the storage, each with its name, such as `resources.ROWS`."""
    for info in pkgutil.iter_modules(storage.__path__):
        if not info.ispkg:
            module = importlib.import_module(f"storage.{info.name}")
            yield from ((f"{info.name}.{name}", value) for name, value in vars(module).items())


def collections() -> list[Collection[Any]]:
    """The rows of each kind of object."""
    found = (value for _, value in things() if isinstance(value, Collection))
    return sorted(set(found), key=lambda each: each.kind)
