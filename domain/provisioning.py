"""Provisioning: the steps that make a new resource usable, a job of five tasks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from domain import work
from domain.calls import Call
from domain.kinds import Kind
from domain.work import NewJob
from storage.tasks import Chain

# Creation itself is the first two steps: the configuration was checked, and the record made.
STEPS_AT_CREATION = 2
STEPS = ("validate_configuration", "create_record", "allocate_capacity", "configure_processor", "activate")
STEPS_TOTAL = len(STEPS)
CHAIN = Chain("provision", STEPS, STEPS_AT_CREATION)
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


def begun(call: Call) -> Provisioning:
    """The provisioning of a resource that is created now."""
    left = (STEPS_TOTAL - STEPS_AT_CREATION) * call.means.step_seconds
    return Provisioning(STEPS_AT_CREATION, call.now + math.ceil(left))


def begin(call: Call, resources: Kind[Any, Any], resource: Any) -> None:
    """Add a new resource, and the job that does the other steps of it, one after each delay."""
    due_ms = call.real_now * 1000 + delay_ms(call)
    wanted = NewJob("provision", due_ms, resource.id, resource.project)
    work.begin_chain(call, wanted, CHAIN, STEPS_AT_CREATION, (resources, resource))


def delay_ms(call: Call) -> int:
    """How long a step takes, in milliseconds."""
    return round(call.means.step_seconds * 1000)
