"""Events: each change leaves exactly one of each type, in the transaction of the change, and nothing else does."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from domain import events
from tests.api.parallel import at_once
from tests.api.recorded import events_of, types_of
from tests.serving import Client, Server, Tenant

# What an event's object shows of a resource; the rest is measured or comes from the plan.
KEPT = ("id", "object", "created", "updated", "name", "type", "status", "configuration", "metadata", "provisioning")


def kept(resource: dict[str, Any]) -> dict[str, Any]:
    """What an event must show of a resource."""
    return {name: resource[name] for name in KEPT}


def test_a_creation(reference: Client, tenant: Tenant) -> None:  # B161 B166 B173 B174
    body = {"name": "A resource", "type": "staging", "metadata": {"team": "platform"}}
    answer = reference.post("/resources", json=body, headers={"Idempotency-Key": "unique_key_123"})
    made = answer.json()
    (event,) = events_of(tenant)
    assert event.id.startswith("evt_")
    assert 16 <= len(event.id.removeprefix("evt_")) <= 32
    assert (event.type, event.created, event.object_id) == ("resource.created", made["created"], made["id"])
    assert event.object.items() >= kept(made).items()
    assert event.previous_attributes is None
    assert (event.request_id, event.idempotency_key) == (answer.headers["X-Request-Id"], "unique_key_123")


@pytest.mark.parametrize(
    ("changes", "previous"),
    [
        ({"name": "Renamed"}, {"name": "Old Name"}),
        ({"configuration": {"timeout_ms": 7500}}, {"configuration": {"timeout_ms": 5000}}),
        (
            {"configuration": {"timeout_ms": 5000, "retry_count": 0, "batch_size": 5}},
            {"configuration": {"retry_count": 3, "batch_size": 100}},
        ),
        ({"metadata": {"team": "other"}}, {"metadata": {"team": "platform"}}),
        ({"metadata": {}, "name": "Old Name"}, {"metadata": {"team": "platform"}}),
        ({"name": "Renamed", "metadata": {"team": "platform"}}, {"name": "Old Name"}),
    ],
)
def test_a_change_shows_the_old_values_of_what_changed(  # B101 B162 B172 B174
    reference: Client, tenant: Tenant, server: Server, changes: dict[str, Any], previous: dict[str, Any]
) -> None:
    made = reference.create(name="Old Name", metadata={"team": "platform"})
    server.clock.offset = 100
    answer = reference.patch(f"/resources/{made['id']}", json=changes)
    _, event = events_of(tenant)
    assert (event.type, event.created) == ("resource.updated", answer.json()["updated"])
    assert event.object.items() >= kept(answer.json()).items()
    assert event.previous_attributes == {**previous, "updated": made["updated"]}
    assert (event.request_id, event.idempotency_key) == (answer.headers["X-Request-Id"], None)


def test_a_change_of_status_is_told_twice(reference: Client, tenant: Tenant, server: Server) -> None:  # B101 B164
    made = reference.create()
    server.clock.offset = 100
    answer = reference.patch(f"/resources/{made['id']}", json={"status": "active", "name": "Renamed"})
    _, updated, status_changed = events_of(tenant)
    assert (updated.type, status_changed.type) == ("resource.updated", "resource.status_changed")
    assert updated.previous_attributes == {"name": "A resource", "status": "pending", "updated": made["updated"]}
    assert status_changed.previous_attributes == {"status": "pending"}
    assert updated.object == status_changed.object
    assert updated.object["status"] == "active"
    assert updated.request_id == status_changed.request_id == answer.headers["X-Request-Id"]
    assert updated.id != status_changed.id


def test_a_deletion(reference: Client, tenant: Tenant) -> None:  # B107 B163
    made = reference.create()
    answer = reference.delete(f"/resources/{made['id']}")
    _, event = events_of(tenant)
    assert (event.type, event.object_id, event.previous_attributes) == ("resource.deleted", made["id"], None)
    assert event.object == answer.json()
    assert event.request_id == answer.headers["X-Request-Id"]


def test_the_other_contract_leaves_the_same(v1: Client, v2: Client, tenant: Tenant) -> None:  # B161 B162 B163
    made = v1.create(type="processor", config={"timeout": 30})
    shown = v2.get(f"/resources/{made['id']}").json()
    v1.put(f"/resources/{made['id']}", json={"config": {"timeout": 20}})
    v1.delete(f"/resources/{made['id']}")
    created, updated, deleted = events_of(tenant)
    assert created.object.items() >= kept(shown).items()
    assert updated.previous_attributes is not None
    assert updated.previous_attributes["configuration"] == {"timeout_ms": 30000}
    assert [each.type for each in (created, updated, deleted)] == [
        "resource.created",
        "resource.updated",
        "resource.deleted",
    ]


@pytest.mark.parametrize(
    "changes", [{}, {"name": "A resource"}, {"configuration": {"retry_count": 3}}, {"metadata": {}}], ids=str
)
def test_what_changes_nothing_leaves_none(reference: Client, tenant: Tenant, changes: dict[str, Any]) -> None:  # B100
    made = reference.create()
    answer = reference.patch(f"/resources/{made['id']}", json=changes)
    assert (answer.status_code, answer.json()) == (200, made)
    assert types_of(tenant) == ["resource.created"]


def test_what_is_refused_leaves_none(reference: Client, tenant: Tenant) -> None:
    made = reference.create()
    place = f"/resources/{made['id']}"
    refused = [
        reference.post("/resources", json={"name": "ab", "type": "production"}),
        reference.patch(place, json={"name": "ab"}),
        reference.patch(place, json={"name": "Renamed"}, headers={"If-Match": '"9-0"'}),
        reference.delete(place, headers={"If-Match": '"9-0"'}),
        reference.delete("/resources/res_01kb2m9p4bf4ks8f0xm0q5e3yt"),
        reference.patch("/resources/123", json={"name": "Renamed"}),
    ]
    with tenant.client("/v2", key=tenant.key("resources:read")) as reader:
        refused.append(reader.delete(place))
    assert [answer.status_code for answer in refused] == [400, 400, 412, 412, 404, 404, 403]
    assert types_of(tenant) == ["resource.created"]


def test_a_read_leaves_none(reference: Client, tenant: Tenant) -> None:
    made = reference.create()
    for path in ("/resources", f"/resources/{made['id']}"):
        reference.get(path, params={"expand[]": "logs"})
    assert types_of(tenant) == ["resource.created"]


def test_a_change_and_its_event_are_one(
    reference: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:  # B178
    made = reference.create()

    def fail(*_: object) -> None:
        raise RuntimeError("The event cannot be recorded.")

    with monkeypatch.context() as patch:
        for name in ("record", "record_several"):
            patch.setattr(events, name, fail)
        failed = [
            reference.post("/resources", json={"name": "Another", "type": "production"}),
            reference.patch(f"/resources/{made['id']}", json={"name": "Renamed"}),
            reference.delete(f"/resources/{made['id']}"),
        ]
    assert [answer.status_code for answer in failed] == [500, 500, 500]
    assert reference.get("/resources").json()["total_count"] == 1
    assert reference.get(f"/resources/{made['id']}").json() == made
    assert types_of(tenant) == ["resource.created"]


def test_events_stay_in_the_mode_of_their_object(tenant: Tenant, v2: Client) -> None:
    v2.create()
    with tenant.client("/v2", mode="test") as testing:
        testing.delete(f"/resources/{testing.create()['id']}")
    assert types_of(tenant) == ["resource.created"]
    assert types_of(tenant, "test") == ["resource.created", "resource.deleted"]


def test_parallel_writes_leave_one_each(reference: Client, tenant: Tenant) -> None:
    made = at_once([reference.create] * 20)
    at_once([partial(reference.delete, f"/resources/{each['id']}") for each in made])
    found = events_of(tenant)
    for kind in ("resource.created", "resource.deleted"):
        assert sorted(e.object_id for e in found if e.type == kind) == sorted(each["id"] for each in made)
    assert len({event.id for event in found}) == len(found) == 40
