"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain import ids
from domain.calls import Call
from storage import events


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One thing that happened to an object."""

    id: str
    created: int
    level: str
    message: str
    request_id: str | None


def record(call: Call, event_type: str, snapshot: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> None:
    """Record an event; `previous` holds the old values of what changed."""
    events.insert(
        call.tx,
        call.scope,
        {
            "id": ids.new("evt"),
            "type": event_type,
            "created": call.now,
            "object_id": snapshot["id"],
            "object": snapshot,
            "previous_attributes": previous,
            "request_id": call.request_id,
            "idempotency_key": call.idempotency_key,
        },
    )


def history(call: Call, object_ids: Sequence[str], most: int) -> dict[str, list[LogEntry]]:
    """What happened to each of some objects, newest first, at most `most` entries each."""
    found: dict[str, list[LogEntry]] = {object_id: [] for object_id in object_ids}
    for row in events.RECENT.of(call.tx, call.scope, object_ids, most):
        found[row.object_id].append(LogEntry(row.id, row.created, "info", row.type, row.request_id))
    return found
