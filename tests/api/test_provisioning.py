"""Provisioning: a new resource becomes active in steps, once, whatever happens meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api import recorded, stepping
from tests.api.stepping import STEP
from tests.gateway import processes
from tests.serving import Tenant

STEPS = ["validate_configuration", "create_record", "allocate_capacity", "configure_processor", "activate"]


@pytest.mark.parametrize("contract", ["v1", "v2"])
def test_the_steps_come_one_by_one_and_end_active(contract: str, customer: Tenant) -> None:  # B067 B069 B070
    clock = customer.server.clock
    with clock.stopped(), customer.client(f"/{contract}") as client, customer.client("/v2") as v2:
        made = client.create()
        resource = f"/resources/{made['id']}"
        first = stepping.shown(v2, resource)
        completion = first["created"] + 3 * STEP
        assert first["provisioning"] == {
            "status": "in_progress",
            "estimated_completion": completion,
            "steps_completed": 2,
            "steps_total": 5,
        }
        job = stepping.job_of(client, made)
        assert (job["type"], job["status"]) == ("provision", "running")
        tasks = stepping.listed(client, f"/jobs/{job['id']}/tasks")[::-1]
        assert [task["name"] for task in tasks] == STEPS
        assert [task["status"] for task in tasks] == ["succeeded"] * 2 + ["queued"] * 3
        for done in (3, 4):
            clock.offset += STEP
            found = stepping.after_steps(v2, resource, done)
            assert (found["status"], found["updated"]) == ("pending", first["created"])
            progress = stepping.shown(client, f"/jobs/{job['id']}")["progress"]
            assert (progress["succeeded"], progress["percent"]) == (done, 20 * done)
        clock.offset += STEP
        active = stepping.with_status(v2, resource, "active")
        assert active["provisioning"]["status"] == "completed"
        assert active["updated"] == completion
        ended = stepping.shown(v2, f"/jobs/{job['id']}")
        assert (ended["status"], ended["started"], ended["finished"]) == ("succeeded", first["created"], completion)
    events = recorded.all_of(customer)
    types = ["resource.created", "job.created", "resource.updated", "resource.status_changed", "job.succeeded"]
    assert [event.type for event in events] == types
    assert len({event.request_id for event in events}) == 1
    assert events[3].previous_attributes == {"status": "pending"}


def test_a_status_that_is_set_meanwhile_stays_and_a_deletion_ends_it(customer: Tenant) -> None:
    with customer.client("/v2") as v2:
        paused, deleted = v2.create(), v2.create()
        jobs = [stepping.job_of(v2, each) for each in (paused, deleted)]
        assert v2.patch(f"/resources/{paused['id']}", json={"status": "paused"}).status_code == 200
        assert v2.delete(f"/resources/{deleted['id']}").status_code == 200
        customer.server.clock.offset = 4 * STEP
        stepping.with_status(v2, f"/jobs/{jobs[0]['id']}", "succeeded")
        found = stepping.shown(v2, f"/resources/{paused['id']}")
        assert (found["status"], found["provisioning"]["status"]) == ("paused", "completed")
        ended = stepping.with_status(v2, f"/jobs/{jobs[1]['id']}", "canceled")
        assert ended["progress"] == {"total": 5, "succeeded": 2, "failed": 0, "canceled": 3, "percent": 100}
    changed = [event for event in recorded.events_of(customer) if event.type == "resource.status_changed"]
    assert [event.previous_attributes for event in changed] == [{"status": "pending"}]


def test_the_test_clock_brings_it_on(customer: Tenant) -> None:
    with customer.client("/v2", mode="test") as v2, customer.client("/v2") as live:
        made, other = v2.create(), live.create()
        advanced = v2.post("/test/clock", json={"advance_seconds": 3 * STEP + 1})
        assert advanced.status_code == 200, advanced.text
        active = stepping.with_status(v2, f"/resources/{made['id']}", "active")
        assert active["updated"] >= made["created"] + 3 * STEP
        assert stepping.shown(live, f"/resources/{other['id']}")["provisioning"]["steps_completed"] == 2


def test_a_crash_in_the_middle_changes_nothing(  # B071
    engine: str, tmp_path: Path, fresh_database: Callable[[], str]
) -> None:
    place = ["--data-dir", str(tmp_path / "data")]
    place += [] if engine == "sqlite" else ["--database", fresh_database()]
    with processes.serving(tmp_path, *place, API_PROVISIONING_STEP_SECONDS="0.4") as server, server.client() as v2:
        key = server.key()
        body = {"name": "A resource", "type": "production"}
        made = [v2.post("/resources", json=body).json()["id"] for _ in range(20)]
        processes.eventually(
            lambda: any(v2.get(f"/resources/{each}").json()["provisioning"]["steps_completed"] > 2 for each in made)
        )
        server.stop(signal.SIGKILL)
    again = processes.serving(tmp_path, *place, API_PROVISIONING_STEP_SECONDS="0.4")
    with again as server, server.client(key=key) as v2:
        succeeded = {"status": "succeeded", "limit": "100"}
        processes.eventually(lambda: v2.get("/jobs", params=succeeded).json()["total_count"] == len(made))
        shown = [v2.get(f"/resources/{each}").json() for each in made]
        jobs = v2.get("/jobs", params=succeeded).json()["data"]
        told = {
            name: v2.get("/events", params={"type": name}).json()["total_count"]
            for name in ("job.created", "resource.status_changed", "job.succeeded")
        }
    assert {(each["status"], each["provisioning"]["steps_completed"]) for each in shown} == {("active", 5)}
    assert {job["progress"]["succeeded"] for job in jobs} == {5}
    assert set(told.values()) == {len(made)}
