"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from domain import ids
from domain.calls import Call
from domain.logs import LogEntry
from storage import events


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
        entry = LogEntry(row.id, row.created, "event", "info", row.type, row.request_id, resource=row.object_id)
        found[row.object_id].append(entry)
    return found
