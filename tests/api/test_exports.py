"""Exports: everything of an account in one file, as the API shows it, and nothing of anybody else."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx2
import orjson
import pytest

from domain import exports, ids
from gateway import administration
from storage.database import Transaction
from storage.logs import INSERT, Row
from tests.serving import Client, Server, Tenant

MANY = 20_000
# Much less than the file has.
MOST_MEMORY = 5_000_000
# These are at work while they are written.
MOVING = ("jobs", "tasks", "events", "logs")


@pytest.fixture(params=["v1", "v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract."""
    with tenant.client(f"/{request.param}") as made:
        yield made


def body_of(answer: httpx2.Response) -> Any:
    """The object in an answer of either contract."""
    assert answer.status_code < 300, answer.text
    body = answer.json()
    return body["data"] if {"status", "data", "meta"} <= body.keys() else body


def export(client: Client, **asked: Any) -> dict[str, Any]:
    """An export that has ended."""
    job = body_of(client.post("/jobs", json={"type": "export", **asked}))
    until = time.monotonic() + 30
    while job["status"] in ("queued", "running"):
        assert time.monotonic() < until
        time.sleep(0.02)
        job = body_of(client.get(f"/jobs/{job['id']}"))
    assert job["status"] == "succeeded", job
    found: dict[str, Any] = job
    return found


