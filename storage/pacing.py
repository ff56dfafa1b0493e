"""The statement by which the executions of a resource keep to its rate limit."""

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import resources

PACE = Statement(
    sa.update(resources).where(scopes.of(resources), resources.c.id == sa.bindparam("paced_id")),
    tuple,
    ("paced_until_us", "queued_until_us"),
)


def store(tx: Transaction, scope: Scope, resource_id: str, paced_until_us: int, queued_until_us: int) -> None:
    """Store how far the limit of a resource, which this transaction has locked, is used up."""
    values = {"account_id": scope.account_id, "mode": scope.mode, "paced_id": resource_id}
    PACE.run(tx, {**values, "paced_until_us": paced_until_us, "queued_until_us": queued_until_us})
