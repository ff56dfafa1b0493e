"""Statements on resources."""

from typing import NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.latest import Latest
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import resources


class Row(NamedTuple):
    """A resource, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    name: str
    type: str
    status: str
    timeout_ms: int
    retry_count: int
    batch_size: int
    rate_limit: int
    metadata: dict[str, str]
    steps_completed: int
    estimated_completion: int
    project_id: str | None
    target_url: str | None
    executions: int
    failed_executions: int
    paced_until_us: int
    queued_until_us: int


ROWS = Collection(
    "resource",
    resources,
    Row._make,
    Listing(
        filters={
            "status": resources.c.status == sa.bindparam("status"),
            "type": resources.c.type == sa.bindparam("type"),
            "project_id": resources.c.project_id == sa.bindparam("project_id"),
        },
        sorts=("created", "updated", "name"),
        counted="status",
    ),
)
OF_PROJECT = Latest(resources, Row._make, resources.c.project_id, resources.c.id)
COMPLETE_STEP = Statement(
    sa.update(resources).where(scopes.of(resources), resources.c.id == sa.bindparam("provisioned_id")),
    tuple,
    ("steps_completed",),
)


def complete_step(tx: Transaction, scope: Scope, resource_id: str, number: int) -> bool:
    """Store that a resource's provisioning is so many steps further; False when there is no such resource."""
    return COMPLETE_STEP.run(tx, {**scope._asdict(), "provisioned_id": resource_id, "steps_completed": number}) == 1
