"""Resources: processors with a configuration, from creation to deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Required, TypedDict

from domain import events, ids, provisioning, refusals
from domain.calls import Allowance, Call
from domain.metrics import NO_EXECUTIONS, Metrics
from domain.pages import Deleted, Page
from domain.provisioning import Provisioning
from storage import counters
from storage import resources as rows
from storage.resources import Order, ResourceFilters, Sort

KIND = "resource"
DEFAULT_RATE_LIMIT = 1000
ATTRIBUTES = ("id", "created", "updated", "version", "name", "type", "status", "metadata")
SETTINGS = ("timeout_ms", "retry_count", "batch_size", "rate_limit")
MOST_LOGS = 20


class CreatedRange(TypedDict, total=False):
    """Bounds of the time of creation, inclusive, in unix seconds."""

    gte: int
    lte: int


class Settings(TypedDict, total=False):
    """The part of a configuration that the customer sets."""

    timeout_ms: int
    retry_count: int
    batch_size: int


class ResourceQuery(TypedDict, total=False):
    """How to list resources: by page number and sort, or after a cursor."""

    limit: Required[int]
    page: int
    starting_after: str
    sort: Sort
    order: str
    status: str
    type: str
    created: CreatedRange
    expand: Sequence[str]


class ExpandQuery(TypedDict, total=False):
    """What to show in full."""

    expand: Sequence[str]


@dataclass(slots=True)
class Configuration:
    """How a resource works; `rate_limit` is in executions per minute."""

    timeout_ms: int
    retry_count: int
    batch_size: int
    rate_limit: int


@dataclass(slots=True)
class RelatedResource:
    """A resource that belongs together with another."""

    id: str
    name: str
    status: str


@dataclass(slots=True)
class Resource:
    """A resource; `version` counts its changes."""

    id: str
    created: int
    updated: int
    version: int
    name: str
    type: str
    status: str
    configuration: Configuration
    metadata: Mapping[str, str]
    provisioning: Provisioning
    limits: Allowance
    metrics: Metrics = NO_EXECUTIONS
    logs: Sequence[events.LogEntry] = ()
    related_resources: Sequence[RelatedResource] = ()


def create(call: Call, name: str, kind: str, settings: Settings, metadata: Mapping[str, str]) -> Resource:
    """Create a resource, pending until its provisioning is done.

    The first two steps of it are this transaction: the configuration was checked and the record made.
    """
    resource = Resource(
        id=ids.new("res"),
        created=call.now,
        updated=call.now,
        version=1,
        name=name,
        type=kind,
        status="pending",
        configuration=Configuration(
            settings["timeout_ms"], settings["retry_count"], settings["batch_size"], DEFAULT_RATE_LIMIT
        ),
        metadata=metadata,
        provisioning=provisioning.begun(call.now),
        limits=call.allowance,
    )
    rows.insert(call.tx, call.scope, _columns(resource))
    events.record(call, "resource.created", snapshot(resource))
    counters.change(call.tx, call.scope, KIND, resource.status, 1)
    return resource


def fetch(call: Call, resource_id: str, expand: Sequence[str] = ()) -> Resource:
    """The resource with this id, with what is to be expanded."""
    row = rows.fetch(call.tx, call.scope, resource_id)
    if row is None:
        raise refusals.not_found(KIND, resource_id)
    resource = _resource(call, row)
    if expand:
        _expand(call, [resource], expand)
    return resource


def page(call: Call, query: ResourceQuery) -> Page[Resource]:
    """One page of the caller's resources."""
    created = query.get("created", {})
    filters = ResourceFilters(query.get("status"), query.get("type"), created.get("gte"), created.get("lte"))
    total = rows.count(call.tx, call.scope, filters)
    limit, number = query["limit"], query.get("page", 0)
    if number:
        order = Order(query.get("sort", "created"), query.get("order", "desc") == "desc")
        offset = (number - 1) * limit
        found = rows.page_number(call.tx, call.scope, filters, order, offset, limit) if offset < total else []
    else:
        found = rows.page_after(call.tx, call.scope, filters, query.get("starting_after"), limit + 1)
    items = [_resource(call, row) for row in found[:limit]]
    if expand := query.get("expand", ()):
        _expand(call, items, expand)
    return Page(items, total, len(found) > limit, number, limit)


