"""By which index SQLite reads a list. It knows nothing of how many rows a condition leaves; PostgreSQL does."""

from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# To sort so many of a million rows takes about as long as to walk along an order until a page of so many has passed.
FEW = 5_000


class Filter(NamedTuple):
    """A condition on a list.

    `column` is what it compares, where that has an index behind account and mode; `is_ordered` says that what it leaves
    is in the order of the ids there.
    """

    condition: sa.ColumnElement[bool]
    column: str | None
    is_ordered: bool

    def going_by(self, column: str | None) -> sa.ColumnElement[bool]:
        """The condition, written so that no other index than the one on `column` is taken for it; None is any."""
        condition = self.condition
        if column in (None, self.column) or not isinstance(condition, sa.BinaryExpression):
            return condition
        written: sa.ColumnElement[bool] = condition.operator(plain(condition.left), condition.right)
        return written


def filter_of(table: sa.Table, condition: sa.ColumnElement[bool]) -> Filter:
    """A condition on lists of a table's rows."""
    column = condition.left if isinstance(condition, sa.BinaryExpression) else None
    whole = [each.columns.keys() for each in table.indexes if each.dialect_options["sqlite"]["where"] is None]
    indexes = [columns[2:] for columns in whole if columns[:2] == ["account_id", "mode"]]
    if not isinstance(column, sa.Column) or column.name not in {columns[0] for columns in indexes if columns}:
        return Filter(condition, None, False)
    is_equality = getattr(condition, "operator", None) is operators.eq
    return Filter(condition, column.name, is_equality and [column.name, "id"] in indexes)


class Rare(FunctionElement[bool]):
    """A condition that leaves few rows, of which SQLite is told: else it would walk along a whole table instead.

    PostgreSQL has counted.
    """

    inherit_cache = True
    type = sa.Boolean()

    def self_group(self, against: Any = None) -> Any:
        """The condition itself; compared with 1, as it would be written for SQLite, it would have no index."""
        return self


@compiles(Rare)
def _write_condition(element: Rare, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Rare, "sqlite")
def _write_rare_condition(element: Rare, compiler: SQLCompiler, **options: Any) -> str:
    return f"unlikely({compiler.process(element.clauses, **options)})"


def plain(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The value of a column; SQLite takes no index for an expression."""
    return sa.UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)
