"""Statements on the cursors: how far each consumer of the events has come."""

from typing import NamedTuple

import sqlalchemy as sa

from storage.database import Transaction
from storage.statements import Statement
from storage.tables import event_cursors


class Row(NamedTuple):
    """A cursor, its columns in the order of the table."""

    name: str
    transaction_id: int
    sequence: int


_ONE = event_cursors.c.name == sa.bindparam("of")
LOCK = Statement(sa.select(event_cursors).where(_ONE).with_for_update(skip_locked=True), Row._make)
MOVE = Statement(sa.update(event_cursors).where(_ONE), Row._make, ("transaction_id", "sequence"))


def lock(tx: Transaction, name: str) -> Row | None:
    """Take a cursor until the transaction ends; None while another process has it."""
    return LOCK.first(tx, {"of": name})


def move(tx: Transaction, name: str, transaction_id: int, sequence: int) -> None:
    """Set a cursor behind an event."""
    MOVE.run(tx, {"of": name, "transaction_id": transaction_id, "sequence": sequence})
