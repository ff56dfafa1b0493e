"""Rows of which no totals are kept, as they are written by the thousand: they are counted when somebody asks."""

from collections.abc import Mapping
from typing import Any, TypeVar

from storage.collection import Collection, Place
from storage.database import Transaction, leave_loop
from storage.scope import Scope

R = TypeVar("R")


class Uncounted(Collection[R]):
    """Rows whose ids are in the order of their time.

    A total is counted and a narrowed list may pass over many rows: what may be long leaves the loop.
    """

    def count(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any]) -> int:
        """Exactly how many rows match."""
        return self.count_rows(tx, scope, filters)

    def page(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any], place: Place, limit: int) -> list[R]:
        """Up to `limit` rows from a place on; an id to begin behind need not exist any more."""
        if filters:
            leave_loop(tx)
        return super().page(tx, scope, filters, place, limit)
