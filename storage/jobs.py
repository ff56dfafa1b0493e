"""Statements on jobs."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from storage.collection import Collection, Listing
from storage.tables import jobs


class Row(NamedTuple):
    """A job, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    type: str
    status: str
    resource_id: str | None
    project_id: str | None
    input: dict[str, Any] | None
    tasks_total: int
    tasks_succeeded: int
    tasks_failed: int
    tasks_canceled: int
    error_code: str | None
    error_message: str | None
    started: int | None
    finished: int | None
    cancel_requested: int | None
    request_id: str | None
    idempotency_key: str | None


FILTERS = ("status", "type", "resource_id", "project_id")
ROWS = Collection(
    "job",
    jobs,
    Row._make,
    Listing(
        filters={name: jobs.c[name] == sa.bindparam(name) for name in FILTERS},
        sorts=("created", "updated"),
        counted="status",
    ),
)
