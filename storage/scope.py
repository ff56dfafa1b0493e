"""Whose rows a statement may touch: those of one account in one mode."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, and_, bindparam


class Scope(NamedTuple):
    """The account and the mode ('live' or 'test') that a call acts for."""

    account_id: str
    mode: str


def of(table: Table) -> ColumnElement[bool]:
    """The condition that every statement on a customer's table starts from; binds `account_id` and `mode`."""
    return and_(table.c.account_id == bindparam("account_id"), table.c.mode == bindparam("mode"))
