"""Jobs as customers see them: made by type, shown with their progress, canceled. Read `PLANS` first."""

from __future__ import annotations

from collections.abc import Callable

from domain import exports, processing, work
from domain.calls import Call
from domain.work import Job, JobCreate, NewJob, Plan

# What a job of each type comes to; each refuses what it cannot do. Those of `provision` are made with their resource.
PLANS: dict[str, Callable[[Call, JobCreate], Plan]] = {"process": processing.plan, "export": exports.plan}


def create(call: Call, body: JobCreate) -> Job:
    """Begin a job of a type that customers can ask for."""
    plan = PLANS[body["type"]](call, body)
    wanted = NewJob(body["type"], call.real_now * 1000, plan.resource_id, plan.project_id, plan.input)
    return work.begin(call, wanted, plan.tasks)
