"""Statements on the runs of scheduled jobs: one row for each time that a job is to run."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_into

from storage.database import Transaction
from storage.statements import Statement
from storage.tables import scheduled_runs as runs


class Row(NamedTuple):
    """A run, its columns in the order of the table."""

    name: str
    slot: str
    leased_until: int
    finished: int | None


_NEW = insert_into(runs).inline()
CLAIM = Statement(
    _NEW.on_conflict_do_update(
        index_elements=list(runs.primary_key.columns),
        set_={"leased_until": _NEW.excluded.leased_until},
        where=sa.and_(runs.c.finished.is_(None), runs.c.leased_until <= sa.bindparam("now")),
    ).returning(runs.c.name),
    tuple,
    ("name", "slot", "leased_until"),
)
_ONE = sa.and_(runs.c.name == sa.bindparam("job"), runs.c.slot == sa.bindparam("of"))
FETCH = Statement(sa.select(runs).where(_ONE), Row._make)
_HELD = sa.and_(_ONE, runs.c.finished.is_(None), runs.c.leased_until == sa.bindparam("held_until"))
RENEW = Statement(sa.update(runs).where(_HELD), Row._make, ("leased_until",))
FINISH = Statement(sa.update(runs).where(_ONE), Row._make, ("finished",))
DELETE_FINISHED = Statement(
    sa.delete(runs).where(
        sa.tuple_(*runs.primary_key.columns).in_(
            sa.select(*runs.primary_key.columns)
            .where(runs.c.finished <= sa.bindparam("before"))
            .limit(sa.bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    ),
    Row._make,
)


def claim(tx: Transaction, name: str, slot: str, now: int, leased_until: int) -> bool:
    """Take a run that nobody has had yet, or whose holder let the lease run out; False when it is another's or done."""
    values = {"name": name, "slot": slot, "leased_until": leased_until, "now": now}
    return CLAIM.first(tx, values) is not None


def is_finished(tx: Transaction, name: str, slot: str) -> bool:
    """Whether a run is done."""
    row = FETCH.first(tx, {"job": name, "of": slot})
    return row is not None and row.finished is not None


def renew(tx: Transaction, name: str, slot: str, held_until: int, leased_until: int) -> bool:
    """Hold a run for longer, which is locked until the transaction ends; False when another has taken it over."""
    values = {"job": name, "of": slot, "held_until": held_until, "leased_until": leased_until}
    return RENEW.run(tx, values) == 1


def finish(tx: Transaction, name: str, slot: str, now: int) -> None:
    """Mark a run as done."""
    FINISH.run(tx, {"job": name, "of": slot, "finished": now})


def delete_finished(tx: Transaction, before: int, limit: int) -> int:
    """Delete up to `limit` runs that were done by a time, and say how many."""
    return DELETE_FINISHED.run(tx, {"before": before, "limit": limit})
