"""Statements on webhook endpoints. Those that deliver are for all accounts at once."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from storage import members
from storage import scope as scopes
from storage.collection import Collection, Listing
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import accounts, webhook_endpoints


class Row(NamedTuple):
    """A webhook endpoint, its columns in the order of the table; `secret` is sealed."""

    id: str
    account_id: str
    mode: str
    created: int
    updated: int
    version: int
    url: str
    description: str | None
    events: list[str]
    api_version: str
    status: str
    secret: str
    secret_last4: str
    previous_secret: str | None
    previous_secret_expires: int | None
    failing_since: int | None
    disabled_reason: str | None


class Receiver(NamedTuple):
    """What sending to a webhook takes; secrets are sealed, and `failing_since` is by the clock of its mode."""

    id: str
    account_id: str
    mode: str
    url: str
    events: list[str]
    api_version: str
    status: str
    secret: str
    previous_secret: str | None
    previous_secret_expires: int | None
    failing_since: int | None
    test_clock_offset: int

    @property
    def offset(self) -> int:
        """How far the clock of its mode is ahead of the real time, in seconds."""
        return self.test_clock_offset if self.mode == "test" else 0


ROWS = Collection(
    "webhook",
    webhook_endpoints,
    Row._make,
    Listing(
        filters={"status": webhook_endpoints.c.status == sa.bindparam("status")},
        sorts=("created", "updated"),
        counted="status",
    ),
)
_RECEIVERS = sa.select(
    *(webhook_endpoints.c[name] for name in Receiver._fields[:-1]), accounts.c.test_clock_offset
).join_from(webhook_endpoints, accounts, webhook_endpoints.c.account_id == accounts.c.id)
ENABLED = Statement(
    _RECEIVERS.where(
        members.among(webhook_endpoints.c.account_id, "accounts"), webhook_endpoints.c.status == sa.literal("enabled")
    ),
    Receiver._make,
)
RECEIVERS = Statement(_RECEIVERS.where(members.among(webhook_endpoints.c.id, "ids")), Receiver._make)
_ONE = sa.and_(scopes.of(webhook_endpoints), webhook_endpoints.c.id == sa.bindparam("of"))
_IS_FAILING = webhook_endpoints.c.failing_since.is_not(None)
_FAILING_SINCE = ("failing_since",)
FAILS = Statement(sa.update(webhook_endpoints).where(_ONE, ~_IS_FAILING), tuple, _FAILING_SINCE)
SUCCEEDS = Statement(sa.update(webhook_endpoints).where(_ONE, _IS_FAILING), tuple, _FAILING_SINCE)


def enabled_of(tx: Transaction, account_ids: Iterable[str]) -> list[Receiver]:
    """Every webhook of some accounts that events are sent to, in both modes."""
    return ENABLED.all(tx, {"accounts": list(account_ids)})


def receivers(tx: Transaction, ids: Iterable[str]) -> dict[str, Receiver]:
    """Some webhooks by their ids, disabled ones too; those that are gone are left out."""
    return {each.id: each for each in RECEIVERS.all(tx, {"ids": list(ids)})}


def note_failing(tx: Transaction, scope: Scope, webhook_id: str, since: int | None) -> None:
    """Note since when a webhook has been failing, unless it is known already; with None, that it is not any more.

    Its version stays: that counts what its owner changes.
    """
    statement = SUCCEEDS if since is None else FAILS
    statement.run(tx, {"account_id": scope.account_id, "mode": scope.mode, "of": webhook_id, "failing_since": since})
