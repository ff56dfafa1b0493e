"""Statements on tasks: the steps and batches of jobs, each type a queue of its own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.queues import Queue
from storage.scope import Scope
from storage.statements import ManyRows, Statement
from storage.tables import JOB_TYPES, tasks


class Row(NamedTuple):
    """A task, its columns in the order of the table."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    job_id: str
    type: str
    number: int
    name: str
    status: str
    attempts: int
    input: Any
    output: Any
    error_code: str | None
    error_message: str | None
    started: int | None
    finished: int | None
    duration_us: int | None
    due_ms: int | None
    token: str | None


ROWS = Collection(
    "task",
    tasks,
    Row._make,
    Listing(
        filters={
            "status": tasks.c.status == sa.bindparam("status"),
            "job_id": tasks.c.job_id == sa.bindparam("job_id"),
        },
        sorts=("created",),
    ),
)
QUEUES = {
    kind: Queue(tasks, Row._make, "account_id", tasks.c.type == sa.literal_column(f"'{kind}'")) for kind in JOB_TYPES
}
INSERT = ManyRows(tasks)
SETTLED = (
    *("status", "attempts", "output", "error_code", "error_message", "started", "finished", "duration_us"),
    *("due_ms", "token", "updated"),
)
_of_job = sa.and_(scopes.of(tasks), tasks.c.job_id == sa.bindparam("job_id"))
SETTLE = Statement(
    sa.update(tasks)
    .where(scopes.of(tasks), tasks.c.id == sa.bindparam("settled_id"))
    .values(version=tasks.c.version + 1),
    tuple,
    SETTLED,
)
FIRST = Statement(
    sa.select(tasks).where(_of_job, tasks.c.number <= sa.bindparam("most")).order_by(tasks.c.number), Row._make
)
RELEASE = Statement(
    sa.update(tasks).where(
        _of_job,
        tasks.c.number == sa.bindparam("wanted"),
        tasks.c.status == "queued",
        tasks.c.due_ms.is_(None),
    ),
    tuple,
    ("due_ms",),
)
# What a worker has locked is being begun: it runs to its end, as all that has begun.
_WAITING = (
    sa.select(tasks.c.id)
    .where(_of_job, tasks.c.status == "queued", tasks.c.number >= sa.bindparam("from_number"))
    .with_for_update(skip_locked=True)
    .cte("some")
)
CANCEL = Statement(
    sa.update(tasks)
    .where(scopes.of(tasks), tasks.c.id.in_(sa.select(_WAITING.c.id)))
    .values(status="canceled", due_ms=None, token=None, version=tasks.c.version + 1)
    .returning(tasks.c.id),
    tuple,
    ("updated", "finished"),
)
ADVANCE = Statement(
    sa.update(tasks)
    .where(scopes.of(tasks), tasks.c.status == "queued", tasks.c.due_ms.is_not(None))
    .values(due_ms=tasks.c.due_ms - sa.bindparam("milliseconds")),
    tuple,
)


def insert(tx: Transaction, rows: Iterable[Row]) -> None:
    """Add tasks, many with one statement."""
    places = Row._fields.index("input"), Row._fields.index("output")
    found = [list(row) for row in rows]
    for values in found:
        for place in places:
            values[place] = _dumped(values[place])
    INSERT.run(tx, found)


class Chain:
    """Adds tasks that are done one after the other: as many of `names` as are `done` have been done already.

    All that does not differ between two chains of the same names stands in the statement, which makes it several times
    as fast as rows of values.
    """

    def __init__(self, kind: str, names: Sequence[str], done: int) -> None:
        self.length = len(names)
        rows = [_link(kind, number, name, done) for number, name in enumerate(names, start=1)]
        self._statement = Statement(sa.insert(tasks).inline().values(rows), tuple)

    def insert(self, tx: Transaction, scope: Scope, job_id: str, times: tuple[int, int], ids: Sequence[str]) -> None:
        """Add the tasks of a job; `times` are now, in seconds, and when the first may begin, in milliseconds."""
        values = dict(zip(map("id_{}".format, range(1, self.length + 1)), ids, strict=True))
        now, due_ms = times
        self._statement.run(tx, {**values, **scope._asdict(), "job_id": job_id, "now": now, "due_ms": due_ms})


def _link(kind: str, number: int, name: str, done: int) -> dict[str, Any]:
    now = sa.bindparam("now", type_=tasks.c.created.type)
    shared = {column: sa.bindparam(column, type_=tasks.c[column].type) for column in ("account_id", "mode", "job_id")}
    constants = {"version": "1", "type": f"'{kind}'", "number": str(number), "name": f"'{name}'"}
    row = {
        **{column: sa.null() for column in Row._fields},
        **shared,
        **{column: sa.literal_column(text) for column, text in constants.items()},
        "id": sa.bindparam(f"id_{number}", type_=tasks.c.id.type),
        "created": now,
        "updated": now,
        "status": sa.literal_column("'succeeded'" if number <= done else "'queued'"),
        "attempts": sa.literal_column("1" if number <= done else "0"),
    }
    if number <= done:
        return {**row, "started": now, "finished": now, "duration_us": sa.literal_column("0")}
    return {**row, "due_ms": sa.bindparam("due_ms", type_=tasks.c.due_ms.type)} if number == done + 1 else row


def settle(tx: Transaction, row: Row, changes: Mapping[str, Any]) -> Row:
    """Store what became of a task that this transaction has locked, and return it."""
    new = row._replace(**changes)
    values = {name: getattr(new, name) for name in SETTLED}
    SETTLE.run(tx, {**values, "account_id": row.account_id, "mode": row.mode, "settled_id": row.id})
    return new._replace(version=row.version + 1)


def first_of(tx: Transaction, scope: Scope, job_id: str, most: int) -> list[Row]:
    """The first tasks of a job, in the order of their numbers."""
    return FIRST.all(tx, {**scope._asdict(), "job_id": job_id, "most": most})


def release(tx: Transaction, scope: Scope, job_id: str, number: int, due_ms: int) -> bool:
    """Let a task that waits for another be run from a time on; False when there is none with this number."""
    return RELEASE.run(tx, {**scope._asdict(), "job_id": job_id, "wanted": number, "due_ms": due_ms}) == 1


def cancel_waiting(tx: Transaction, scope: Scope, job_id: str, now: int, first: int = 1) -> int:
    """Cancel every task of a job, from a number on, that has not begun, and return how many there were."""
    values = {"job_id": job_id, "from_number": first, "updated": now, "finished": now}
    return len(CANCEL.all(tx, {**scope._asdict(), **values}))


def advance(tx: Transaction, scope: Scope, seconds: int) -> int:
    """Have everything that waits become due so much earlier; how many tasks there were."""
    return ADVANCE.run(tx, {**scope._asdict(), "milliseconds": seconds * 1000})


def _dumped(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
