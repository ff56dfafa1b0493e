"""The events of an account, listed newest first or followed as they are committed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from domain import events, kinds, refusals
from domain.calls import Call
from domain.events import Event
from domain.kinds import ListQuery
from domain.pages import Page
from domain.refusals import Invalid
from storage.collection import Place
from storage.events import ROWS, START, Position, Row

EVERY_TYPE = "*"


class EventQuery(ListQuery, total=False):
    """How to list events; without pages and with the order `asc` they are followed."""

    type: Sequence[str]
    object: str


def fetch(call: Call, event_id: str) -> Event:
    """The event with this id."""
    row = ROWS.fetch(call.tx, call.scope, event_id)
    if row is None:
        raise refusals.not_found("event", event_id)
    return _load(call, row)


def page(call: Call, query: EventQuery) -> Page[Event]:
    """One page of the caller's events."""
    types = query.get("type", [EVERY_TYPE])
    filters = {"type": None if EVERY_TYPE in types else " ".join(types), "object_id": query.get("object")}
    if "page" in query or query.get("order") != "asc":
        return kinds.page_of(call, ROWS, partial(_load, call), query, filters)
    return _follow(call, query, kinds.narrowed(query, filters))


def behind(call: Call, event_id: str | None, limit: int) -> list[Event]:
    """Up to `limit` of the caller's events behind the one with this id, from the newest to the oldest."""
    return [_load(call, row) for row in ROWS.page(call.tx, call.scope, {}, Place(after=event_id), limit)]


def _follow(call: Call, query: EventQuery, wanted: dict[str, Any]) -> Page[Event]:
    """The events behind the last one that the caller has, in the order of their commits."""
    limit, behind = query["limit"], START
    if "starting_after" in query:
        last = ROWS.fetch(call.tx, call.scope, query["starting_after"])
        if last is None:
            # What was deleted since stood behind it perhaps, so the caller must not go on as if nothing were missing.
            says = "must be an event that is still there, as those behind it may be gone too; begin without it"
            raise Invalid("starting_after", "unknown_value", says, "query")
        behind = Position(last.transaction_id, last.sequence)
    total = ROWS.count(call.tx, call.scope, wanted)
    found = ROWS.following(call.tx, call.scope, wanted, behind, limit + 1)
    return Page([_load(call, row) for row in found[:limit]], total, len(found) > limit, 0, limit)


def _load(call: Call, row: Row) -> Event:
    return events.load(row, call.api_version)
