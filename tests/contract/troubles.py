"""What may go wrong on the server's side: faults, locks and slowness, and a look at what the database holds after."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import sqlalchemy

from domain.calls import Call
from gateway import administration
from gateway.settings import Settings
from storage import database, sqlite
from tests.contract.handlers_failing.resources import TROUBLES
from tests.serving import Tenant

SECRET = "a detail of the inside"
# The deadline of the server that `hasty` gives, in seconds.
DEADLINE = 0.1

Trouble = Callable[[Call, Any], None]


def fail(_call: Call, _result: Any) -> None:
    """A fault in the code."""
    raise RuntimeError(SECRET)


def answer_wrongly(_call: Call, result: Any) -> None:
    """A result that the document does not describe."""
    result.status = SECRET


def be_busy(_call: Call, _result: Any) -> None:
    """A database that cannot serve."""
    raise database.Unavailable(SECRET, retry_after=7)


def outlast(call: Call, _result: Any) -> None:
    """More work than the deadline allows."""
    database.leave_loop(call.tx)
    time.sleep(DEADLINE * 1.2)


@contextlib.contextmanager
def met_by(tenant: Tenant, trouble: Trouble) -> Iterator[None]:
    """The trouble befalls every operation of the tenant meanwhile."""
    TROUBLES[tenant.account_id] = trouble
    try:
        yield
    finally:
        del TROUBLES[tenant.account_id]


@contextlib.contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another writer holds the database meanwhile; reading goes on."""
    if settings.is_embedded:
        holder = sqlite.DRIVER.connect(settings.database.removeprefix("sqlite:///"), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.close()
        return
    with psycopg.connect(settings.database) as connection:
        connection.execute("LOCK TABLE resources IN SHARE MODE")
        yield
        connection.rollback()


def contents(settings: Settings) -> Mapping[str, list[Any]]:
    """Every row of every table."""

    def read(tx: database.Transaction) -> dict[str, list[Any]]:
        names = sqlalchemy.inspect(tx).get_table_names()
        return {name: sorted(map(repr, tx.exec_driver_sql(f"SELECT * FROM {name}").all())) for name in names}

    return administration.write(settings, read)
