"""A server that provisions as its clock says, and what a test sees of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.serving import Client

STEP = 10
# The server looks at its clock twice a second.
PATIENCE = 20


def shown(client: Client, path: str, **options: Any) -> dict[str, Any]:
    """The object at a path of either contract."""
    body = client.get(path, **options).json()
    found: dict[str, Any] = body.get("data", body)
    return found


def listed(client: Client, path: str, **filters: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    found: list[dict[str, Any]] = client.get(path, params=filters).json()["data"]
    return found


def until(client: Client, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The object at a path once something holds of it."""
    ends = time.monotonic() + PATIENCE
    while not holds(found := shown(client, path)):
        assert time.monotonic() < ends, found
        time.sleep(0.02)
    return found


def with_status(client: Client, path: str, status: str) -> dict[str, Any]:
    """The object at a path once it has a status."""
    return until(client, path, lambda found: bool(found["status"] == status))


def after_steps(client: Client, path: str, steps: int) -> dict[str, Any]:
    """The resource at a path of `/v2` once so many steps are completed."""
    return until(client, path, lambda found: bool(found["provisioning"]["steps_completed"] == steps))


def job_of(client: Client, resource: dict[str, Any]) -> dict[str, Any]:
    """The job that provisions a resource."""
    (job,) = listed(client, "/jobs", resource=resource["id"], type="provision")
    return job
