"""Maintenance: while the operator has closed the API, every request is told so and when to come back."""

from __future__ import annotations

from dataclasses import dataclass

from storage import maintenance
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Why the API is closed, and in how many seconds to try again."""

    message: str
    retry_after: int


def current(tx: Transaction) -> Maintenance | None:
    """The maintenance that goes on, if any does."""
    row = maintenance.fetch(tx)
    return None if row is None else Maintenance(row.message, row.retry_after)


def begin(tx: Transaction, now: int, message: str, retry_after: int) -> None:
    """Close the API."""
    maintenance.replace(tx, maintenance.Row(message, retry_after, now))


def end(tx: Transaction) -> None:
    """Open the API again."""
    maintenance.replace(tx, None)
