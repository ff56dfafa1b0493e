"""Reading, changing and deleting one resource by the Resource API reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import operations
from tests.serving import Client, Server, ids


def place(resource: dict[str, Any]) -> str:
    return f"/resources/{resource['id']}"


def test_a_resource_with_full_details(reference: Client) -> None:  # B077 B084 B085 B086 B087 B090 B091 B092
    made = reference.create(metadata={"team": "platform"})
    answer = reference.get(place(made))
    shown = answer.json()
    assert answer.status_code == 200
    assert shown == made
    fields = {"id", "object", "created", "updated", "name", "type", "status", "configuration", "metrics", "limits"}
    assert fields <= shown.keys()
    assert shown["configuration"]["rate_limit"] == 1000
    assert shown["metrics"]["lifetime"] == {"requests": 0, "success_rate": 100, "errors": 0}
    day = {"requests", "success_rate", "errors", "avg_latency_ms", "p95_latency_ms", "p99_latency_ms"}
    assert shown["metrics"]["last_24h"].keys() == day
    assert (shown["limits"]["max_batch_size"], shown["limits"]["max_payload_bytes"]) == (1000, 10485760)
    assert shown["updated"] >= shown["created"]


@pytest.mark.parametrize("plan", ["free", "starter", "growth", "scale"])
def test_the_limit_is_that_of_the_plan(server: Server, plan: str) -> None:  # B089
    expected = {"free": 60, "starter": 600, "growth": 3000, "scale": 10000}
    with server.tenant(plan).client("/v2") as client:
        assert client.create()["limits"]["max_requests_per_minute"] == expected[plan]


@pytest.mark.parametrize("unknown", ["res_01kb2m9p4bf4ks8f0xm0q5e3yt", "res_1a2b3c4d5e", "res_", "123", "%20", "%F0"])
def test_what_is_not_there(reference: Client, unknown: str) -> None:  # B078 B079
    for method in ("GET", "PATCH", "DELETE"):
        answer = reference.request(method, f"/resources/{unknown}")
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "resource_not_found")


def test_expanding_one_resource(reference: Client) -> None:  # B080 B081 B082
    created = reference.post("/resources", json={"name": "A resource", "type": "production"})
    made = created.json()
    changed = reference.patch(place(made), json={"name": "Renamed", "status": "active"})
    measured = reference.get(place(made), params={"expand[]": "metrics"})
    plain = measured.json()
    assert {"logs", "related_resources"} & plain.keys() == set()
    shown = reference.get(place(made), params={"expand[]": ["logs", "related_resources"]}).json()
    requests = [(entry["object"], entry["request_id"], entry["method"], entry["status"]) for entry in shown["logs"]]
    assert requests == [
        ("log", measured.headers["X-Request-Id"], "GET", 200),
        ("log", changed.headers["X-Request-Id"], changed.request.method, 200),
        ("log", created.headers["X-Request-Id"], "POST", 201),
    ]
    assert {**shown, "logs": [], "related_resources": []} == {**plain, "logs": [], "related_resources": []}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Renamed"},
        {"configuration": {"timeout_ms": 7500}},
        {"configuration": {"retry_count": 0, "batch_size": 1}},
        {"metadata": {"owner": "me"}},
        {"metadata": {}},
        {"status": "paused"},
        {"name": "Renamed", "configuration": {"timeout_ms": 7500}, "metadata": {"a": "b"}, "status": "active"},
    ],
)
def test_only_what_is_given_changes(  # B093 B095 B096 B099
    reference: Client, server: Server, changes: dict[str, Any]
) -> None:
    settings = {"timeout_ms": 10000, "retry_count": 5, "batch_size": 7}
    made = reference.create(configuration=settings, metadata={"team": "platform", "environment": "prod"})
    server.clock.offset = 100
    answer = reference.patch(place(made), json=changes)
    changed = answer.json()
    assert answer.status_code == 200
    assert changed["updated"] >= made["updated"] + 100
    configuration = {**made["configuration"], **changes.get("configuration", {})}
    assert changed == {**made, **changes, "configuration": configuration, "updated": changed["updated"]}
    assert reference.get(place(made)).json() == changed


def test_changes_add_up(reference: Client) -> None:  # B093 B095
    made = reference.create()
    for setting, value in (("timeout_ms", 7500), ("retry_count", 1), ("batch_size", 9)):
        reference.patch(place(made), json={"configuration": {setting: value}})
    expected = {"timeout_ms": 7500, "retry_count": 1, "batch_size": 9, "rate_limit": 1000}
    assert reference.get(place(made)).json()["configuration"] == expected


@pytest.mark.parametrize("name", ["ab", "x" * 256])
def test_a_new_name_is_checked(reference: Client, name: str) -> None:  # B094
    made = reference.create()
    answer = reference.patch(place(made), json={"name": name})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (400, "name")
    assert error["message"] == "The 'name' parameter must be between 3 and 255 characters."
    assert reference.get(place(made)).json() == made


@pytest.mark.parametrize("status", ["active", "paused", "archived"])
def test_a_status_to_bring_it_into(reference: Client, status: str) -> None:  # B097
    made = reference.create()
    assert reference.patch(place(made), json={"status": status}).json()["status"] == status


@pytest.mark.parametrize("status", ["pending", "deleted", "", None, 1])
def test_another_status_is_refused(reference: Client, status: object) -> None:  # B097
    made = reference.create()
    answer = reference.patch(place(made), json={"status": status})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "status")
    assert reference.get(place(made)).json() == made


def test_a_form_changes_only_what_it_has(reference: Client) -> None:  # B095 B098
    made = reference.create(configuration={"retry_count": 5})
    form = {"name": "Updated Resource Name", "configuration[timeout_ms]": "7500", "status": "paused"}
    changed = reference.patch(place(made), data=form).json()
    assert (changed["name"], changed["status"]) == ("Updated Resource Name", "paused")
    assert changed["configuration"] == {**made["configuration"], "timeout_ms": 7500}


def empty_changes() -> list[dict[str, Any]]:
    """Requests to change nothing, in every way to write one."""
    form = {"Content-Type": operations.FORM}
    return [{}, {"json": {}}, {"json": {"configuration": {}}}, {"content": b"", "headers": form}]


@pytest.mark.parametrize("sent", empty_changes(), ids=str)
def test_no_changes_leave_it_as_it_was(reference: Client, server: Server, sent: dict[str, Any]) -> None:  # B100
    made = reference.create()
    etag = reference.get(place(made)).headers["ETag"]
    server.clock.offset = 100
    answer = reference.patch(place(made), **sent)
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (200, made, etag)
    assert reference.get(place(made)).json() == made


def test_a_deleted_resource_is_gone(reference: Client, server: Server) -> None:  # B103 B104 B105
    made, kept = reference.create(), reference.create()
    before = server.clock.now()
    answer = reference.delete(place(made))
    body = answer.json()
    assert answer.status_code == 200
    assert before <= body.pop("deleted_at") <= server.clock.now()
    assert body == {"id": made["id"], "object": "resource", "deleted": True}
    later = [reference.get(place(made)), reference.patch(place(made), json={"name": "Again"})]
    later.append(reference.delete(place(made)))
    assert [each.status_code for each in later] == [404, 404, 404]
    listed = reference.get("/resources")
    assert (ids(listed), listed.json()["total_count"]) == ([kept["id"]], 1)
    by_status = reference.get("/resources", params={"status": "pending"})
    assert (ids(by_status), by_status.json()["total_count"]) == ([kept["id"]], 1)


def test_archiving_is_the_way_back(reference: Client) -> None:  # B106
    made = reference.create()
    for status, active, archived in (("active", 1, 0), ("archived", 0, 1), ("active", 1, 0)):
        assert reference.patch(place(made), json={"status": status}).json()["status"] == status
        for each, number in (("active", active), ("archived", archived)):
            found = reference.get("/resources", params={"status": each}).json()
            assert (len(found["data"]), found["total_count"]) == (number, number)
    assert reference.get(place(made)).status_code == 200
