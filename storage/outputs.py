"""Statements on the outputs of jobs: files in parts, added one after the other."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import job_outputs


class Row(NamedTuple):
    """A part of an output, its columns in the order of the table."""

    account_id: str
    mode: str
    job_id: str
    number: int
    created: int
    task_number: int
    lines: int
    position: str
    content: bytes


class Place(NamedTuple):
    """How far an output is: the number of its last part, the task that it belongs to, and where that stopped."""

    number: int
    task_number: int
    position: str


_OF_JOB = sa.and_(scopes.of(job_outputs), job_outputs.c.job_id == sa.bindparam("job_id"))
INSERT = Statement(sa.insert(job_outputs).inline(), Row._make, Row._fields)
_PLACE = (job_outputs.c.number, job_outputs.c.task_number, job_outputs.c.position)
LAST = Statement(sa.select(*_PLACE).where(_OF_JOB).order_by(job_outputs.c.number.desc()).limit(1), Place._make)
COUNT = Statement(sa.select(sa.func.count()).select_from(job_outputs).where(_OF_JOB), tuple)
LINES = Statement(
    sa.select(sa.func.sum(job_outputs.c.lines)).where(
        _OF_JOB, job_outputs.c.task_number == sa.bindparam("task_number")
    ),
    tuple,
)
CONTENT = Statement(
    sa.select(job_outputs.c.content).where(_OF_JOB, job_outputs.c.number == sa.bindparam("number")), tuple
)
_KEY = (job_outputs.c.account_id, job_outputs.c.mode, job_outputs.c.job_id, job_outputs.c.number)
_OLD = sa.select(*_KEY).where(job_outputs.c.created < sa.bindparam("before")).limit(sa.bindparam("limit"))
DELETE_OLD = Statement(sa.delete(job_outputs).where(sa.tuple_(*_KEY).in_(_OLD)), tuple)
DELETE_BEFORE = Statement(
    sa.delete(job_outputs).where(scopes.of(job_outputs), sa.tuple_(*_KEY).in_(_OLD.where(scopes.of(job_outputs)))),
    tuple,
)


def insert(tx: Transaction, row: Row) -> None:
    """Add a part."""
    INSERT.run(tx, row._asdict())


def last(tx: Transaction, scope: Scope, job_id: str) -> Place | None:
    """How far the output of a job is."""
    return LAST.first(tx, {**scope._asdict(), "job_id": job_id})


def count(tx: Transaction, scope: Scope, job_id: str) -> int:
    """How many parts the output of a job has, numbered from 1."""
    return _number(COUNT.first(tx, {**scope._asdict(), "job_id": job_id}))


def lines(tx: Transaction, scope: Scope, job_id: str, task_number: int) -> int:
    """How many lines a task has written."""
    return _number(LINES.first(tx, {**scope._asdict(), "job_id": job_id, "task_number": task_number}))


def content(tx: Transaction, scope: Scope, job_id: str, number: int) -> bytes | None:
    """A part; None when it is gone."""
    found = CONTENT.first(tx, {**scope._asdict(), "job_id": job_id, "number": number})
    return None if found is None else bytes(found[0])


def delete_old(tx: Transaction, before: int, limit: int) -> int:
    """Remove up to `limit` parts that were written before a time, of all accounts."""
    return DELETE_OLD.run(tx, {"before": before, "limit": limit})


def delete_before(tx: Transaction, scope: Scope, before: int, limit: int) -> int:
    """Remove up to `limit` parts of an account and mode that were written before a time."""
    return DELETE_BEFORE.run(tx, {**scope._asdict(), "before": before, "limit": limit})


def _number(found: tuple[Any, ...] | None) -> int:
    return int(found[0] or 0) if found else 0
