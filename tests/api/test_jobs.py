"""Jobs: made, listed, watched and canceled, in both contracts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import recorded, stepping
from tests.serving import Client, Tenant

ITEMS = [{"text": "first"}, {"text": "second"}, {"text": "third"}]


@pytest.fixture(params=["/v1", "/v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Any:
    """A client of either contract."""
    with tenant.client(request.param) as made:
        yield made


def begin(client: Client, **body: Any) -> dict[str, Any]:
    """Begin a job and return it."""
    answer = client.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    made: dict[str, Any] = found.get("data", found)
    assert answer.headers["Location"].endswith(f"/jobs/{made['id']}")
    return made


def waiting(client: Client, batch_size: int = 100, **resource: Any) -> dict[str, Any]:
    """A pending resource, so that jobs on it wait."""
    # Each contract calls the configuration otherwise.
    is_v1 = str(client.base_url).rstrip("/").endswith("v1")
    name = "config" if is_v1 else "configuration"
    return client.create(**{name: {"batch_size": batch_size}}, **resource)


def test_a_job_is_cut_into_tasks_that_are_all_there_at_once(client: Client, tenant: Tenant) -> None:  # A067
    resource = waiting(client, batch_size=1)
    made = begin(client, type="process", resource=resource["id"], items=[{"n": n} for n in range(1000)])
    assert (made["type"], made["status"], made["resource"]) == ("process", "queued", resource["id"])
    assert made["progress"] == {"total": 1000, "succeeded": 0, "failed": 0, "canceled": 0, "percent": 0}
    tasks = client.get(f"/jobs/{made['id']}/tasks").json()
    assert tasks.get("total_count", tasks.get("meta", {}).get("total_items")) == 1000
    assert {task["job"] for task in tasks["data"]} == {made["id"]}
    created = next(event for event in recorded.events_of(tenant) if event.object_id == made["id"])
    assert (created.type, created.request_id) == ("job.created", made["request_id"])


def test_jobs_are_listed_by_what_they_are(client: Client) -> None:  # A067
    project = client.post("/projects", json={"name": "A project", "slug": "a-project"}).json()
    project_id = project.get("data", project)["id"]
    resource, other = waiting(client, project=project_id), waiting(client)
    first = begin(client, type="process", resource=resource["id"], items=ITEMS)
    second = begin(client, type="process", resource=other["id"], items=ITEMS)
    assert first["project"] == project_id
    by = {
        "resource": (resource["id"], {first["id"]}),
        "project": (project_id, {first["id"]}),
        "type": ("process", {first["id"], second["id"]}),
    }
    for name, (value, expected) in by.items():
        found = stepping.listed(client, "/jobs", **{name: value})
        assert {job["id"] for job in found if job["type"] == "process"} == expected, name
    assert stepping.listed(client, "/jobs", status="failed") == []
    assert client.get("/jobs", params={"type": "nothing"}).status_code == 400


def test_a_canceled_job_does_nothing_more(client: Client, tenant: Tenant) -> None:  # A067 A068
    job = begin(client, type="process", resource=waiting(client, batch_size=1)["id"], items=ITEMS)
    answer = client.post(f"/jobs/{job['id']}/cancel")
    canceled = answer.json().get("data", answer.json())
    assert (answer.status_code, canceled["status"]) == (200, "canceled")
    assert canceled["progress"] == {"total": 3, "succeeded": 0, "failed": 0, "canceled": 3, "percent": 100}
    assert {task["status"] for task in stepping.listed(client, f"/jobs/{job['id']}/tasks")} == {"canceled"}
    again = client.post(f"/jobs/{job['id']}/cancel")
    assert again.json().get("data", again.json()) == canceled
    told = [event for event in recorded.events_of(tenant) if event.object_id == job["id"]]
    assert [event.type for event in told] == ["job.created", "job.canceled"]
    assert {event.request_id for event in told} == {job["request_id"]}


def test_what_is_expanded_is_shown_in_full(v2: Client) -> None:
    resource = waiting(v2, batch_size=1)
    job = begin(v2, type="process", resource=resource["id"], items=[{"n": n} for n in range(25)])
    found = stepping.shown(v2, f"/jobs/{job['id']}", params={"expand[]": ["tasks", "resource"]})
    assert [task["number"] for task in found["tasks"]] == [*range(1, 21)]
    assert found["resource"] == stepping.shown(v2, f"/resources/{resource['id']}")
    assert "tasks" not in stepping.shown(v2, f"/jobs/{job['id']}")
    task = stepping.shown(v2, f"/tasks/{found['tasks'][0]['id']}", params={"expand[]": "job"})
    assert task["job"]["progress"] == job["progress"]
    assert v2.delete(f"/resources/{resource['id']}").status_code == 200
    assert stepping.shown(v2, f"/jobs/{job['id']}", params={"expand[]": "resource"})["resource"] is None


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "no items": ({"type": "process", "resource": "res_01kb2m9p4bf4ks8f0xm0q5e3yt"}, "items", "required_field_missing"),
    "no resource": ({"type": "process", "items": ITEMS}, "resource", "required_field_missing"),
    "none to process": ({"type": "process", "items": []}, "items", "too_few"),
    "a field of another type": ({"type": "export", "items": ITEMS}, "items", "unknown_field"),
    "a type that makes itself": ({"type": "provision"}, "type", "unknown_value"),
}


@pytest.mark.parametrize("body", WRONG)
def test_a_body_that_does_not_fit_its_type_is_refused(client: Client, body: str) -> None:
    sent, field, reason = WRONG[body]
    answer = client.post("/jobs", json=sent)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    told = error.get("errors") or [{"field": error["details"]["field"], "reason": error["details"]["reason"]}]
    assert (field, reason) in {(each.get("param", each.get("field")), each["reason"]) for each in told}
    assert stepping.listed(client, "/jobs") == []


def test_jobs_are_changed_and_deleted_by_nobody(client: Client) -> None:
    job = begin(client, type="process", resource=waiting(client)["id"], items=ITEMS)
    for method in ("PUT", "PATCH", "DELETE"):
        answer = client.request(method, f"/jobs/{job['id']}")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
