"""Resources: processors with a configuration, from creation to deletion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

from domain import destinations, ids, kinds, logs, metrics, projects, provisioning
from domain.calls import Allowance, Call
from domain.kinds import Kind, ListQuery
from domain.logs import LogEntry
from domain.metrics import NO_EXECUTIONS, Metrics
from domain.pages import Deleted, Page
from domain.projects import Project
from domain.provisioning import Provisioning
from storage.resources import OF_PROJECT, ROWS, Row

DEFAULT_RATE_LIMIT = 1000
ATTRIBUTES = ("id", "created", "updated", "version", "name", "type", "status", "metadata")
SETTINGS = ("timeout_ms", "retry_count", "batch_size", "rate_limit")
MOST_LOGS = 20
MOST_RELATED = 20


class Settings(TypedDict):
    """The part of a configuration that the customer sets."""

    timeout_ms: int
    retry_count: int
    batch_size: int


class ResourceCreate(TypedDict):
    """What a new resource is made of, defaults filled in."""

    name: str
    type: str
    configuration: Settings
    metadata: Mapping[str, str]
    project: NotRequired[str | None]
    target_url: NotRequired[str | None]
    idempotency_key: NotRequired[str]


class ResourceQuery(ListQuery, total=False):
    """How to list resources."""

    status: str
    type: str
    project: str
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
    """A resource; `version` counts its changes. `project` is its project's id, or the project where it is expanded.

    `target_url` is where its executions are sent; without one they run here.
    """

    id: str
    created: int
    updated: int
    version: int
    name: str
    type: str
    status: str
    configuration: Configuration
    metadata: Mapping[str, str]
    project: Project | str | None
    target_url: str | None
    provisioning: Provisioning
    limits: Allowance
    metrics: Metrics = NO_EXECUTIONS
    logs: Sequence[LogEntry] = ()
    related_resources: Sequence[RelatedResource] = ()


def create(call: Call, body: ResourceCreate) -> Resource:
    """Create a resource, pending until its provisioning is done.

    The first two steps of it are this transaction: the configuration was checked and the record made.
    """
    settings = body["configuration"]
    project_id = body.get("project")
    _require(call, body)
    resource = Resource(
        id=ids.new("res"),
        created=call.now,
        updated=call.now,
        version=1,
        name=body["name"],
        type=body["type"],
        status="pending",
        configuration=Configuration(
            settings["timeout_ms"], settings["retry_count"], settings["batch_size"], DEFAULT_RATE_LIMIT
        ),
        metadata=body["metadata"],
        project=project_id,
        target_url=body.get("target_url"),
        provisioning=provisioning.begun(call),
        limits=call.allowance,
    )
    provisioning.begin(call, RESOURCES, resource)
    return resource


def fetch(call: Call, resource_id: str, expand: Sequence[str] = ()) -> Resource:
    """The resource with this id, with what is to be expanded."""
    resource = RESOURCES.fetch(call, resource_id)
    _measure(call, [resource], in_full=True)
    _expand(call, [resource], expand)
    return resource


def fetch_many(call: Call, resource_ids: Collection[str]) -> dict[str, Resource]:
    """Those of some resources that are there, by their ids."""
    rows = (ROWS.fetch(call.tx, call.scope, resource_id) for resource_id in resource_ids)
    found = [_load(call, row) for row in rows if row is not None]
    _measure(call, found, in_full=True)
    return {resource.id: resource for resource in found}


def page(call: Call, query: ResourceQuery) -> Page[Resource]:
    """One page of the caller's resources."""
    filters = {"status": query.get("status"), "type": query.get("type"), "project_id": query.get("project")}
    found = RESOURCES.page(call, query, filters)
    expand = query.get("expand", ())
    _measure(call, found.data, in_full="metrics" in expand)
    _expand(call, found.data, expand)
    return found


def behind(call: Call, resource_id: str | None, limit: int) -> list[Resource]:
    """Up to `limit` of the caller's resources behind the one with this id, from the newest to the oldest."""
    found = RESOURCES.behind(call, resource_id, limit)
    _measure(call, found, in_full=True)
    return found


