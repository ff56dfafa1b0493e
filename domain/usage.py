"""Usage: how many requests an account makes, day by day, and what its plan allows in a month."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.calls import Allowance, Call
from storage import usage
from storage.database import Transaction
from storage.usage import Row

SECONDS_PER_DAY = 86_400
EPOCH = datetime.date(1970, 1, 1)

# Account, mode, day since 1970, operation; all operations together are "".
Key = usage.Key


@dataclass(frozen=True, slots=True)
class Period:
    """A calendar month in UTC, from its first second to the first one behind it."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quota:
    """How much of a month's requests is used; no limit is None."""

    used: int
    limit: int | None

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the plan allows, and how much of it is used; no limit is None."""

    requests_per_month: Quota
    requests_per_hour: int | None = None
    requests_per_minute: int | None = None
    burst: int | None = None
    concurrent_requests: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The requests of one day, which is written as in 2024-01-15."""

    date: str
    requests: int


@dataclass(frozen=True, slots=True)
class DeprecatedCalls:
    """The requests of a month to one deprecated operation, the last of them, and the day on which it ends."""

    operation: str
    requests: int
    last_called: int
    sunset: str | None


@dataclass(frozen=True, slots=True)
class Usage:
    """The current month of an account in one mode."""

    plan: str
    period: Period
    requests: int
    limits: Limits
    days: Sequence[Day]
    deprecated_calls: Sequence[DeprecatedCalls]


def fetch(call: Call) -> Usage:
    """The requests of the current month, until today."""
    today = EPOCH + datetime.timedelta(call.now // SECONDS_PER_DAY)
    first = _number(today.replace(day=1))
    end = _number((today.replace(day=1) + datetime.timedelta(31)).replace(day=1))
    rows = usage.of_days(call.tx, call.scope, first, end)
    by_day = {row.day: row.requests for row in rows if not row.operation}
    total = sum(by_day.values())
    # No limit holds in test mode, and its requests use up nothing.
    limits = Limits(Quota(0, None))
    if call.scope.mode == "live":
        limits = _limits(call.allowance, total)
    return Usage(
        plan=call.allowance.plan,
        period=Period(first * SECONDS_PER_DAY, end * SECONDS_PER_DAY),
        requests=total,
        limits=limits,
        days=[Day(_date(day), by_day.get(day, 0)) for day in range(first, _number(today) + 1)],
        deprecated_calls=_deprecated([row for row in rows if row.operation], call.sunsets or {}),
    )


def _limits(allowance: Allowance, used: int) -> Limits:
    return Limits(
        Quota(used, allowance.monthly_quota),
        allowance.requests_per_hour,
        allowance.max_requests_per_minute,
        allowance.burst,
        allowance.concurrent_requests,
    )


def add(tx: Transaction, counted: Mapping[Key, tuple[int, int]]) -> None:
    """Add requests, and the time of the last one."""
    usage.add(tx, counted)


def _deprecated(rows: Sequence[Row], sunsets: Mapping[str, str]) -> list[DeprecatedCalls]:
    operations = sorted({row.operation for row in rows})
    return [
        DeprecatedCalls(
            operation,
            sum(row.requests for row in rows if row.operation == operation),
            max(row.last for row in rows if row.operation == operation),
            sunsets.get(operation),
        )
        for operation in operations
    ]


def _number(day: datetime.date) -> int:
    return (day - EPOCH).days


def _date(number: int) -> str:
    return (EPOCH + datetime.timedelta(number)).isoformat()
