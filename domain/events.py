"""Events: what happened, recorded in the transaction in which it happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    values = _values(call, event_type, snapshot, previous)
    events.insert(call.tx, call.scope, values)
    call.wake("events")
    return str(values["id"])


def record_several(call: Call, happened: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Record some events, given by type and snapshot, with one statement; nothing changed in what they are of."""
    events.insert_several(call.tx, call.scope, [_values(call, kind, snapshot, None) for kind, snapshot in happened])
    call.wake("events")


def _values(
    call: Call, event_type: str, snapshot: Mapping[str, Any], previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "id": ids.new("evt"),
        "type": event_type,
        "created": call.now,
        "object_id": snapshot["id"],
        "object": snapshot,
        "previous_attributes": previous,
        "request_id": call.request_id,
        "idempotency_key": call.idempotency_key,
    }


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