def lines(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects in the file of an export."""
    answer = client.get(f"/jobs/{job['id']}/output")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{job["id"]}.ndjson"'
    return [orjson.loads(line) for line in answer.content.splitlines()]


def fill(client: Client) -> list[str]:
    """Make one of everything; the secrets that were shown. The webhook is told nothing: that would change it."""
    project = body_of(client.post("/projects", json={"name": "A project", "slug": "a-project"}))
    client.create(project=project["id"], metadata={"line": "one\ntwo"})
    user = body_of(client.post("/users", json={"email": "somebody@example.com", "role": "member"}))
    webhook = body_of(client.post("/webhooks", json={"url": "https://example.com/hook", "events": ["job.failed"]}))
    key = body_of(client.post("/api-keys", json={"name": "Another", "scopes": ["resources:read"]}))
    return [user["invitation"]["token"], webhook["secret"], key["key"]]


def test_every_kind_is_in_the_file_as_the_api_shows_it(client: Client) -> None:  # A067
    secrets = fill(client)
    job = export(client)
    assert job["input"]["kinds"] == list(exports.KINDS)
    assert job["progress"]["succeeded"] == len(exports.KINDS)
    found = lines(client, job)
    by_kind = {kind: [each for each in found if each["object"] == kind.removesuffix("s")] for kind in exports.KINDS}
    assert sum(map(len, by_kind.values())) == len(found)
    for kind, objects in by_kind.items():
        assert objects, kind
        assert len({each["id"] for each in objects}) == len(objects)
        is_bare = "created" in objects[0]
        for each in objects:
            shown = body_of(client.get(f"/{kind}/{each['id']}"))
            told = each if is_bare else {name: value for name, value in each.items() if name != "object"}
            if kind in MOVING:
                assert told.keys() == shown.keys(), kind
            else:
                assert told == shown
    (resource,) = by_kind["resources"]
    assert resource["metadata"] == {"line": "one\ntwo"}
    text = orjson.dumps(found).decode()
    assert not [secret for secret in secrets if secret in text]
    tasks = body_of(client.get(f"/jobs/{job['id']}/tasks"))
    outputs = {each["name"]: each["output"] for each in (tasks["data"] if isinstance(tasks, dict) else tasks)}
    assert outputs["export_projects"] == {"lines": 1}


def test_one_may_choose_kinds_and_a_time(client: Client, server: Server) -> None:
    fill(client)
    assert {each["object"] for each in lines(client, export(client, kinds=["users", "projects"]))} == {
        "project",
        "user",
    }
    now = server.clock.now()
    past, future = {"lte": now - 1000}, {"gte": now + 1000}
    for created, number in ((past, 0), (future, 0), ({"gte": now - 1000, "lte": now + 1000}, 1)):
        assert len(lines(client, export(client, kinds=["projects"], created=created))) == number
    empty = client.get(f"/jobs/{export(client, kinds=['projects'], created=past)['id']}/output")
    assert (empty.status_code, empty.content) == (200, b"")
    refused: list[dict[str, Any]] = [
        {"kinds": ["api_keys"]},
        {"kinds": []},
        {"created": {"gt": 1}},
        {"items": []},
        {"kinds": ["users"] * 2},
    ]
    for wrong in refused:
        assert client.post("/jobs", json={"type": "export", **wrong}).status_code == 400, wrong


def test_the_version_of_the_request_decides(tenant: Tenant) -> None:
    with tenant.client("/v1") as v1, tenant.client("/v2") as v2:
        fill(v2)
        of_v1, of_v2 = export(v1, kinds=["projects"]), export(v2, kinds=["projects"])
        for client in (v1, v2):
            ((first,), (second,)) = lines(client, of_v1), lines(client, of_v2)
            assert (first["created_at"][-1], second["object"]) == ("Z", "project")
            assert "created" not in first
            assert isinstance(second["created"], int)


def test_the_output_of_others_is_not_there(client: Client, tenant: Tenant, stranger: Tenant) -> None:  # A026 B022
    fill(client)
    job = export(client, kinds=["projects"])
    prefix = str(client.base_url.path).rstrip("/")
    with stranger.client(prefix) as other, tenant.client(prefix, mode="test") as test:
        for each in (other, test):
            assert each.get(f"/jobs/{job['id']}/output").status_code == 404
            assert [shown["id"] for shown in lines(each, export(each, kinds=["projects"]))] == []


def test_a_key_exports_only_what_it_may_read(tenant: Tenant) -> None:
    key = tenant.key("jobs:read", "jobs:write", "projects:read")
    with tenant.client("/v2") as every, tenant.client("/v2", key=key) as limited:
        fill(every)
        wanted: list[dict[str, Any]] = [{}, {"kinds": ["projects", "users"]}]
        answers = [limited.post("/jobs", json={"type": "export", **asked}) for asked in wanted]
        for refused in answers:
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
        assert "users:read" in answers[1].json()["error"]["message"]
        assert len(lines(limited, export(limited, kinds=["projects", "jobs", "tasks"]))) > 1
        users = export(every, kinds=["users"])
        assert limited.get(f"/jobs/{users['id']}/output").status_code == 403


def test_only_a_finished_export_has_an_output(client: Client, server: Server) -> None:
    unfinished = body_of(client.post("/jobs", json={"type": "export"}))
    answer = client.get(f"/jobs/{unfinished['id']}/output")
    if answer.status_code != 200:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) in ((409, "CONFLICT"), (409, "job_not_finished"))
    client.create()
    jobs = client.get("/jobs", params={"type": "provision"}).json()["data"]
    assert client.get(f"/jobs/{jobs[0]['id']}/output").status_code == 404
    done = export(client, kinds=["projects"])
    for days, status in ((exports.KEPT_DAYS - 1, 200), (exports.KEPT_DAYS, 404)):
        server.clock.offset = days * exports.DAY + 60
        assert client.get(f"/jobs/{done['id']}/output").status_code == status


def test_a_stopped_export_has_none(v2: Client, tenant: Tenant) -> None:
    insert_logs(tenant, 3_000)
    until = time.monotonic() + 30
    job = {"status": "succeeded"}
    while job["status"] == "succeeded":
        job = body_of(v2.post("/jobs", json={"type": "export", "kinds": ["logs", "projects"]}))
        v2.post(f"/jobs/{job['id']}/cancel")
        while job["status"] in ("queued", "running"):
            assert time.monotonic() < until
            job = body_of(v2.get(f"/jobs/{job['id']}"))
    assert job["status"] == "canceled"
    assert v2.get(f"/jobs/{job['id']}/output").status_code == 404


def test_what_a_job_did_is_in_its_log(v2: Client) -> None:  # A069
    job = export(v2, kinds=["projects", "users"])
    messages = [each["message"] for each in v2.get(f"/jobs/{job['id']}/logs").json()["data"]]
    assert messages == ["The job succeeded: 2 of 2 tasks are done.", "The job began."]
    shown = v2.get(f"/jobs/{job['id']}", params={"expand[]": "logs"}).json()["logs"]
    assert [each["message"] for each in shown] == messages
    assert {each["job"] for each in shown} == {job["id"]}
    assert v2.get("/jobs/job_01kb2m9p4bf4ks8f0xm0q5e3yt/logs").status_code == 404


def insert_logs(tenant: Tenant, number: int) -> None:
    """Give the tenant so many entries of the log."""
    now = tenant.server.clock.now()
    row = Row(tenant.account_id, "live", "", now, "request", "info", "x" * 200, method="GET", path="/v2/resources")

    def unit(tx: Transaction) -> None:
        INSERT.run(tx, [row._replace(id=ids.in_hex()) for _ in range(number)])

    administration.write(tenant.server.settings, unit)


def test_a_large_file_is_never_in_memory(v2: Client, tenant: Tenant) -> None:
    insert_logs(tenant, MANY)
    job = export(v2, kinds=["logs"])
    size = count = 0
    with httpx2.Client(verify=False, timeout=60) as plain:
        url, headers = f"{v2.base_url}jobs/{job['id']}/output", {"Authorization": v2.headers["Authorization"]}
        tracemalloc.start()
        try:
            with plain.stream("GET", url, headers=headers) as answer:
                for part in answer.iter_raw():
                    size += len(part)
                    count += part.count(b"\n")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert count >= MANY
    assert size > 2 * MOST_MEMORY
    assert peak < MOST_MEMORY
