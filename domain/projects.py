"""Projects: they group resources and jobs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

from domain import ids, kinds, refusals
from domain.calls import Call
from domain.kinds import Kind, ListQuery
from domain.pages import Deleted, Page
from domain.refusals import Refusal
from storage import resources
from storage.projects import ROWS, Row

ATTRIBUTES = ("id", "created", "updated", "version", "name", "slug", "description", "metadata")


class ProjectQuery(ListQuery, total=False):
    """How to list projects."""

    slug: str


class ProjectCreate(TypedDict):
    """What a new project is made of, defaults filled in."""

    name: str
    slug: str
    description: str | None
    metadata: Mapping[str, str]
    idempotency_key: NotRequired[str]


@dataclass(slots=True)
class Project:
    """A project; `slug` is the name that its customer chose for it, `version` counts its changes."""

    id: str
    created: int
    updated: int
    version: int
    name: str
    slug: str
    description: str | None
    metadata: Mapping[str, str]


def create(call: Call, body: ProjectCreate) -> Project:
    """Create a project; refuses a slug that another one has."""
    return PROJECTS.add(
        call,
        Project(
            id=ids.new("proj"),
            created=call.now,
            updated=call.now,
            version=1,
            name=body["name"],
            slug=body["slug"],
            description=body["description"],
            metadata=body["metadata"],
        ),
    )


def fetch(call: Call, project_id: str) -> Project:
    """The project with this id."""
    return PROJECTS.fetch(call, project_id)


def fetch_many(call: Call, project_ids: Collection[str]) -> dict[str, Project]:
    """Those of some projects that are there, by their ids."""
    rows = (ROWS.fetch(call.tx, call.scope, project_id) for project_id in project_ids)
    return {row.id: _load(call, row) for row in rows if row is not None}


def require(call: Call, project_id: str) -> None:
    """Refuse a project that is not there, and keep one that is from being deleted until the transaction ends."""
    if ROWS.fetch_for_update(call.tx, call.scope, project_id) is None:
        raise refusals.not_found("project", project_id, "project")


def page(call: Call, query: ProjectQuery) -> Page[Project]:
    """One page of the caller's projects."""
    return PROJECTS.page(call, query, {"slug": query.get("slug")})


def update(call: Call, project_id: str, changes: Mapping[str, Any]) -> Project:
    """Change the given attributes; `metadata` is replaced. No change, no event."""
    return PROJECTS.change(call, project_id, lambda old: replace(old, **changes))


def delete(call: Call, project_id: str) -> Deleted:
    """Delete a project that no resource belongs to."""

    def check(_: Project) -> None:
        used = resources.ROWS.count(call.tx, call.scope, {"project_id": project_id})
        if used:
            raise Refusal("in_use", f"The project has {used} resources. Delete them or move them to another first.")

    return PROJECTS.remove(call, project_id, check)


def _snapshot(project: Project) -> dict[str, Any]:
    return {"object": "project", **kinds.attributes(project, ATTRIBUTES)}


def _columns(project: Project) -> dict[str, Any]:
    return kinds.attributes(project, ATTRIBUTES)


def _load(_: Call, row: Row) -> Project:
    return Project(row.id, row.created, row.updated, row.version, row.name, row.slug, row.description, row.metadata)


PROJECTS: Kind[Project, Row] = Kind("project", ROWS, _load, _columns, _snapshot)
