"""Statements written in Core and run by the driver."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar, cast

import orjson
from sqlalchemy import JSON, Table, bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.expression import ColumnElement, SelectBase
from sqlalchemy.types import TypeEngine

from storage.database import Transaction

R = TypeVar("R")


class _Plan(NamedTuple):
    sql: str
    constants: dict[str, Any]
    dump: list[tuple[str, Callable[[Any], Any]]]
    load: list[tuple[int, Callable[[Any], Any]]]


class Statement(Generic[R]):
    """A Core statement, compiled once per engine and run with the driver's own `execute`.

    Core's execution costs as much again as SQLite itself on a point read; Core's compiler and its conversion of
    values and columns (JSON) are all that is needed of it here. `columns` names what an INSERT or UPDATE sets from
    values; each is a bind of that name. Driver errors come out as they are: the runners translate them.
    """

    def __init__(
        self, clause: SelectBase | UpdateBase, row: Callable[[Iterable[Any]], R], columns: Sequence[str] | None = None
    ) -> None:
        self.clause = clause
        self.columns = columns
        self._row = row
        self._plans: dict[str, _Plan] = {}

    def all(self, tx: Transaction, values: Mapping[str, Any]) -> list[R]:
        """Run and return every row."""
        plan = self._plans.get(tx.dialect.name) or self._compile(tx.dialect)
        rows = _execute(tx, plan, values).fetchall()
        if plan.load:
            for number, found in enumerate(rows):
                columns = list(found)
                for index, load in plan.load:
                    columns[index] = load(columns[index])
                rows[number] = columns
        return list(map(self._row, rows))

    def first(self, tx: Transaction, values: Mapping[str, Any]) -> R | None:
        """Run and return the first row, if there is one."""
        # Every row is fetched, as a cursor with rows left would keep SQLite's snapshot open.
        rows = self.all(tx, values)
        return rows[0] if rows else None

    def run(self, tx: Transaction, values: Mapping[str, Any]) -> int:
        """Run and return how many rows were changed; for INSERT ... ON CONFLICT use `first` with RETURNING instead."""
        plan = self._plans.get(tx.dialect.name) or self._compile(tx.dialect)
        changed: int = _execute(tx, plan, values).rowcount
        return changed

    def _compile(self, dialect: Dialect) -> _Plan:
        compiled = self.clause.compile(dialect=dialect, column_keys=self.columns)
        binds = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
        columns = [_loading(column.type, dialect) for column in self.clause.exported_columns]
        plan = _Plan(
            sql=compiled.string,
            constants={name: bind.value for name, bind in compiled.binds.items() if not bind.required},
            dump=[(name, dump) for name, dump in binds.items() if dump],
            load=[(index, load) for index, load in enumerate(columns) if load],
        )
        self._plans[dialect.name] = plan
        return plan


# How many rows one statement may add.
SIZES = (64, 8, 1)


class ManyRows:
    """Adds rows to a table, many with one statement; one whose primary key is there already is left out.

    At each step of a statement SQLite's driver gives the interpreter's lock away and waits to get it back. A row of
    its own step would cost a busy process several times what the row itself does.
    """

    def __init__(self, table: Table, fixed: Mapping[str, ColumnElement[Any]] = MappingProxyType({})) -> None:
        self.table = table
        self.fixed = fixed
        self._sql: dict[tuple[str, int], str] = {}

    def run(self, tx: Transaction, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows, which have the values of the columns in the order of the table, as the driver takes them.

        The `fixed` columns are not among them: they have the same value in every row, which the statement says itself.
        They are taken as they are written, so that those of an iterator are never all in memory.
        """
        coming = iter(rows)
        while taken := list(islice(coming, SIZES[0])):
            self._add(tx, taken)

    def _add(self, tx: Transaction, rows: Sequence[Sequence[Any]]) -> None:
        driver: Any = tx.connection.dbapi_connection
        start = 0
        for size in SIZES:
            while len(rows) - start >= size:
                sql = self._sql.get((tx.dialect.name, size)) or self._compile(tx.dialect, size)
                values: list[Any] = []
                for row in rows[start : start + size]:
                    values += row
                driver.execute(sql, values)
                start += size

    def _compile(self, dialect: Dialect, size: int) -> str:
        # By position, as names would need a dictionary for each row.
        positional: Dialect = cast(Any, type(dialect))(paramstyle="qmark" if dialect.name == "sqlite" else "format")
        names = [column.name for column in self.table.columns if column.name not in self.fixed]
        values: list[dict[str, Any]] = [
            {**{name: bindparam(f"{name}_{row}") for name in names}, **self.fixed} for row in range(size)
        ]
        adding = insert(self.table).inline().values(values).on_conflict_do_nothing()
        sql = self._sql[dialect.name, size] = str(adding.compile(dialect=positional))
        return sql


def _loading(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What turns the driver's value of a column into ours, if anything does."""
    load = kind.dialect_impl(dialect).result_processor(dialect, None)
    # Core's own function for JSON passes two more before it comes to the parser.
    return _load_json if load is not None and isinstance(kind, JSON) else load


def _load_json(value: str | None) -> Any:
    return None if value is None else orjson.loads(value)


def _execute(tx: Transaction, plan: _Plan, values: Mapping[str, Any]) -> Any:
    if plan.constants or plan.dump:
        values = {**plan.constants, **values}
        for name, dump in plan.dump:
            values[name] = dump(values[name])
    driver: Any = tx.connection.dbapi_connection
    return driver.execute(plan.sql, values)
