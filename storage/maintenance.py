"""Statements on the one row that closes the API."""

from typing import NamedTuple

import sqlalchemy as sa

from storage.database import Transaction
from storage.statements import Statement
from storage.tables import maintenance


class Row(NamedTuple):
    """Maintenance, its columns in the order of the table; `retry_after` is in seconds."""

    message: str
    retry_after: int
    since: int


INSERT = Statement(sa.insert(maintenance).inline(), Row._make, Row._fields)
FETCH = Statement(sa.select(maintenance).limit(1), Row._make)
DELETE = Statement(sa.delete(maintenance), Row._make)


def fetch(tx: Transaction) -> Row | None:
    """What closes the API, if it is closed."""
    return FETCH.first(tx, {})


def replace(tx: Transaction, row: Row | None) -> None:
    """Close the API, or open it again."""
    DELETE.run(tx, {})
    if row is not None:
        INSERT.run(tx, row._asdict())
