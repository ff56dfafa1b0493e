"""What jobs write into the log: in one order with requests, listed for a job and a resource, shown within it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from domain import ids as new_ids
from domain import logs
from domain.calls import Call, Means
from gateway import administration
from storage.scope import Scope
from tests.api.seeding import ALLOWANCE, SEAL
from tests.serving import Client, Server, Tenant, ids

UNKNOWN = "res_01kb2m9p4bf4ks8f0xm0q5e3yt"


@pytest.fixture(params=["v1", "v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract."""
    with tenant.client(f"/{request.param}") as made:
        yield made


def write(tenant: Tenant, message: str, *, job: str, resource: str | None = None, level: str = "info") -> None:
    """What a job of the tenant notes."""

    def unit(tx: Any) -> None:
        call = Call(tx, Scope(tenant.account_id, "live"), tenant.server.clock.now(), "", ALLOWANCE, Means(SEAL))
        logs.write(call, level, message, job=job, resource=resource)

    administration.write(tenant.server.settings, unit)


def messages(answer: Any) -> list[str]:
    return [each["message"] for each in answer.json()["data"]]


def test_jobs_and_requests_are_in_one_order(client: Client, tenant: Tenant) -> None:  # A069
    job, resource = new_ids.new("job"), client.create()
    read = client.get(f"/resources/{resource['id']}").headers["X-Request-Id"]
    write(tenant, "Batch 1 begins.", job=job, resource=resource["id"])
    missing = client.get(f"/resources/{UNKNOWN}").headers["X-Request-Id"]
    write(tenant, "Batch 1 failed.", job=job, level="error")

    found = client.get("/logs").json()["data"]
    written = [each for each in found if each["job"] == job]
    assert [each["id"] for each in found[:4]] == [written[0]["id"], missing, written[1]["id"], read]
    assert [each["id"][:4] for each in written] == ["log_", "log_"]
    assert [(each["type"], each["level"], each["resource"]) for each in written] == [
        ("job", "error", None),
        ("job", "info", resource["id"]),
    ]
    assert {each[name] for each in written for name in ("request_id", "method", "status", "key")} == {None}
    one = client.get(f"/logs/{written[1]['id']}").json()
    assert one.get("data", one) == written[1]
    # The same time under the other prefix is no entry.
    assert client.get(f"/logs/{written[1]['id'].replace('log_', 'req_')}").status_code == 404
    assert client.get(f"/logs/{read.replace('req_', 'log_')}").status_code == 404

    def listed(**params: Any) -> list[str]:
        return messages(client.get("/logs", params=params))

    assert listed(job=job) == ["Batch 1 failed.", "Batch 1 begins."]
    assert listed(type="job") == ["Batch 1 failed.", "Batch 1 begins."]
    assert listed(job=job, level="error") == ["Batch 1 failed."]
    assert listed(type="job", resource=resource["id"]) == ["Batch 1 begins."]
    assert listed(job=new_ids.new("job")) == []


def test_a_cursor_stands_on_either_kind(v2: Client, tenant: Tenant) -> None:
    job, made = new_ids.new("job"), []
    for number in range(3):
        made.append(v2.get("/projects").headers["X-Request-Id"])
        write(tenant, f"Step {number}.", job=job)
        made.append(ids(v2.get("/logs", params={"job": job, "limit": 1}))[0])
    wanted = [each for each in ids(v2.get("/logs", params={"limit": 100})) if each in made]
    assert wanted == made[::-1]
    walked: list[str] = []
    while len(walked) < 12 and (
        page := ids(v2.get("/logs", params={"limit": 1, "starting_after": (walked or made[-1:])[-1]}))
    ):
        walked += page
    assert [each for each in walked if each in made] == made[-2::-1]


def test_the_log_of_a_resource(client: Client, tenant: Tenant) -> None:  # A069
    resource, other = client.create(), client.create()
    path = f"/resources/{resource['id']}"
    read = client.get(path).headers["X-Request-Id"]
    client.get(f"/resources/{other['id']}")
    write(tenant, "Provisioned.", job=new_ids.new("job"), resource=resource["id"])
    write(tenant, "Provisioned.", job=new_ids.new("job"), resource=other["id"])
    first = client.get(f"{path}/logs")
    assert messages(first)[0] == "Provisioned."
    assert ids(first)[1:-1] == [read]
    assert messages(first)[-1].endswith("/resources answered 201")
    second = client.get(f"{path}/logs")
    assert ids(second) == [first.headers["X-Request-Id"], *ids(first)]
    assert messages(client.get(f"{path}/logs", params={"type": "job", "level": "info"})) == ["Provisioned."]
    assert client.get(f"/resources/{UNKNOWN}/logs").status_code == 404


def test_a_resource_shows_its_last_entries(v2: Client, tenant: Tenant) -> None:  # B081
    resource, quiet = v2.create(), v2.create()
    path, job = f"/resources/{resource['id']}", new_ids.new("job")
    for number in range(25):
        write(tenant, f"Step {number}.", job=job, resource=resource["id"])
    read = v2.get(path).headers["X-Request-Id"]
    shown = v2.get(path, params={"expand[]": "logs"}).json()["logs"]
    assert shown[0]["id"] == read
    assert [each["message"] for each in shown[1:]] == [f"Step {number}." for number in range(24, 5, -1)]
    assert shown[:2] == v2.get(f"{path}/logs", params={"limit": 3}).json()["data"][1:]
    listed = {each["id"]: each for each in v2.get("/resources", params={"expand[]": "logs"}).json()["data"]}
    assert len(listed[resource["id"]]["logs"]) == 20
    assert [each["message"] for each in listed[quiet["id"]]["logs"]] == ["POST /v2/resources answered 201"]


def test_another_tenant_sees_none_of_it(client: Client, tenant: Tenant, stranger: Tenant) -> None:
    job, resource = new_ids.new("job"), client.create()
    write(tenant, "Private.", job=job, resource=resource["id"])
    (entry,) = client.get("/logs", params={"job": job}).json()["data"]
    prefix = str(client.base_url.path).rstrip("/")
    with stranger.client(prefix) as other, tenant.client(prefix, mode="test") as test:
        for each in (other, test):
            assert each.get(f"/logs/{entry['id']}").status_code == 404
            assert each.get(f"/resources/{resource['id']}/logs").status_code == 404
            assert messages(each.get("/logs", params={"job": job})) == []


def test_old_entries_of_jobs_go_too(server: Server, tenant: Tenant, v2: Client) -> None:
    job = new_ids.new("job")
    write(tenant, "Long ago.", job=job)
    later = server.clock.now() + 31 * logs.SECONDS_PER_DAY
    removed = administration.write(server.settings, lambda tx: logs.delete_old(tx, later, 100_000))
    assert removed >= 1
    assert messages(v2.get("/logs", params={"job": job})) == []
