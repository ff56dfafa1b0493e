"""The collections and statements of the storage, found in its modules, so that a new kind is seen as it is added."""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from collections.abc import Iterator
from typing import Any

import storage
from storage.collection import Collection
from storage.latest import Latest
from storage.statements import Statement

# The filters of a list in one request: each alone and each with each other; more are joined in the same way.
MOST_FILTERS = 2


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


def row_of(collection: Collection[Any]) -> Any:
    """The named tuple that the collection makes of a row, found through its `_make`."""
    return vars(collection)["_row"].__self__


def shapes(collection: Collection[Any]) -> list[tuple[str, ...]]:
    """The sets of filters that a list may be narrowed by."""
    return [
        shape for size in range(MOST_FILTERS + 1) for shape in itertools.combinations(sorted(collection.filters), size)
    ]


def statements() -> Iterator[tuple[str, Statement[Any]]]:
    """Every statement of the storage with its name, those that collections make included."""
    for name, thing in things():
        if isinstance(thing, Statement):
            yield name, thing
        elif isinstance(thing, Collection):
            yield from ((name, statement) for statement in thing.statements(shapes(thing)))
        elif isinstance(thing, Latest):
            yield from ((name, thing.statement(count)) for count in (1, 3))
