"""How much an account may ask for, and what a store of limits promises to the rooms above."""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from storage import scope as scopes
from storage.database import Transaction
from storage.scope import Scope
from storage.statements import Statement
from storage.tables import usage

MICROSECONDS = 1_000_000
MINUTE = 60
HOUR = 3600
# A request in the units of a bucket, of which one microsecond drains as many as requests pass in a minute. So every
# number is whole, and a limit is exact at any rate.
REQUEST = MINUTE * MICROSECONDS


class Verdict(IntEnum):
    """What became of a request."""

    ADMITTED = 0
    RATE = 1
    CONCURRENCY = 2
    QUOTA = 3
    # Not decided: the store does not know what the account has used of this month.
    MONTH_UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What an account may do.

    `rate` is in requests per `window`, which has the seconds of an hour or of a minute. An hour is fixed and starts
    on the clock's hour; for a minute the generic cell rate algorithm lets `burst` requests pass at once after idling
    and then `rate` a minute. None for the requests at once or in a month is no limit.
    """

    window: int
    rate: int
    burst: int
    concurrent: int | None
    quota: int | None


class Month(NamedTuple):
    """A calendar month in UTC: when it starts and when the next one does, in unix seconds."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Whose requests are held against which ceilings, in which month."""

    account_id: str
    ceilings: Ceilings
    month: Month


@dataclass(slots=True)
class Decision:
    """What was decided, and what of each ceiling is used now, with this request if it was admitted.

    `used` counts the fixed window. `backlog` is what of the burst is used, in parts of a REQUEST. `wait` is how many
    microseconds it takes until what refused would admit.
    """

    verdict: Verdict
    used: int
    backlog: int
    active: int
    month_used: int
    wait: int


class Limiter(Protocol):
    """Keeps what each account has used. Every time is the caller's, and one decision holds all ceilings at once.

    `at` is in unix microseconds and `cost` in requests. `slot` names a request among those of the account that are
    under way; "" takes no slot, as where no ceiling counts them.
    """

    def admit(
        self, entitlement: Entitlement, at: int, slot: str, cost: int, month_used: int | None
    ) -> Decision | Awaitable[Decision]:
        """Let a request in and count it, or refuse it and count nothing. Raises Unavailable where nobody knows.

        `month_used` is what the account had used of the month, for a store that does not know.
        """

    def leave(self, entitlement: Entitlement, at: int, slot: str, refund: int) -> None:
        """End an admitted request: its slot is free again, and `refund` requests were not used after all."""

    async def ping(self) -> None:
        """Raise Unavailable when the store does not answer."""

    async def close(self) -> None:
        """Finish what is under way."""


MONTH_USED = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(usage.c.requests), 0)).where(
        scopes.of(usage),
        usage.c.operation == "",
        usage.c.day >= sa.bindparam("first"),
        usage.c.day < sa.bindparam("end"),
    ),
    tuple,
)


def month_used(tx: Transaction, account_id: str, month: Month) -> int:
    """How many requests of an account are on record for a month, in live mode."""
    days = {"first": month.start // 86_400, "end": month.end // 86_400}
    found = MONTH_USED.first(tx, {**Scope(account_id, "live")._asdict(), **days})
    return int(found[0]) if found else 0