def update(call: Call, resource_id: str, changes: Mapping[str, Any]) -> Resource:
    """Change the given attributes; `configuration` is merged, `metadata` replaced. No change, no event."""
    _require(call, changes)

    def apply(old: Resource) -> Resource:
        configuration = replace(old.configuration, **changes.get("configuration", {}))
        return replace(old, **{**changes, "configuration": configuration})

    resource = RESOURCES.change(call, resource_id, apply)
    _measure(call, [resource], in_full=True)
    return resource


def delete(call: Call, resource_id: str) -> Deleted:
    """Delete a resource for good, with what was measured of it."""

    def forget(resource: Resource) -> None:
        if resource.metrics is not NO_EXECUTIONS:
            metrics.forget(call, resource_id)

    return RESOURCES.remove(call, resource_id, forget)


def _require(call: Call, given: Mapping[str, Any]) -> None:
    """Refuse a project that is not there, and a target that nothing is sent to."""
    if given.get("project") is not None:
        projects.require(call, given["project"])
    if given.get("target_url") is not None:
        destinations.require(call, given["target_url"], "target_url")


def _snapshot(resource: Resource) -> dict[str, Any]:
    return {
        "object": "resource",
        **kinds.attributes(resource, ATTRIBUTES),
        "configuration": kinds.attributes(resource.configuration, SETTINGS),
        "project": resource.project,
        "target_url": resource.target_url,
        "provisioning": kinds.attributes(resource.provisioning, provisioning.ATTRIBUTES),
    }


def _columns(resource: Resource) -> dict[str, Any]:
    return {
        **kinds.attributes(resource, ATTRIBUTES),
        **kinds.attributes(resource.configuration, SETTINGS),
        "project_id": resource.project,
        "steps_completed": resource.provisioning.steps_completed,
        "estimated_completion": resource.provisioning.estimated_completion,
        "target_url": resource.target_url,
        "executions": resource.metrics.lifetime.requests,
        "failed_executions": resource.metrics.lifetime.errors,
        "paced_until_us": 0,
        "queued_until_us": 0,
    }


def _load(call: Call, row: Row) -> Resource:
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
        project=row.project_id,
        target_url=row.target_url,
        provisioning=Provisioning(row.steps_completed, row.estimated_completion),
        limits=call.allowance,
        metrics=metrics.since_creation(row.executions, row.failed_executions),
    )


def _measure(call: Call, resources: Sequence[Resource], *, in_full: bool) -> None:
    """Show what was measured of each resource: of today, or in full of the last 24 hours."""
    known = {each.id: each.metrics for each in resources if each.metrics is not NO_EXECUTIONS}
    if known:
        found = metrics.in_full(call, known) if in_full else metrics.in_short(call, known)
        for each in resources:
            each.metrics = found.get(each.id, each.metrics)


def _expand(call: Call, resources: Sequence[Resource], expand: Sequence[str]) -> None:
    if "logs" in expand:
        entries = logs.of_resources(call, [resource.id for resource in resources], MOST_LOGS)
        for resource in resources:
            resource.logs = entries[resource.id]
    if "related_resources" in expand:
        _relate(call, resources)
    # Last, as it puts an object where the id was.
    if "project" in expand:
        found = projects.fetch_many(call, {str(each.project) for each in resources if each.project})
        for resource in resources:
            resource.project = found.get(str(resource.project))


def _relate(call: Call, resources: Sequence[Resource]) -> None:
    """Show the other resources of the same project, newest first."""
    wanted = sorted({str(each.project) for each in resources if each.project})
    # One more than is shown, as a resource is not related to itself.
    found = OF_PROJECT.of(call.tx, call.scope, wanted, MOST_RELATED + 1)
    for resource in resources:
        others = [row for row in found if row.project_id == resource.project and row.id != resource.id]
        resource.related_resources = [RelatedResource(row.id, row.name, row.status) for row in others[:MOST_RELATED]]


RESOURCES: Kind[Resource, Row] = Kind("resource", ROWS, _load, _columns, _snapshot)
