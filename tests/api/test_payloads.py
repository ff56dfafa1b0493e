"""What events look like: as `webhooks` in openapi.yaml describes each type in each contract."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson
import pytest

from contract import events as described
from contract import payloads
from domain import calls, events, limits, webhooks
from domain.calls import Means
from domain.limits import Exceeded
from gateway import administration, secret_keys
from storage.database import Transaction
from storage.events import Row
from storage.scope import Scope
from tests.api import operations, people
from tests.api.recorded import events_of
from tests.serving import Client, Server, Tenant

VERSIONS = {"2023-09-15": "v1", "2023-11-01": "v1", "2024-01-15": "v2"}
PATIENCE = 20


def rendered(server: Server, row: Row, version: str = "2024-01-15") -> bytes:
    """The body that tells a webhook of an event."""
    compiled = server.app.contract.compiled
    assert compiled is not None
    return compiled.payloads.render(events.load(row, version), version)


def shown(server: Server, row: Row, version: str = "2024-01-15") -> dict[str, Any]:
    """The same as JSON."""
    body: dict[str, Any] = orjson.loads(rendered(server, row, version))
    return body


def provoke(v2: Client) -> list[str]:
    """Do to objects of every kind what is told of it; the secrets that were shown meanwhile."""
    resource = v2.create(metadata={"team": "platform"})
    project = v2.post("/projects", json={"name": "Data", "slug": "data"}).json()
    change = {"status": "active", "configuration": {"timeout_ms": 7500}, "project": project["id"], "metadata": {}}
    v2.patch(f"/resources/{resource['id']}", json={"name": "Renamed", **change})
    change = {"project": None, "configuration": {"retry_count": 1, "batch_size": 7}}
    v2.patch(f"/resources/{resource['id']}", json=change)
    v2.delete(f"/resources/{resource['id']}")
    v2.patch(f"/projects/{project['id']}", json={"name": "Platform", "description": "All", "metadata": {"a": "b"}})
    v2.delete(f"/projects/{project['id']}")
    user = people.invite(v2, role="viewer")
    token = user["invitation"]["token"]
    v2.post("/users/accept_invitation", json={"token": token, "name": "Ada Lovelace"})
    v2.patch(f"/users/{user['id']}", json={"role": "member"})
    v2.delete(f"/users/{user['id']}")
    key = people.new_key(v2, "resources:read")
    v2.patch(f"/api-keys/{key['id']}", json={"name": "Other", "scopes": ["*"], "allowed_networks": ["192.0.2.0/24"]})
    v2.delete(f"/api-keys/{key['id']}")
    defaults = {"events": ["job.*"], "api_version": "2024-01-15"}
    v2.patch("/settings", json={"name": "New", "log_retention_days": 7, "webhook_defaults": defaults})
    return [token, key["key"]]


def run_jobs(v2: Client) -> None:
    """Have a job of every end: one that is done, one whose target is nowhere, and one that waits and is canceled."""
    for ended, target in (("succeeded", None), ("failed", "https://nowhere.invalid/"), ("canceled", None)):
        resource = v2.create(target_url=target, configuration={"retry_count": 0})["id"]
        if ended != "canceled":
            v2.patch(f"/resources/{resource}", json={"status": "active"})
        made = v2.post("/jobs", json={"type": "process", "resource": resource, "items": [{"number": 1}]}).json()["id"]
        if ended == "canceled":
            assert v2.post(f"/jobs/{made}/cancel").status_code == 200
        until = time.monotonic() + PATIENCE
        while (status := v2.get(f"/jobs/{made}").json()["status"]) in ("queued", "running"):
            assert time.monotonic() < until, status
            time.sleep(0.02)
        assert status == ended


def use_webhooks(tenant: Tenant, v2: Client) -> list[str]:
    """Do to a webhook what is told of it, and have the platform disable another; the secrets that were shown."""
    hook = v2.post("/webhooks", json={"url": "https://example.com/hook", "events": ["job.*"]}).json()
    place = f"/webhooks/{hook['id']}"
    assert v2.post(f"{place}/test").status_code == 201
    v2.patch(place, json={"status": "disabled", "events": ["resource.*"]})
    v2.patch(place, json={"description": "Ours", "api_version": "2023-11-01"})
    rotated = v2.post(f"{place}/rotate_secret").json()
    v2.delete(place)
    other = v2.post("/webhooks", json={"url": "https://example.com/hook", "events": ["job.*"]}).json()
    settings = tenant.server.settings

    def unit(tx: Transaction) -> None:
        means = Means(secret_keys.seal(settings))
        call = calls.of_worker(tx, Scope(tenant.account_id, "live"), tenant.server.clock.now(), means)
        webhooks.disable(call, other["id"], "gone")

    administration.write(settings, unit)
    return [hook["secret"], rotated["secret"], other["secret"]]


def exceed(server: Server, reader: Client) -> list[Row]:
    """The events of an account whose quota is used up."""
    tenant = server.tenant(monthly_quota=0)
    with tenant.client("/v2") as client:
        assert [client.get("/resources").status_code for _ in range(3)] == [429] * 3
    # Who reads events has what was recorded before written.
    reader.get("/events")
    return events_of(tenant)


def properties(value: Any, place: str = "") -> Iterator[str]:
    """The name of every property at every level but those that are not described one by one."""
    if isinstance(value, Mapping) and not place.endswith(("metadata/", "input/")):
        for name, inner in value.items():
            yield place + name
            yield from properties(inner, f"{place}{name}/")


def described_properties(schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """The same of a schema."""
    node, _ = operations.document().deref(dict(schema), "#")
    for name, inner in node.get("properties", {}).items():
        yield place + name
        yield from described_properties(inner, f"{place}{name}/")
    for option in node.get("oneOf", ()):
        yield from described_properties(option, place)


def test_every_type_is_as_it_is_described(server: Server, tenant: Tenant, v2: Client) -> None:  # B161-B174
    secrets = [*provoke(v2), *use_webhooks(tenant, v2)]
    run_jobs(v2)
    rows = [*events_of(tenant), *exceed(server, v2)]
    document = operations.document()
    validators, schemas = payloads.validators(document), described.payloads(document)
    seen: dict[str, set[str]] = {pointer: set() for _, pointer in schemas.values()}
    for row in rows:
        for version, contract in VERSIONS.items():
            name = f"{contract}.{row.type}"
            body = shown(server, row, version)
            validators[name].validate(body)
            assert body == shown(server, row._replace(sequence=0), version)
            assert body.get("type", body.get("event")) == row.type
            assert not any(secret in orjson.dumps(body).decode() for secret in secrets), name
            assert set(properties(body)) <= set(described_properties(schemas[name].schema))
            seen[schemas[name].pointer] |= set(properties(body))
    assert {row.type for row in rows} == set(described.types(document))
    assert len(schemas) == 2 * len(described.types(document))
    for name, (schema, pointer) in schemas.items():
        missing = set(described_properties(schema)) - seen[pointer]
        # What an event may have changed of itself is what its object shows, but for what never changes.
        assert not {each for each in missing if "previous_attributes" not in each}, name


def test_a_change_in_the_second_contract(  # B162 B166 B167 B168 B169 B170 B171 B172 B173 B174
    server: Server, tenant: Tenant, reference: Client
) -> None:
    made = reference.create(name="Old Name", metadata={"team": "platform"})
    server.clock.offset = 100
    answer = reference.patch(
        f"/resources/{made['id']}", json={"name": "New Name"}, headers={"Idempotency-Key": "unique_key_123"}
    )
    row = next(row for row in events_of(tenant) if row.type == "resource.updated")
    changed = answer.json()
    unmeasured = {name: value for name, value in changed.items() if name not in ("limits", "metrics")}
    assert shown(server, row) == {
        "id": row.id,
        "object": "event",
        "type": "resource.updated",
        "created": changed["updated"],
        "api_version": "2024-01-15",
        "data": {"object": unmeasured, "previous_attributes": {"name": "Old Name", "updated": made["updated"]}},
        "request": {"id": answer.headers["X-Request-Id"], "idempotency_key": "unique_key_123"},
    }


def test_a_change_in_the_first_contract(server: Server, tenant: Tenant, v1: Client) -> None:  # A058
    made = v1.create(type="processor", config={"timeout": 30})
    server.clock.offset = 100
    changed = v1.put(f"/resources/{made['id']}", json={"config": {"timeout": 20}}).json()["data"]
    created, updated = (each for each in events_of(tenant) if each.type in ("resource.created", "resource.updated"))
    first = shown(server, created, "2023-09-15")
    assert (first["event"], first["timestamp"]) == ("resource.created", made["created_at"])
    assert "previous_attributes" not in first
    assert first["data"] == made
    second = shown(server, updated, "2023-11-01")
    assert (second["event"], second["timestamp"], second["data"]) == (
        "resource.updated",
        changed["updated_at"],
        changed,
    )
    assert second["previous_attributes"] == {"config": {"timeout": 30}, "updated_at": made["updated_at"]}


def test_old_and_new_status(server: Server, tenant: Tenant, v2: Client) -> None:  # B101 B164
    made = v2.create()
    v2.patch(f"/resources/{made['id']}", json={"status": "active"})
    row = next(row for row in events_of(tenant) if row.type == "resource.status_changed")
    data = shown(server, row)["data"]
    assert (data["object"]["status"], data["previous_attributes"]) == ("active", {"status": "pending"})
    old = shown(server, row, "2023-09-15")
    assert (old["data"]["status"], old["previous_attributes"]) == ("active", {"status": "pending"})


def test_a_deletion(server: Server, tenant: Tenant, v2: Client) -> None:  # B107 B163
    made = v2.create()
    answer = v2.delete(f"/resources/{made['id']}").json()
    row = next(row for row in events_of(tenant) if row.type == "resource.deleted")
    assert shown(server, row)["data"] == {"object": answer}
    assert shown(server, row, "2023-11-01")["data"].keys() == {"id", "deleted", "deleted_at"}


@pytest.mark.parametrize(
    ("agreed", "headers", "told"),
    [
        ({"monthly_quota": 2}, {}, ("requests_per_month", 2, 3)),
        ({"requests_per_minute": 2, "burst": 2}, {}, ("requests_per_minute", 2, 3)),
        ({"requests_per_minute": 60, "burst": 2}, {}, ("burst", 2, 3)),
        ({"requests_per_hour": 2}, {"API-Version": "2023-09-15"}, ("requests_per_hour", 2, 3)),
        ({"concurrent_requests": 0}, {}, ("concurrent_requests", 0, 1)),
    ],
)
def test_a_limit_is_told_of_once(
    server: Server, v2: Client, agreed: dict[str, int], headers: dict[str, str], told: tuple[str, int, int]
) -> None:  # B160 B165
    # A quarter past some hour, in the middle of a month.
    at = 1_801_000_000 // 3600 * 3600 + 900
    with server.clock.stopped(at):
        tenant = server.tenant("scale", **agreed)
        with tenant.client("/v1", headers=headers or {"API-Version": "2024-01-15"}) as client:
            answers = [client.get("/resources") for _ in range(6)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert len(refused) >= 4
            v2.get("/events")
            refused += [client.get("/resources")]
            v2.get("/events")
        (row,) = events_of(tenant)
        shown_limit = shown(server, row)["data"]["object"]
        assert (shown_limit["limit_type"], shown_limit["limit"], shown_limit["current_value"]) == told
        assert shown_limit["resets"] > at
        assert shown(server, row)["request"]["id"] == refused[0].headers["X-Request-Id"]
        server.clock.offset = shown_limit["resets"] - at
        with tenant.client("/v1", headers=headers or {"API-Version": "2024-01-15"}) as client:
            assert 429 in [client.get("/resources").status_code for _ in range(6)]
        v2.get("/events")
    assert [row.type for row in events_of(tenant)] == ["resource.limit_exceeded"] * 2


def test_two_processes_tell_of_a_limit_once(server: Server, tenant: Tenant) -> None:
    exceeded = Exceeded(tenant.account_id, "burst", 1_801_000_060, 2, 3, 1_801_000_001, "req_1")
    for each in (exceeded, exceeded._replace(request_id="req_2"), exceeded._replace(resets=1_801_000_120)):
        administration.write(server.settings, partial(limits.tell, exceeded=each))
    assert [row.object["resets"] for row in events_of(tenant)] == [1_801_000_060, 1_801_000_120]
