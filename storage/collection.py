"""The statements that every kind of customer's object has: one object by its id, and lists of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from storage import counters, routes
from storage import scope as scopes
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement

R = TypeVar("R")
Shape = tuple[str, ...]

# Skipping this many rows takes SQLite about a fifth of a millisecond.
DEEP_OFFSET = 2_000


class Order(NamedTuple):
    """What a list is sorted by, and whether the greatest comes first; ties are in the order of the ids."""

    sort: str
    descending: bool


class Place(NamedTuple):
    """Where a page begins: behind an id (None: at the newest object), or after so many objects of an order."""

    after: str | None = None
    order: Order | None = None
    offset: int = 0


class Listing(NamedTuple):
    """How objects may be listed.

    `filters` are the conditions that a list may be narrowed by beside its time of creation, each with a bind of its
    name; `sorts` the columns that it may be sorted by. The totals of all objects and of those with each value of
    `counted` stand in the counters; others are counted.
    """

    filters: Mapping[str, sa.ColumnElement[bool]]
    sorts: Sequence[str]
    counted: str | None = None


class Collection(Generic[R]):
    """The rows of one table that belong to an account and mode: the objects of one kind.

    `unique` is the column that no two objects of an account and mode share; `hidden` holds for rows that are kept but
    not there any more.
    """

    def __init__(
        self,
        kind: str,
        table: sa.Table,
        row: Callable[[Iterable[Any]], R],
        listing: Listing,
        *,
        unique: str | None = None,
        hidden: sa.ColumnElement[bool] | None = None,
    ) -> None:
        self.kind = kind
        self.table = table
        conditions = {
            **listing.filters,
            "created_gte": table.c.created >= sa.bindparam("created_gte"),
            "created_lte": table.c.created <= sa.bindparam("created_lte"),
        }
        self.filters = {name: routes.filter_of(table, condition) for name, condition in conditions.items()}
        self.sorts = tuple(listing.sorts)
        self.counted = listing.counted
        self.unique = unique
        self._row = row
        self._all = [scopes.of(table)] if hidden is None else [scopes.of(table), sa.not_(hidden)]
        one = [*self._all, table.c.id == sa.bindparam("id")]
        self._one = one
        self._insert = self._inserting()
        self._fetch = Statement(sa.select(table).where(*one), row)
        self._lock = Statement(sa.select(table).where(*one).with_for_update(), row)
        self._delete = Statement(sa.delete(table).where(*one), row)
        self._made: dict[tuple[Any, ...], Statement[Any]] = {}

    def insert(self, tx: Transaction, scope: Scope, values: Mapping[str, Any]) -> bool:
        """Add an object; False when there is one already with the value of the unique column."""
        scoped = {**values, "account_id": scope.account_id, "mode": scope.mode}
        if self.unique is None:
            return self._insert.run(tx, scoped) == 1
        return self._insert.first(tx, scoped) is not None

    def fetch(self, tx: Transaction, scope: Scope, id: str) -> R | None:
        """Find an object by its id."""
        return self._fetch.first(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id})

    def fetch_for_update(self, tx: Transaction, scope: Scope, id: str) -> R | None:
        """Find an object and lock it until the transaction ends."""
        return self._lock.first(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id})

    def update(self, tx: Transaction, scope: Scope, id: str, version: int, changes: Mapping[str, Any]) -> bool:
        """Change columns and count the version up; False when there is no such object in that version."""
        found = {"account_id": scope.account_id, "mode": scope.mode, "id": id, "expected_version": version}
        return self._updating(tuple(sorted(changes))).run(tx, {**changes, **found}) == 1

    def delete(self, tx: Transaction, scope: Scope, id: str) -> bool:
        """Remove an object for good; False when there is none."""
        return self._delete.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "id": id}) == 1

    def page(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any], place: Place, limit: int) -> list[R]:
        """Up to `limit` objects from a place on; an id to begin behind need not exist any more."""
        if place.offset > DEEP_OFFSET:
            leave_loop(tx)
        index = self._index(tx, scope, filters, place.order)
        statement = self._paging(tuple(filters), place.order, place.after is not None, index)
        values = {"starting_after": place.after, "offset": place.offset, "limit": limit}
        return statement.all(tx, {**_scoped(scope), **filters, **values})

    def count(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any]) -> int:
        """Exactly how many objects match."""
        if not filters:
            return counters.total(tx, scope, self.kind, None)
        if self.counted is not None and filters.keys() == {self.counted}:
            return counters.total(tx, scope, self.kind, filters[self.counted])
        return self.count_rows(tx, scope, filters)

    def count_rows(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any]) -> int:
        """How many objects match, counted one by one."""
        leave_loop(tx)
        index = self._few(tx, scope, filters) if len(filters) > 1 else None
        found = self._counting(tuple(filters), index).first(tx, {**_scoped(scope), **filters})
        return int(found[0]) if found else 0

    def tally(self, tx: Transaction, scope: Scope, changes: Mapping[str, int]) -> None:
        """Add to the totals of each value of the counted column; the last thing that a transaction does."""
        # Always in the same order, so that two opposite changes at once do not wait for each other.
        for value, delta in sorted(changes.items()):
            counters.change(tx, scope, self.kind, value, delta)

    def statements(self, shapes: Iterable[Shape]) -> Iterator[Statement[Any]]:
        """Every statement that can be run, each once, for lists narrowed by each of these sets of filters."""
        found = [self._insert, self._fetch, self._lock, self._delete]
        found += [self._updating(())] if "version" in self.table.c else []
        orders = [None, *(Order(sort, descending) for sort in self.sorts for descending in (True, False))]
        for shape in shapes:
            columns = self._columns(shape)
            found += [self._probing(self._of_column(shape, column)) for column in columns]
            found += [self._counting(shape, index) for index in (None, *columns)]
            for order in orders:
                walked = "id" if order is None else order.sort
                for index in (None, walked, *columns) if shape else (None,):
                    found.append(self._paging(shape, order, False, index))
                    found += [self._paging(shape, None, True, index)] if order is None else []
        yield from {str(each.clause): each for each in found}.values()

    def _inserting(self) -> Statement[Any]:
        if self.unique is None:
            return Statement(sa.insert(self.table).inline(), tuple, self.table.c.keys())
        # A conflict must not end the transaction, and psycopg reports no row count for ON CONFLICT.
        elements = [self.table.c.account_id, self.table.c.mode, self.table.c[self.unique]]
        added = insert_into(self.table).inline().on_conflict_do_nothing(index_elements=elements)
        return Statement(added.returning(self.table.c.id), tuple, self.table.c.keys())

    def _updating(self, columns: Shape) -> Statement[Any]:
        return self._kept(("update", columns), lambda: Statement(self._update_clause(), self._row, columns))

    def _update_clause(self) -> sa.Update:
        version = self.table.c.version
        updated = sa.update(self.table).where(*self._one, version == sa.bindparam("expected_version"))
        return updated.values(version=version + 1)

    def _index(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any], order: Order | None) -> str | None:
        """The column whose index a page is read by; None leaves it to the engine, which then has one that suits."""
        if not filters:
            return None
        ordered = [self.filters[name].column for name in filters if order is None and self.filters[name].is_ordered]
        if len(filters) == len(ordered) == 1:
            return None
        leave_loop(tx)
        if tx.dialect.name != "sqlite":
            return None
        walked = "id" if order is None else order.sort
        return self._few(tx, scope, filters) or next(iter(ordered), walked)

    def _few(self, tx: Transaction, scope: Scope, filters: Mapping[str, Any]) -> str | None:
        """The first column on which the filters leave few rows, where there is one and the engine does not know it."""
        for column in self._columns(tuple(filters)) if tx.dialect.name == "sqlite" else ():
            shape = self._of_column(tuple(filters), column)
            values = {name: filters[name] for name in shape}
            found = self._probing(shape).first(tx, {**_scoped(scope), **values, "limit": routes.FEW})
            if found is not None and found[0] < routes.FEW:
                return column
        return None

    def _columns(self, shape: Shape) -> list[str]:
        """The columns with an index that some filters compare, those that leave the order of the ids first."""
        wanted = sorted((self.filters[name] for name in shape), key=lambda each: not each.is_ordered)
        return list(dict.fromkeys(each.column for each in wanted if each.column is not None))

    def _of_column(self, shape: Shape, column: str) -> Shape:
        return tuple(name for name in shape if self.filters[name].column == column)

    def _paging(self, shape: Shape, order: Order | None, behind: bool, index: str | None = None) -> Statement[R]:
        key = ("page", shape, order, behind, index)
        return self._kept(key, lambda: self._page_statement(shape, order, behind, index))

    def _page_statement(self, shape: Shape, order: Order | None, behind: bool, index: str | None) -> Statement[R]:
        table = self.table
        names = ["id"] if order is None or order.sort == "id" else [order.sort, "id"]
        as_wanted = [None, names[0]]
        if order is None:
            as_wanted += [self.filters[name].column for name in shape if self.filters[name].is_ordered]
        columns = [table.c[name] if index in as_wanted else routes.plain(table.c[name]) for name in names]
        statement = self._matching(sa.select(table), shape, index).limit(sa.bindparam("limit"))
        if order is not None:
            statement = statement.offset(sa.bindparam("offset"))
        elif behind:
            statement = statement.where(columns[0] < sa.bindparam("starting_after"))
        falls = order is None or order.descending
        return Statement(statement.order_by(*(column.desc() if falls else column for column in columns)), self._row)

    def _counting(self, shape: Shape, index: str | None = None) -> Statement[Any]:
        counted = sa.select(sa.func.count()).select_from(self.table)
        return self._kept(("count", shape, index), lambda: Statement(self._matching(counted, shape, index), tuple))

    def _probing(self, shape: Shape) -> Statement[Any]:
        """Counts, up to a limit, what filters leave, hidden rows included."""
        rows = sa.select(sa.literal(1)).select_from(self.table).limit(sa.bindparam("limit"))
        some = rows.where(self._all[0], *(self.filters[name].condition for name in shape)).subquery()
        return self._kept(("probe", shape), lambda: Statement(sa.select(sa.func.count()).select_from(some), tuple))

    def _matching(self, columns: sa.Select[Any], shape: Shape, index: str | None) -> sa.Select[Any]:
        return columns.where(*self._all, *(self.filters[name].going_by(index) for name in shape))

    def _kept(self, key: tuple[Any, ...], make: Callable[[], Statement[Any]]) -> Statement[Any]:
        statement = self._made.get(key)
        if statement is None:
            statement = self._made[key] = make()
        return statement


def _scoped(scope: Scope) -> dict[str, Any]:
    return {"account_id": scope.account_id, "mode": scope.mode}
