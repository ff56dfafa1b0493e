"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain import ids
from domain.calls import Call
from storage import events
from storage.database import Transaction
from storage.events import Row

KEPT = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a dated version shows it: `attributes` is all that a contract may show of it.

    They are made of nothing but the row and the version, so that an event looks the same whenever it is shown.
    """

    id: str
    type: str
    attributes: Mapping[str, Any]

    @property
    def created(self) -> int:
        """When it happened."""
        created: int = self.attributes["created"]
        return created


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


def delete_old(tx: Transaction, now: int, limit: int) -> int:
    """Delete up to `limit` events that are kept no longer; 0 when nothing is left to do."""
    return events.delete_old(tx, now - KEPT, limit)


def load(row: Row, api_version: str) -> Event:
    """The event of a row, as a dated version shows it."""
    changed = {} if row.previous_attributes is None else {"previous_attributes": row.previous_attributes}
    attributes = {
        "id": row.id,
        "object": "event",
        "type": row.type,
        "created": row.created,
        "api_version": api_version,
        "snapshot": row.object,
        "data": {"object": row.object, **changed},
        "request": {"id": row.request_id, "idempotency_key": row.idempotency_key},
        **changed,
    }
    return Event(row.id, row.type, attributes)
