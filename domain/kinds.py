"""What every kind of object has in common: it is added, shown, listed, changed and removed in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Protocol, Required, TypedDict, TypeVar

from domain import events, refusals
from domain.calls import Call
from domain.pages import Deleted, Page
from domain.refusals import Refusal
from storage import counters
from storage.collection import Collection, Order, Place


class Versioned(Protocol):
    """An object of a kind, a dataclass; `version` counts its changes, `updated` is the time of the last one."""

    @property
    def id(self) -> str: ...
    @property
    def updated(self) -> int: ...
    @property
    def version(self) -> int: ...


class CreatedRange(TypedDict, total=False):
    """Bounds of the time of creation, inclusive, in unix seconds."""

    gte: int
    lte: int


class ListQuery(TypedDict, total=False):
    """How to list objects of any kind: by page number and sort, or behind the id `starting_after`."""

    limit: Required[int]
    page: int
    starting_after: str
    sort: str
    order: str
    created: CreatedRange


T = TypeVar("T", bound=Versioned)
R = TypeVar("R")
S = TypeVar("S")


@dataclass(frozen=True)
class Kind(Generic[T, R]):
    """One kind of object: its rows, and how a row and the object become each other.

    `columns` gives all columns but account and mode; `snapshot` is the object as its events keep it. The events are
    called `created`, `updated` and `deleted` after `name`.
    """

    name: str
    rows: Collection[R]
    load: Callable[[Call, R], T]
    columns: Callable[[T], dict[str, Any]]
    snapshot: Callable[[T], dict[str, Any]]

    def add(self, call: Call, thing: T) -> T:
        """Add a new object; refuses one whose unique value another has."""
        columns = self.columns(thing)
        if not self.rows.insert(call.tx, call.scope, columns):
            unique = str(self.rows.unique)
            message = f"There is already a {self.words} with the {unique} '{columns[unique]}'. Choose another."
            raise Refusal("already_exists", message, unique)
        events.record(call, f"{self.name}.created", self.snapshot(thing))
        self.rows.tally(call.tx, call.scope, {self.counted(columns): 1})
        return thing

    def fetch(self, call: Call, object_id: str) -> T:
        """The object with this id."""
        return self._loaded(call, object_id, self.rows.fetch(call.tx, call.scope, object_id))

    def lock(self, call: Call, object_id: str) -> T:
        """The object with this id, which nobody else changes until the transaction ends."""
        return self._loaded(call, object_id, self.rows.fetch_for_update(call.tx, call.scope, object_id))

    def page(self, call: Call, query: ListQuery, filters: Mapping[str, Any]) -> Page[T]:
        """One page of the caller's objects; a filter that is None is none."""
        return page_of(call, self.rows, partial(self.load, call), query, filters)

    def behind(self, call: Call, object_id: str | None, limit: int) -> list[T]:
        """Up to `limit` of the caller's objects behind the one with this id, from the newest to the oldest."""
        rows = self.rows.page(call.tx, call.scope, {}, Place(after=object_id), limit)
        return [self.load(call, row) for row in rows]

    def change(self, call: Call, object_id: str, apply: Callable[[T], T]) -> T:
        """Change an object; the new one is `apply` of the old one. No change, no event."""
        old = self.lock(call, object_id)
        call.require_revision(old.id, old.version)
        return self.store(call, old, apply(old))

    def store(self, call: Call, old: T, new: T) -> T:
        """Store what became of an object that this transaction has locked."""
        if new == old:
            return old
        new = replace(new, updated=call.now, version=old.version + 1)  # type: ignore[type-var]
        before, after = self.columns(old), self.columns(new)
        changed = {name: value for name, value in after.items() if name != "version" and value != before[name]}
        self.rows.update(call.tx, call.scope, old.id, old.version, changed)
        shown = self.snapshot(new)
        events.record(call, f"{self.name}.updated", shown, previous(self.snapshot(old), shown))
        if self.counted(before) != self.counted(after):
            events.record(call, f"{self.name}.status_changed", shown, {"status": self.counted(before)})
            self.rows.tally(call.tx, call.scope, {self.counted(before): -1, self.counted(after): 1})
        return new

    def remove(self, call: Call, object_id: str, check: Callable[[T], None] | None = None) -> Deleted:
        """Remove an object for good, unless `check` refuses."""
        old = self.lock(call, object_id)
        call.require_revision(old.id, old.version)
        if check is not None:
            check(old)
        self.rows.delete(call.tx, call.scope, object_id)
        return self.removed(call, old)

    def removed(self, call: Call, old: T) -> Deleted:
        """Record that an object is gone."""
        gone = {"id": old.id, "object": self.name, "deleted": True, "deleted_at": call.now}
        events.record(call, f"{self.name}.deleted", gone)
        self.rows.tally(call.tx, call.scope, {self.counted(self.columns(old)): -1})
        return Deleted(old.id, call.now)

    @property
    def words(self) -> str:
        """The kind's name in a sentence."""
        return self.name.replace("_", " ")

    def _loaded(self, call: Call, object_id: str, row: R | None) -> T:
        if row is None:
            raise refusals.not_found(self.words, object_id)
        return self.load(call, row)

    def counted(self, columns: Mapping[str, Any]) -> str:
        """The total that an object with these columns counts in."""
        return str(columns[self.rows.counted]) if self.rows.counted else ""


