"""Statements on projects."""

from typing import NamedTuple

import sqlalchemy as sa

from storage.collection import Collection, Listing
from storage.tables import projects


class Row(NamedTuple):
    """A project, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    name: str
    slug: str
    description: str | None
    metadata: dict[str, str]


ROWS = Collection(
    "project",
    projects,
    Row._make,
    Listing(filters={"slug": projects.c.slug == sa.bindparam("slug")}, sorts=("created", "updated", "name")),
    unique="slug",
)
