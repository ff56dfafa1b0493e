"""What the plans of `x-plans` allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

HOURLY = "hourly"
MINUTELY = "minutely"


class Plan(NamedTuple):
    """The numbers of a plan; None for the month is no limit."""

    requests_per_hour: int
    requests_per_minute: int
    burst: int
    concurrent_requests: int
    monthly_quota: int | None

    def agreed(self, numbers: Mapping[str, Any] | None) -> Plan:
        """The plan with the numbers that were agreed with one account instead of its own."""
        return self._replace(**numbers) if numbers else self


def read(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Plan]:
    """Read `x-plans`."""
    return {name: Plan(**entry) for name, entry in entries.items()}
