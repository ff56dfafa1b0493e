"""Statements of the daily deletion of test data. What it leaves alone is not named here."""

from collections import Counter
from typing import Any

import sqlalchemy as sa

from storage import deliveries, metrics, outputs
from storage import jobs as job_rows
from storage import projects as project_rows
from storage import resources as resource_rows
from storage import scope as scopes
from storage import tasks as task_rows
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import events, idempotency_keys, jobs, logs, projects, resources, tasks


def _old(column: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Some rows that were there before a time, by the column that tells them apart within the scope, locked."""
    return (
        sa.select(column)
        .where(scopes.of(column.table), column.table.c.created < sa.bindparam("before"), *conditions)
        .limit(sa.bindparam("limit"))
        .with_for_update()
    )


def _deleting(column: sa.Column[Any]) -> sa.Delete:
    return sa.delete(column.table).where(scopes.of(column.table), column.in_(_old(column)))


DELETE_TASKS = Statement(_deleting(tasks.c.id), tuple)
# After their tasks, so that none of these is left without its job.
_IS_DONE = ~sa.exists(sa.select(tasks.c.id).where(scopes.of(tasks), tasks.c.job_id == jobs.c.id))
DELETE_JOBS = Statement(
    sa.delete(jobs).where(scopes.of(jobs), jobs.c.id.in_(_old(jobs.c.id, _IS_DONE))).returning(jobs.c.status), tuple
)
_SHOWN = (resources.c.id, resources.c.status, resources.c.executions)
DELETE_RESOURCES = Statement(_deleting(resources.c.id).returning(*_SHOWN), tuple)
_IS_UNUSED = ~sa.exists(sa.select(resources.c.id).where(scopes.of(resources), resources.c.project_id == projects.c.id))
OLD_PROJECTS = Statement(_old(projects.c.id, _IS_UNUSED), tuple)
DELETE_PROJECT = Statement(
    sa.delete(projects).where(scopes.of(projects), projects.c.id == sa.bindparam("id"), _IS_UNUSED), tuple
)
# With the scope a second time SQLite would walk through all events of the account instead of these.
DELETE_EVENTS = Statement(sa.delete(events).where(events.c.sequence.in_(_old(events.c.sequence))), tuple)
DELETE_LOGS = Statement(_deleting(logs.c.id), tuple)
DELETE_KEYS = Statement(_deleting(idempotency_keys.c.key), tuple)


def delete_created_before(tx: Transaction, scope: Scope, before: int, limit: int) -> int:
    """Delete up to `limit` rows that were created before a time, with their totals, and say how many.

    A project that a newer resource belongs to stays.
    """
    values = {"account_id": scope.account_id, "mode": scope.mode, "before": before}
    parts = DELETE_TASKS.run(tx, {**values, "limit": limit})
    deleted = parts
    ended = Counter(str(status) for (status,) in DELETE_JOBS.all(tx, {**values, "limit": max(0, limit - deleted)}))
    deleted += ended.total()
    gone = _delete_resources(tx, scope, before, max(0, limit - deleted))
    deleted += gone.total()
    unused = _delete_projects(tx, scope, before, max(0, limit - deleted))
    deleted += unused
    for statement in (DELETE_EVENTS, DELETE_LOGS, DELETE_KEYS):
        deleted += statement.run(tx, {**values, "limit": max(0, limit - deleted)})
    for delete_before in (deliveries.delete_before, outputs.delete_before):
        deleted += delete_before(tx, scope, before, max(0, limit - deleted))
    for rows, totals in (
        (resource_rows.ROWS, gone),
        (project_rows.ROWS, {"": unused}),
        (job_rows.ROWS, ended),
        (task_rows.ROWS, {"": parts}),
    ):
        rows.tally(tx, scope, {status: -number for status, number in totals.items() if number})
    return deleted


def _delete_resources(tx: Transaction, scope: Scope, before: int, limit: int) -> Counter[str]:
    """Delete old resources with what was measured of them, and say how many there were of each status."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "before": before, "limit": limit}
    gone = DELETE_RESOURCES.all(tx, values)
    for resource_id, _, executions in gone:
        if executions:
            metrics.delete_of(tx, scope, resource_id)
    return Counter(str(status) for _, status, _ in gone)


def _delete_projects(tx: Transaction, scope: Scope, before: int, limit: int) -> int:
    """Delete old projects without resources, one by one.

    Each is locked first: a resource that was given to it meanwhile is seen only by a statement that starts afterwards.
    """
    scoped = {"account_id": scope.account_id, "mode": scope.mode}
    found = OLD_PROJECTS.all(tx, {**scoped, "before": before, "limit": limit})
    return sum(DELETE_PROJECT.run(tx, {**scoped, "id": project_id}) for (project_id,) in found)
