"""Pages of lists, and what is left of a deleted object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Page(Generic[T]):
    """Some items of a list, exact totals, and where the page stands; `page` is 0 behind a cursor."""

    data: Sequence[T]
    total_count: int
    has_more: bool
    page: int
    per_page: int

    @property
    def total_items(self) -> int:
        return self.total_count

    @property
    def total_pages(self) -> int:
        return -(-self.total_count // self.per_page)

    @property
    def has_next(self) -> bool:
        return self.page < self.total_pages

    @property
    def has_previous(self) -> bool:
        return self.page > 1 and self.total_count > 0


@dataclass(slots=True)
class Deleted:
    """An object that is gone."""

    id: str
    deleted_at: int
