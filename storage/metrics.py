"""Statements on metrics: the executions of each resource, hour by hour and since its creation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction, leave_loop
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import metrics_hourly as hours
from storage.tables import resources

# The resources of one statement: as many as a page has, unless it is told otherwise.
TOGETHER = 20


class Row(NamedTuple):
    """The executions of a resource within an hour, its columns in the order of the table."""

    account_id: str
    mode: str
    resource_id: str
    hour: int
    requests: int
    errors: int
    latency_us: int
    buckets: dict[str, int]


class Sums(NamedTuple):
    """The executions of a resource within some hours."""

    resource_id: str
    requests: int
    errors: int
    latency_us: int


_OF_RESOURCE = sa.and_(scopes.of(hours), hours.c.resource_id == sa.bindparam("resource_id"))
_ONE = [scopes.of(hours), hours.c.resource_id == sa.bindparam("resource_id"), hours.c.hour == sa.bindparam("at")]
_MEASURED = ("requests", "errors", "latency_us", "buckets")
_SINCE = [
    scopes.of(hours),
    hours.c.resource_id.in_([sa.bindparam(f"resource_{number}") for number in range(TOGETHER)]),
    hours.c.hour >= sa.bindparam("first"),
]

COUNT = Statement(
    sa.update(resources)
    .where(scopes.of(resources), resources.c.id == sa.bindparam("id"))
    .values(
        executions=resources.c.executions + sa.bindparam("requests"),
        failed_executions=resources.c.failed_executions + sa.bindparam("errors"),
    ),
    tuple,
)
FETCH = Statement(sa.select(hours).where(*_ONE), Row._make)
INSERT = Statement(sa.insert(hours).inline(), tuple, Row._fields)
UPDATE = Statement(sa.update(hours).where(*_ONE), tuple, _MEASURED)
OF_HOURS = Statement(sa.select(hours).where(*_SINCE).order_by(hours.c.resource_id, hours.c.hour), Row._make)
# PostgreSQL adds integers up to a number that its driver reads as a decimal one.
_sums = [sa.cast(sa.func.sum(hours.c[name]), sa.BigInteger) for name in Sums._fields[1:]]
SUMS = Statement(sa.select(hours.c.resource_id, *_sums).where(*_SINCE).group_by(hours.c.resource_id), Sums._make)
DELETE_OF = Statement(sa.delete(hours).where(_OF_RESOURCE), tuple)
_OLD = sa.select(*hours.primary_key.columns).where(hours.c.hour < sa.bindparam("before")).limit(sa.bindparam("limit"))
DELETE_OLD = Statement(sa.delete(hours).where(sa.tuple_(*hours.primary_key.columns).in_(_OLD)), tuple)


def count(tx: Transaction, scope: Scope, resource_id: str, requests: int, errors: int) -> bool:
    """Count executions of a resource and lock it; False when it is gone."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "id": resource_id}
    return COUNT.run(tx, {**values, "requests": requests, "errors": errors}) == 1


def fetch(tx: Transaction, scope: Scope, resource_id: str, hour: int) -> Row | None:
    """What there is of one hour of a resource."""
    return FETCH.first(tx, {**_scoped(scope), "resource_id": resource_id, "at": hour})


def put(tx: Transaction, row: Row, *, is_new: bool) -> None:
    """Store what became of an hour; whoever does has the resource locked by `count`."""
    if is_new:
        INSERT.run(tx, row._asdict())
    else:
        UPDATE.run(tx, {**row._asdict(), "at": row.hour})


def of_hours(tx: Transaction, scope: Scope, resource_ids: Sequence[str], first: int) -> list[Row]:
    """The hours of some resources from the hour `first` on, in order."""
    if len(resource_ids) > 1:
        leave_loop(tx)
    return [row for values in _since(scope, resource_ids, first) for row in OF_HOURS.all(tx, values)]


def sums(tx: Transaction, scope: Scope, resource_ids: Sequence[str], first: int) -> list[Sums]:
    """What the hours of some resources come to, from the hour `first` on; one without any is left out."""
    if len(resource_ids) > TOGETHER:
        leave_loop(tx)
    return [row for values in _since(scope, resource_ids, first) for row in SUMS.all(tx, values)]


def delete_of(tx: Transaction, scope: Scope, resource_id: str) -> int:
    """Delete the hours of a resource that this transaction deletes, and say how many there were."""
    return DELETE_OF.run(tx, {**_scoped(scope), "resource_id": resource_id})


def delete_before(tx: Transaction, hour: int, limit: int) -> int:
    """Delete up to `limit` hours of all resources that came before an hour, and say how many there were."""
    return DELETE_OLD.run(tx, {"before": hour, "limit": limit})


def _scoped(scope: Scope) -> dict[str, Any]:
    return {"account_id": scope.account_id, "mode": scope.mode}


def _since(scope: Scope, resource_ids: Sequence[str], first: int) -> Iterator[Mapping[str, Any]]:
    """The values for the statements on several resources; the last one fills the places that are left."""
    for start in range(0, len(resource_ids), TOGETHER):
        some = resource_ids[start : start + TOGETHER]
        wanted = {f"resource_{number}": some[min(number, len(some) - 1)] for number in range(TOGETHER)}
        yield {**_scoped(scope), **wanted, "first": first}
