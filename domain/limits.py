"""The calendar of limits, what an account has used of its month, and the event that tells of a limit."""

from __future__ import annotations

import datetime
from functools import lru_cache
from typing import NamedTuple

from domain import ids
from storage import events, limits, scheduled_runs
from storage.database import Transaction
from storage.limits import Month
from storage.scope import Scope

DAY = 86_400


class Exceeded(NamedTuple):
    """A limit of an account in live mode that a request was refused for; `resets` is when its window ends.

    `limit_type` is what the account's usage calls the limit, `current_value` what was used with the request.
    """

    account_id: str
    limit_type: str
    resets: int
    limit: int
    current_value: int
    now: int
    request_id: str


def month_of(now: int) -> Month:
    """The calendar month in UTC that a time is in."""
    return _month_of_day(now // DAY)


def month_used(tx: Transaction, account_id: str, month: Month) -> int:
    """How many requests of an account are on record for a month."""
    return limits.month_used(tx, account_id, month)


def tell(tx: Transaction, exceeded: Exceeded) -> None:
    """Record an event of this, unless there is one for the account, the limit and the window."""
    name, slot = f"exceeded:{exceeded.account_id}:{exceeded.limit_type}", str(exceeded.resets)
    if not scheduled_runs.claim(tx, name, slot, exceeded.now, exceeded.resets):
        return
    # It counts as done when the window ends, since it is forgotten a while after that.
    scheduled_runs.finish(tx, name, slot, exceeded.resets)
    shown = {
        "id": exceeded.limit_type,
        "object": "limit",
        "limit_type": exceeded.limit_type,
        "limit": exceeded.limit,
        "current_value": exceeded.current_value,
        "resets": exceeded.resets,
    }
    events.insert(
        tx,
        Scope(exceeded.account_id, "live"),
        {
            "id": ids.new("evt"),
            "type": "resource.limit_exceeded",
            "created": exceeded.now,
            "object_id": exceeded.limit_type,
            "object": shown,
            "request_id": exceeded.request_id,
        },
    )


@lru_cache(maxsize=64)
def _month_of_day(day: int) -> Month:
    first = datetime.datetime.fromtimestamp(day * DAY, datetime.UTC).replace(day=1)
    after = (first + datetime.timedelta(days=31)).replace(day=1)
    return Month(int(first.timestamp()), int(after.timestamp()))
