"""Rows that are to be worked on later: claimed by one worker at a time, and by another when that one dies.

A table that is a queue has `due_ms`, in unix milliseconds, and `token`. A row with no `due_ms` waits for nothing. One
whose `due_ms` has come may be claimed: the claim sets it to the end of the worker's lease and writes the worker's
token, which whoever settles the row must still find there. So an effect in the database that is committed together
with the row's settling happens once, however often the row was begun.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from storage.database import Transaction
from storage.statements import Statement

R = TypeVar("R")


class Lease(NamedTuple):
    """Who holds rows, now and until when, in unix milliseconds."""

    token: str
    now_ms: int
    until_ms: int


class Queue(Generic[R]):
    """The waiting rows of a table, which belong to owners that are served in turn.

    The index on `owner` and `due_ms` of the rows that have a `due_ms` makes everything here cost what it returns, but
    for `owners` and `soonest`, which look at each owner that has rows. `lane` narrows the queue to some of the rows;
    then its column comes first in the index.
    """

    def __init__(
        self,
        table: sa.Table,
        row: Callable[[Iterable[Any]], R],
        owner: str,
        lane: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self.table = table
        due, column = table.c.due_ms, table.c[owner]
        every = sa.true() if lane is None else lane
        since = _waiting_since(table, column, every)
        self._owners = Statement(sa.select(since).where(since.c.since <= sa.bindparam("now_ms")), tuple)
        self._soonest = Statement(sa.select(sa.func.min(since.c.since)), tuple)
        oldest = (
            sa.select(table)
            .where(every, column == sa.bindparam("owner"), due <= sa.bindparam("now_ms"))
            .order_by(due)
            .limit(sa.bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
        self._take = Statement(oldest, row)
        # As a plain subquery PostgreSQL may run it again for each row, and claim more than the limit.
        some = oldest.with_only_columns(table.c.id).cte("some")
        claimed = sa.update(table).where(table.c.id.in_(sa.select(some.c.id)))
        claimed = claimed.values(due_ms=sa.bindparam("until_ms"), token=sa.bindparam("by"))
        self._claim = Statement(claimed.returning(*table.c), row)
        held = sa.and_(table.c.id == sa.bindparam("claimed"), table.c.token == sa.bindparam("by"))
        self._held = Statement(sa.select(table).where(held).with_for_update(), row)
        self._renew = Statement(sa.update(table).where(held), tuple, ("due_ms",))

    def owners(self, tx: Transaction, now_ms: int) -> list[str]:
        """Every owner that has something due, the one that waits longest first."""
        return [str(owner) for owner, _ in sorted(self._owners.all(tx, {"now_ms": now_ms}), key=lambda row: row[1])]

    def soonest(self, tx: Transaction) -> int | None:
        """When the first of all rows is due, in unix milliseconds; None when nothing waits."""
        found = self._soonest.first(tx, {})
        return None if found is None else found[0]

    def take(self, tx: Transaction, owner: str, now_ms: int, limit: int) -> list[R]:
        """Lock up to `limit` due rows of an owner, as `claim` does, for who settles them in this transaction."""
        return self._take.all(tx, {"owner": owner, "now_ms": now_ms, "limit": limit})

    def claim(self, tx: Transaction, owner: str, lease: Lease, limit: int) -> list[R]:
        """Take up to `limit` due rows of an owner, the oldest first, that no other transaction is taking."""
        values = {"owner": owner, "now_ms": lease.now_ms, "until_ms": lease.until_ms, "by": lease.token}
        return self._claim.all(tx, {**values, "limit": limit})

    def held(self, tx: Transaction, id: str, token: str) -> R | None:
        """A row that this token still holds, locked; None when the lease was lost and the result is to be dropped."""
        return self._held.first(tx, {"claimed": id, "by": token})

    def renew(self, tx: Transaction, ids: Sequence[str], token: str, until_ms: int) -> int:
        """Hold rows for longer, or with an earlier time give them back; how many of them were still held."""
        return sum(self._renew.run(tx, {"claimed": each, "by": token, "due_ms": until_ms}) for each in ids)


def _waiting_since(table: sa.Table, owner: sa.Column[Any], lane: sa.ColumnElement[bool]) -> sa.Subquery:
    """Each owner and when its first row is due, found by jumping along the index from owner to owner."""
    due = table.c.due_ms
    waiting = sa.and_(lane, due.is_not(None))
    first = sa.select(sa.func.min(owner).label("owner")).where(waiting)
    found = first.cte("found", recursive=True)
    following = sa.select(sa.func.min(owner)).where(waiting, owner > found.c.owner).scalar_subquery()
    found = found.union_all(sa.select(following).where(found.c.owner.is_not(None)))
    soonest = sa.select(sa.func.min(due)).where(waiting, owner == found.c.owner).scalar_subquery()
    return sa.select(found.c.owner, soonest.label("since")).where(found.c.owner.is_not(None)).subquery()
