"""Provisioning: the steps that make a new resource usable."""

from __future__ import annotations

from dataclasses import dataclass

STEPS_TOTAL = 5
# Creation itself is the first two steps: the configuration was checked, and the record made.
STEPS_AT_CREATION = 2
EXPECTED_SECONDS = 30
ATTRIBUTES = ("status", "estimated_completion", "steps_completed", "steps_total")


@dataclass(slots=True)
class Provisioning:
    """How far the steps that make a resource usable are."""

    steps_completed: int
    estimated_completion: int

    @property
    def steps_total(self) -> int:
        return STEPS_TOTAL

    @property
    def status(self) -> str:
        return "completed" if self.steps_completed >= STEPS_TOTAL else "in_progress"


def begun(now: int) -> Provisioning:
    """The provisioning of a resource that is created now."""
    return Provisioning(STEPS_AT_CREATION, now + EXPECTED_SECONDS)
