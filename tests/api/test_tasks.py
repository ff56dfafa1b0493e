"""Tasks: listed, canceled one by one, and done again after they failed."""

from __future__ import annotations

from typing import Any

from tests.api import recorded, stepping
from tests.api.stepping import STEP
from tests.serving import Client, Tenant


def begun(client: Client, items: int = 2) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """A pending resource, a job on it that waits, and its tasks in order."""
    resource = client.create(configuration={"batch_size": 1})
    body = {"type": "process", "resource": resource["id"], "items": [{"n": n} for n in range(items)]}
    job = client.post("/jobs", json=body).json()
    return resource, job, stepping.listed(client, f"/jobs/{job['id']}/tasks")[::-1]


def test_tasks_are_listed_by_job_and_status(customer: Tenant) -> None:  # A067
    with customer.client("/v2") as v2, customer.client("/v1") as v1:
        _, job, tasks = begun(v2)
        for client in (v1, v2):
            of_job = stepping.listed(client, "/tasks", job=job["id"])
            assert [task["id"] for task in of_job] == [task["id"] for task in tasks[::-1]]
            done = stepping.listed(client, "/tasks", status="succeeded")
            assert [task["name"] for task in done] == ["create_record", "validate_configuration"]
        oldest_first = stepping.listed(v1, "/tasks", sort="created_at", order="asc", job=job["id"])
        assert [task["number"] for task in oldest_first] == [1, 2]


def test_a_task_that_waits_is_canceled_and_done_again(customer: Tenant) -> None:  # A067 A068
    with customer.client("/v2") as v2:
        _, job, (first, second) = begun(v2)
        canceled = v2.post(f"/tasks/{first['id']}/cancel").json()
        assert (canceled["status"], canceled["finished"] is None) == ("canceled", False)
        assert v2.post(f"/tasks/{first['id']}/cancel").json() == canceled
        assert stepping.shown(v2, f"/jobs/{job['id']}")["progress"]["canceled"] == 1
        assert v2.post(f"/tasks/{second['id']}/cancel").json()["status"] == "canceled"
        assert stepping.shown(v2, f"/jobs/{job['id']}")["status"] == "canceled"
        again = v2.post(f"/tasks/{first['id']}/retry").json()
        assert (again["status"], again["attempts"], again["finished"]) == ("queued", 0, None)
        running = stepping.shown(v2, f"/jobs/{job['id']}")
        assert (running["status"], running["finished"], running["progress"]["canceled"]) == ("running", None, 1)
        customer.server.clock.offset = 4 * STEP
        ended = stepping.with_status(v2, f"/jobs/{job['id']}", "succeeded")
        assert ended["progress"] == {"total": 2, "succeeded": 1, "failed": 0, "canceled": 1, "percent": 100}
        assert v2.post(f"/tasks/{first['id']}/retry").json()["status"] == "succeeded"


def test_a_failed_task_is_done_again_and_its_job_goes_on(customer: Tenant) -> None:  # A068
    with customer.client("/v2") as v2:
        resource, job, (first, _) = begun(v2)
        v2.patch(f"/resources/{resource['id']}", json={"status": "paused"})
        customer.server.clock.offset = 4 * STEP
        failed = stepping.with_status(v2, f"/jobs/{job['id']}", "failed")
        assert failed["progress"]["failed"] == 2
        assert failed["error"]["code"] == "resource_not_active"
        task = stepping.shown(v2, f"/tasks/{first['id']}")
        assert (task["status"], task["error"]["code"]) == ("failed", "resource_not_active")
        v2.patch(f"/resources/{resource['id']}", json={"status": "active"})
        for each in stepping.listed(v2, f"/jobs/{job['id']}/tasks"):
            assert v2.post(f"/tasks/{each['id']}/retry").status_code == 200
        ended = stepping.with_status(v2, f"/jobs/{job['id']}", "succeeded")
        assert (ended["error"], ended["progress"]["succeeded"]) == (None, 2)
    told = [event.type for event in recorded.events_of(customer) if event.object_id == job["id"]]
    assert told == ["job.created", "job.failed", "job.succeeded"]


def test_the_steps_of_a_chain_stop_and_go_on_together(customer: Tenant) -> None:
    with customer.client("/v2") as v2:
        made = v2.create()
        job = stepping.job_of(v2, made)
        tasks = stepping.listed(v2, f"/jobs/{job['id']}/tasks")[::-1]
        assert v2.post(f"/tasks/{tasks[3]['id']}/cancel").json()["status"] == "canceled"
        statuses = [task["status"] for task in stepping.listed(v2, f"/jobs/{job['id']}/tasks")[::-1]]
        assert statuses == ["succeeded", "succeeded", "queued", "canceled", "canceled"]
        customer.server.clock.offset = 4 * STEP
        stepping.with_status(v2, f"/jobs/{job['id']}", "canceled")
        assert stepping.shown(v2, f"/resources/{made['id']}")["provisioning"]["steps_completed"] == 3
        v2.post(f"/tasks/{tasks[4]['id']}/retry")
        customer.server.clock.offset = 8 * STEP
        stepping.with_status(v2, f"/jobs/{job['id']}", "succeeded")
        assert stepping.shown(v2, f"/resources/{made['id']}")["status"] == "active"
