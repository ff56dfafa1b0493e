"""Conditions on one of many values, which are all one bind: so the statement is the same however many there are."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class Strings(TypeDecorator[list[str]]):
    """A list of strings as the driver takes it: an array for PostgreSQL, JSON for SQLite."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(sa.Text()) if dialect.name == "postgresql" else sa.Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return list(value) if dialect.name == "postgresql" else json.dumps(list(value))


class Each(FunctionElement[str]):
    """The rows of a list."""

    name = "each"
    inherit_cache = True


@compiles(Each)
def _write_json_each(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(Each, "postgresql")
def _write_unnest(element: Each, compiler: SQLCompiler, **options: Any) -> str:
    return f"unnest({compiler.process(element.clauses, **options)})"


def among(column: sa.Column[Any], name: str) -> sa.ColumnElement[bool]:
    """The condition that a column has one of the strings that are bound to a name."""
    # PostgreSQL calls the one column of a function's rows as it calls these.
    each = Each(sa.bindparam(name, type_=Strings())).table_valued("value", name="value")
    return column.in_(sa.select(each.c.value))
