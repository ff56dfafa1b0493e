"""Batches: what several operations came to, in one answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one operation answered; `body` is JSON that is written already, or None."""

    status: int
    body: Any
    request_id: str
    headers: Mapping[str, str]


class Outcomes(NamedTuple):
    """What the operations of a batch answered, in their order, and the milliseconds that they took together."""

    results: Sequence[Outcome]
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How many operations there were, and how they ended."""

    total: int
    successful: int
    failed: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The answer to a batch."""

    results: Sequence[Outcome]
    summary: Summary


NOTHING = Outcomes((), 0)


def sum_up(outcomes: Outcomes) -> BatchResult:
    """The outcomes with their counts; an operation failed if its status is an error."""
    total = len(outcomes.results)
    failed = sum(outcome.status >= 400 for outcome in outcomes.results)
    return BatchResult(outcomes.results, Summary(total, total - failed, failed, outcomes.duration_ms))
