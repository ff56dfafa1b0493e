"""Activation: what the steps of a provisioning do to their resource."""

from __future__ import annotations

from dataclasses import replace

from domain import provisioning
from domain.calls import Call
from domain.provisioning import STEPS_TOTAL, Provisioning
from domain.resources import RESOURCES, Resource
from domain.settling import Outcome, Stopped, Succeeded
from domain.work import Job
from storage import resources
from storage.tasks import Row


def step(call: Call, job: Job, task: Row) -> Outcome:
    """Do one step; the last one makes a resource that is still pending active.

    A step on the way is no change of the resource: it is shown, but its version stays and there is no event. With the
    resource gone there is nothing left to do.
    """
    assert job.resource is not None
    if task.number < STEPS_TOTAL:
        if not resources.complete_step(call.tx, call.scope, job.resource, task.number):
            return Stopped()
        # Counted from when this one was due, so that late ones catch up.
        return Succeeded(next_due_ms=(task.due_ms or 0) + provisioning.delay_ms(call))
    row = resources.ROWS.fetch_for_update(call.tx, call.scope, job.resource)
    if row is None:
        return Stopped()
    old = RESOURCES.load(call, row)
    RESOURCES.store(call, old, _activated(old))
    return Succeeded()


def _activated(old: Resource) -> Resource:
    """The resource after its last step; a status that was set meanwhile stays."""
    completed = Provisioning(STEPS_TOTAL, old.provisioning.estimated_completion)
    return replace(old, provisioning=completed, status="active" if old.status == "pending" else old.status)
