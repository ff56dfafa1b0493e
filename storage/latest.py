"""The newest rows of each of several owners, such as the last events of some objects."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from storage import routes
from storage import scope as scopes
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement

R = TypeVar("R")

# SQLite passes over so many rows in about a millisecond.
WINDOW = 2_000
# The newest rows of this many owners take SQLite about a millisecond.
MANY_OWNERS = 10


class Latest(Generic[R]):
    """Finds rows of a customer's table by the value of `owner`, newest first by `newest`, so many of each value.

    `conditions` are those of a partial index. It reads no more of the index on both columns than it returns.
    """

    def __init__(
        self,
        table: sa.Table,
        row: Callable[[Iterable[Any]], R],
        owner: sa.Column[Any],
        newest: sa.Column[Any],
        *conditions: sa.ColumnElement[bool],
    ) -> None:
        self.table = table
        self._row = row
        self._owner = owner
        self._newest = newest
        self._conditions = conditions
        self._made: dict[int, Statement[R]] = {}

    def of(self, tx: Transaction, scope: Scope, owners: Iterable[str], limit: int) -> list[R]:
        """The newest rows of some owners, at most `limit` of each, newest first."""
        values: Mapping[str, Any] = {f"owner_{number}": owner for number, owner in enumerate(owners)}
        if not values:
            return []
        if len(values) > MANY_OWNERS:
            leave_loop(tx)
        scoped = {"account_id": scope.account_id, "mode": scope.mode, "limit": limit}
        return self.statement(len(values)).all(tx, {**values, **scoped})

    def statement(self, count: int) -> Statement[R]:
        """The statement for so many owners."""
        if count not in self._made:
            newest = [
                sa.select(self.table)
                .where(scopes.of(self.table), self._is_owned(f"owner_{number}"), *self._conditions)
                .order_by(self._newest.desc())
                .limit(sa.bindparam("limit"))
                .subquery()
                for number in range(count)
            ]
            together = sa.union_all(*map(sa.select, newest)).order_by(sa.desc(self._newest.name))
            self._made[count] = Statement(together, self._row)
        return self._made[count]

    def _is_owned(self, name: str) -> sa.ColumnElement[bool]:
        is_owned = self._owner == sa.bindparam(name)
        return routes.Rare(is_owned) if self._conditions else is_owned


class Recent(Latest[R]):
    """Finds rows in the same way where there is no such index: among the newest of the account and mode."""

    def of(self, tx: Transaction, scope: Scope, owners: Iterable[str], limit: int) -> list[R]:
        """The newest rows of some owners, at most `limit` of each, newest first."""
        leave_loop(tx)
        return super().of(tx, scope, owners, limit)

    def statement(self, count: int) -> Statement[R]:
        """The statement for so many owners."""
        if count not in self._made:
            newest = sa.select(self.table).where(scopes.of(self.table), *self._conditions)
            some = newest.order_by(self._newest.desc()).limit(WINDOW).subquery()
            owner = some.c[self._owner.name]
            place = sa.func.row_number().over(partition_by=owner, order_by=some.c[self._newest.name].desc())
            wanted = owner.in_([sa.bindparam(f"owner_{number}") for number in range(count)])
            placed = sa.select(some, place.label("place")).where(wanted).subquery()
            found = sa.select(*(placed.c[column.name] for column in self.table.c))
            found = found.where(placed.c.place <= sa.bindparam("limit")).order_by(placed.c[self._newest.name].desc())
            self._made[count] = Statement(found, self._row)
        return self._made[count]
