"""The calendar of limits, and what an account has used of its month."""

from __future__ import annotations

import datetime
from functools import lru_cache

from storage import limits
from storage.database import Transaction
from storage.limits import Month

DAY = 86_400


def month_of(now: int) -> Month:
    """The calendar month in UTC that a time is in."""
    return _month_of_day(now // DAY)


def month_used(tx: Transaction, account_id: str, month: Month) -> int:
    """How many requests of an account are on record for a month."""
    return limits.month_used(tx, account_id, month)


@lru_cache(maxsize=64)
def _month_of_day(day: int) -> Month:
    first = datetime.datetime.fromtimestamp(day * DAY, datetime.UTC).replace(day=1)
    after = (first + datetime.timedelta(days=31)).replace(day=1)
    return Month(int(first.timestamp()), int(after.timestamp()))