def add_together(
    call: Call, added: Sequence[tuple[Kind[Any, Any], Any]], totals: Sequence[tuple[str, str, int]] = ()
) -> None:
    """Add new objects of different kinds without unique values, and to further totals.

    Their events take one statement and their totals another: where requests and work share the interpreter, each
    statement costs more than what it does.
    """
    counted = []
    for kind, thing in added:
        columns = kind.columns(thing)
        kind.rows.insert(call.tx, call.scope, columns)
        counted.append((kind.name, kind.counted(columns), 1))
    events.record_several(call, [(f"{kind.name}.created", kind.snapshot(thing)) for kind, thing in added])
    counters.change_several(call.tx, call.scope, [*counted, *totals])


def page_of(
    call: Call, rows: Collection[R], load: Callable[[R], S], query: ListQuery, filters: Mapping[str, Any]
) -> Page[S]:
    """One page of the caller's rows as objects; a filter that is None is none."""
    wanted = narrowed(query, filters)
    total = rows.count(call.tx, call.scope, wanted)
    limit, number = query["limit"], query.get("page", 0)
    place = Place(after=query.get("starting_after"))
    if number:
        order = Order(query.get("sort", "created"), query.get("order", "desc") == "desc")
        place = Place(order=order, offset=(number - 1) * limit)
    found = rows.page(call.tx, call.scope, wanted, place, limit + 1) if place.offset < total else []
    items = [load(row) for row in found[:limit]]
    return Page(items, total, len(found) > limit, number, limit)


def narrowed(query: ListQuery, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters that are not None, and the bounds of the time of creation."""
    created = query.get("created", {})
    bounds = {"created_gte": created.get("gte"), "created_lte": created.get("lte")}
    return {name: value for name, value in {**filters, **bounds}.items() if value is not None}


def previous(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old values of what differs, and the old `updated`; within an object only the parts that differ."""
    found = {name: value for name, value in old.items() if name != "version" and value != new[name]}
    for name, value in found.items():
        # Metadata is replaced as a whole, so all of it is what changed.
        if isinstance(value, Mapping) and name != "metadata":
            found[name] = {part: inner for part, inner in value.items() if inner != new[name].get(part)}
    return {**found, "updated": old["updated"]}


def attributes(thing: object, names: Sequence[str]) -> dict[str, Any]:
    """Some attributes of an object by their names."""
    return {name: getattr(thing, name) for name in names}