def update(call: Call, resource_id: str, changes: Mapping[str, Any]) -> Resource:
    """Change the given attributes; `configuration` is merged, `metadata` replaced. No change, no event."""
    row = rows.fetch_for_update(call.tx, call.scope, resource_id)
    if row is None:
        raise refusals.not_found(KIND, resource_id)
    old = _resource(call, row)
    call.require_revision(old.id, old.version)
    configuration = replace(old.configuration, **changes.get("configuration", {}))
    new = replace(old, **{**changes, "configuration": configuration})
    if new == old:
        return old
    new = replace(new, updated=call.now, version=old.version + 1)
    rows.update(call.tx, call.scope, resource_id, old.version, _changed_columns(old, new))
    previous = _previous(snapshot(old), snapshot(new))
    events.record(call, "resource.updated", snapshot(new), previous)
    if new.status != old.status:
        events.record(call, "resource.status_changed", snapshot(new), {"status": old.status})
        # Always in the same order, so that two opposite changes at once do not wait for each other.
        for status, delta in sorted([(old.status, -1), (new.status, 1)]):
            counters.change(call.tx, call.scope, KIND, status, delta)
    return new


def delete(call: Call, resource_id: str) -> Deleted:
    """Delete a resource for good."""
    row = rows.fetch_for_update(call.tx, call.scope, resource_id)
    if row is None:
        raise refusals.not_found(KIND, resource_id)
    call.require_revision(row.id, row.version)
    rows.delete(call.tx, call.scope, resource_id)
    deleted = Deleted(resource_id, call.now)
    events.record(
        call,
        "resource.deleted",
        {"id": resource_id, "object": KIND, "deleted": True, "deleted_at": deleted.deleted_at},
    )
    counters.change(call.tx, call.scope, KIND, row.status, -1)
    return deleted


def snapshot(resource: Resource) -> dict[str, Any]:
    """The resource as an event keeps it."""
    return {
        "object": KIND,
        **_of(resource, ATTRIBUTES),
        "configuration": _of(resource.configuration, SETTINGS),
        "provisioning": _of(resource.provisioning, provisioning.ATTRIBUTES),
    }


def _previous(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old values of what differs, and the old `updated`; of the configuration only the settings that differ."""
    previous = {name: value for name, value in old.items() if name != "version" and value != new[name]}
    previous["updated"] = old["updated"]
    if "configuration" in previous:
        settings = new["configuration"]
        previous["configuration"] = {k: v for k, v in old["configuration"].items() if v != settings[k]}
    return previous


def _columns(resource: Resource) -> dict[str, Any]:
    progress = resource.provisioning
    return {
        **_of(resource, ATTRIBUTES),
        **_of(resource.configuration, SETTINGS),
        "steps_completed": progress.steps_completed,
        "estimated_completion": progress.estimated_completion,
    }


def _of(thing: object, attributes: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in attributes}


def _changed_columns(old: Resource, new: Resource) -> dict[str, Any]:
    before = _columns(old)
    return {name: value for name, value in _columns(new).items() if name != "version" and value != before[name]}


def _resource(call: Call, row: rows.Row) -> Resource:
    return Resource(
        id=row.id,
        created=row.created,
        updated=row.updated,
        version=row.version,
        name=row.name,
        type=row.type,
        status=row.status,
        configuration=Configuration(row.timeout_ms, row.retry_count, row.batch_size, row.rate_limit),
        metadata=row.metadata,
        provisioning=Provisioning(row.steps_completed, row.estimated_completion),
        limits=call.allowance,
    )


def _expand(call: Call, resources: Sequence[Resource], expand: Sequence[str]) -> None:
    if "logs" in expand:
        entries = events.history(call, [resource.id for resource in resources], MOST_LOGS)
        for resource in resources:
            resource.logs = entries[resource.id]
