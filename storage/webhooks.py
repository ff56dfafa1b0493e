"""Statements on webhook endpoints."""

from typing import NamedTuple

import sqlalchemy as sa

from storage.collection import Collection, Listing
from storage.tables import webhook_endpoints


class Row(NamedTuple):
    """A webhook endpoint, its columns in the order of the table; `secret` is sealed."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    url: str
    description: str | None
    events: list[str]
    api_version: str
    status: str
    secret: str
    secret_last4: str
    previous_secret: str | None
    previous_secret_expires: int | None
    failing_since: int | None
    disabled_reason: str | None


ROWS = Collection(
    "webhook",
    webhook_endpoints,
    Row._make,
    Listing(
        filters={"status": webhook_endpoints.c.status == sa.bindparam("status")},
        sorts=("created", "updated"),
        counted="status",
    ),
)
