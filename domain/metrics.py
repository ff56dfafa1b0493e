"""What was measured of a resource's executions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Executions since the resource was created; `success_rate` in per cent."""

    requests: int
    success_rate: float
    errors: int


@dataclass(frozen=True, slots=True)
class LastDay:
    """Executions of the last 24 hours; latencies in milliseconds."""

    requests: int
    success_rate: float
    errors: int
    avg_latency_ms: int
    p95_latency_ms: int
    p99_latency_ms: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """The executions of one resource, in full and in short."""

    lifetime: Lifetime
    last_24h: LastDay
    requests_today: int
    success_rate: float
    avg_latency_ms: int


NO_EXECUTIONS = Metrics(Lifetime(0, 100.0, 0), LastDay(0, 100.0, 0, 0, 0, 0), 0, 100.0, 0)
