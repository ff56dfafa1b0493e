"""Rotation: a successor that may do the same, and an old key that goes on for a while."""

from __future__ import annotations

import pytest

from tests.api import people, recorded
from tests.serving import Client, Server, Tenant

DAY = 24 * 60 * 60


def works(tenant: Tenant, key: str) -> bool:
    with tenant.client("/v2", key=key) as client:
        answer = client.get("/resources")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


@pytest.mark.parametrize("contract", ["/v1", "/v2"])
def test_a_successor_may_do_the_same(tenant: Tenant, v2: Client, server: Server, contract: str) -> None:  # A070
    user = people.join(v2, role="owner")
    fields = {
        "name": "Server",
        "expires": server.clock.now() + 90 * DAY,
        "api_version": "2024-01-15",
        "allowed_networks": ["127.0.0.0/8"],
        "user": user["id"],
    }
    old = people.new_key(v2, "resources:read", "resources:write", **fields)
    with tenant.client(contract) as client:
        answer = client.post(f"/api-keys/{old['id']}/rotate")
    new = answer.json().get("data", answer.json())
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{contract}/api-keys/{new['id']}")
    assert new["id"] != old["id"]
    assert new["key"] != old["key"]
    shown = v2.get(f"/api-keys/{new['id']}").json()
    for name in (*fields, "scopes", "mode"):
        assert shown[name] == old[name]
    ending = v2.get(f"/api-keys/{old['id']}").json()
    assert ending["expires"] == shown["created"] + DAY
    assert works(tenant, old["key"])
    assert works(tenant, new["key"])
    server.clock.offset = DAY + 5
    assert not works(tenant, old["key"])
    assert works(tenant, new["key"])


def test_without_overlap_the_old_key_ends_at_once(tenant: Tenant, v2: Client) -> None:
    old = people.new_key(v2)
    assert works(tenant, old["key"])
    new = v2.post(f"/api-keys/{old['id']}/rotate", json={"overlap_seconds": 0}).json()
    assert not works(tenant, old["key"])
    assert works(tenant, new["key"])
    assert new["expires"] is None


def test_an_earlier_end_stays(v2: Client, server: Server) -> None:
    expires = server.clock.now() + 3600
    old = people.new_key(v2, expires=expires)
    new = v2.post(f"/api-keys/{old['id']}/rotate", json={"overlap_seconds": 7200}).json()
    assert new["expires"] == v2.get(f"/api-keys/{old['id']}").json()["expires"] == expires


@pytest.mark.parametrize("overlap", [-1, 30 * DAY + 1, 1.5, "x", None])
def test_a_bad_overlap_is_refused(v2: Client, overlap: object) -> None:
    old = people.new_key(v2)
    answer = v2.post(f"/api-keys/{old['id']}/rotate", json={"overlap_seconds": overlap})
    assert people.refusal(answer) == (400, "parameter_invalid", "overlap_seconds")
    assert v2.get("/api-keys").json()["total_count"] == 2


def test_rotation_hands_out_no_more_than_the_caller_has(tenant: Tenant, v2: Client) -> None:
    strong, weak = people.new_key(v2, "*"), people.new_key(v2, "api_keys:read")
    with tenant.client("/v2", key=tenant.key("api_keys:*")) as client:
        answer = client.post(f"/api-keys/{strong['id']}/rotate")
        assert people.refusal(answer) == (403, "scope_not_grantable", None)
        assert client.post(f"/api-keys/{weak['id']}/rotate").status_code == 201
    assert v2.get(f"/api-keys/{strong['id']}").json()["expires"] is None


def test_rotation_hands_out_no_key_of_a_user_above(tenant: Tenant, v2: Client) -> None:
    owner = people.join(v2, "boss@example.com", "owner")
    theirs = people.new_key(v2, "users:write", user=owner["id"])
    client, _ = people.acting_as(tenant, "admin", "api_keys:*", "users:*")
    with client:
        answer = client.post(f"/api-keys/{theirs['id']}/rotate")
        assert people.refusal(answer) == (403, "role_not_grantable", None)


def test_a_key_may_rotate_itself(tenant: Tenant, v2: Client) -> None:
    old = people.new_key(v2, "api_keys:write", "resources:read")
    with tenant.client("/v2", key=old["key"]) as client:
        new = client.post(f"/api-keys/{old['id']}/rotate", json={"overlap_seconds": 0}).json()
        assert people.refusal(client.get("/resources")) == (401, "key_expired", None)
    assert works(tenant, new["key"])


def test_a_key_of_elsewhere_or_revoked_is_not_rotated(tenant: Tenant, stranger: Tenant, v2: Client) -> None:
    made = people.new_key(v2)
    for owner, mode in ((stranger, "live"), (tenant, "test")):
        with owner.client("/v2", mode=mode) as client:
            assert client.post(f"/api-keys/{made['id']}/rotate").status_code == 404
    v2.delete(f"/api-keys/{made['id']}")
    assert v2.post(f"/api-keys/{made['id']}/rotate").status_code == 404


def test_a_repeat_makes_one_successor(v2: Client) -> None:
    old = people.new_key(v2)
    headers = {"Idempotency-Key": "rotate-once"}
    first, again = (v2.post(f"/api-keys/{old['id']}/rotate", headers=headers) for _ in range(2))
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert v2.get("/api-keys").json()["total_count"] == 3


def test_both_keys_record_it(tenant: Tenant, v2: Client) -> None:
    old = people.new_key(v2)
    new = v2.post(f"/api-keys/{old['id']}/rotate").json()
    events = recorded.events_of(tenant)[1:]
    assert [(event.type, event.object_id) for event in events] == [
        ("api_key.updated", old["id"]),
        ("api_key.created", new["id"]),
    ]
    assert events[0].previous_attributes == {"expires": None, "updated": old["updated"]}
