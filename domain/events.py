"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain import ids
from domain.calls import Call
from storage import events


def record(call: Call, event_type: str, snapshot: Mapping[str, Any], previous: Mapping[str, Any] | None = None) -> str:
    """Record an event and return its id; `previous` holds the old values of what changed."""
    event_id = ids.new("evt")
    events.insert(
        call.tx,
        call.scope,
        {
            "id": event_id,
            "type": event_type,
            "created": call.now,
            "object_id": snapshot["id"],
            "object": snapshot,
            "previous_attributes": previous,
            "request_id": call.request_id,
            "idempotency_key": call.idempotency_key,
        },
    )
    call.wake("events")
    return event_id
