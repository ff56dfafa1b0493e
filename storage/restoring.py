"""A database that was restored into another PostgreSQL, whose transactions are numbered anew.

There the events' transaction ids may be greater than those of every transaction to come: they would wait for ever to
be followed, and new events would stand before the cursors. So the order of the events becomes that of their sequence.
"""

import sqlalchemy as sa

from storage.database import Transaction
from storage.tables import event_cursors, events

_COMES_LATER = sa.tuple_(events.c.transaction_id, events.c.sequence) > sa.tuple_(
    event_cursors.c.transaction_id, event_cursors.c.sequence
)
# Nothing that a consumer has not seen may come to stand before its cursor; what it sees twice has the same id.
_FIRST_UNSEEN = sa.select(sa.func.min(events.c.sequence) - 1).where(_COMES_LATER).scalar_subquery()
_LAST = sa.select(sa.func.max(events.c.sequence)).scalar_subquery()

IS_FROM_ELSEWHERE = (
    sa.select(sa.literal(1))
    .where(events.c.transaction_id > sa.literal_column("pg_current_xact_id()::text::bigint"))
    .limit(1)
)
MOVE_CURSORS = sa.update(event_cursors).values(
    transaction_id=0, sequence=sa.func.coalesce(_FIRST_UNSEEN, _LAST, event_cursors.c.sequence)
)
FORGET_TRANSACTIONS = sa.update(events).where(events.c.transaction_id != 0).values(transaction_id=0)


def renumber(tx: Transaction) -> bool:
    """Have the events follow their sequence if they come from another PostgreSQL; whether they did.

    Nobody else may use the database meanwhile.
    """
    if tx.dialect.name == "sqlite" or tx.execute(IS_FROM_ELSEWHERE).first() is None:
        return False
    tx.execute(MOVE_CURSORS)
    tx.execute(FORGET_TRANSACTIONS)
    return True
