"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain import ids
from domain.calls import Call
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
    call.wake("events")
