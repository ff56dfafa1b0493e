"""API keys: shown once, and worth no more than whoever made them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.api import operations, people, recorded
from tests.serving import Client, Server, Tenant, ids

YEAR = 365 * 24 * 60 * 60


def test_a_key_is_shown_once_and_works(tenant: Tenant, v2: Client) -> None:  # A011 A070
    made = people.new_key(v2, "resources:read", name="Production server")
    key = made.pop("key")
    assert made["id"].startswith("key_")
    assert (made["name"], made["mode"], made["user"]) == ("Production server", "live", None)
    assert (made["prefix"], made["last4"]) == (key[:12], key[-4:])
    shown = [v2.get(f"/api-keys/{made['id']}"), v2.get("/api-keys"), v2.patch(f"/api-keys/{made['id']}", json={})]
    assert shown[0].json() == shown[2].json() == made
    assert shown[1].json()["data"][0] == made
    assert not any(key in answer.text or "digest" in answer.text for answer in shown)
    with tenant.client("/v2", key=key) as client:
        assert client.get("/resources").status_code == 200
        assert client.post("/resources", json={"name": "A resource", "type": "production"}).status_code == 403


def test_v1_shows_the_same_key(v1: Client, v2: Client, server: Server) -> None:  # A070
    expires = server.clock.now() + 3600
    body = {"name": "Server", "scopes": ["*"], "expires": expires, "api_version": "2023-11-01"}
    made = v1.post("/api-keys", json=body)
    data = made.json()["data"]
    assert (made.status_code, made.headers["Location"]) == (201, f"/v1/api-keys/{data['id']}")
    key = data.pop("key")
    assert v1.get(f"/api-keys/{data['id']}").json()["data"] == data
    shown = v2.get(f"/api-keys/{data['id']}").json()
    assert (shown["expires"], shown["api_version"], shown["last_used"]) == (expires, "2023-11-01", None)
    assert data["expires_at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
    changed = v1.put(f"/api-keys/{data['id']}", json={"name": "Renamed"}).json()["data"]
    assert (changed["name"], changed["scopes"]) == ("Renamed", ["*"])
    assert v1.delete(f"/api-keys/{data['id']}").status_code == 204
    assert v1.get("/resources", headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_a_key_has_the_mode_of_its_maker(tenant: Tenant) -> None:  # B022
    with tenant.client("/v2", mode="test") as client:
        made = people.new_key(client)
    assert made["mode"] == "test"
    assert made["key"].startswith("sk_test_")
    with tenant.client("/v2") as live:
        assert live.get(f"/api-keys/{made['id']}").status_code == 404
        assert made["id"] not in ids(live.get("/api-keys"))


def test_lists_are_filtered_and_sorted(v1: Client, v2: Client) -> None:  # A054
    user = people.join(v2)
    for name in ("b", "c", "a"):
        people.new_key(v2, "resources:read", name=name, user=user["id"] if name != "c" else None)

    def names(**params: str | int) -> list[str]:
        return [key["name"] for key in v1.get("/api-keys", params=params).json()["data"]]

    assert names(sort="name", order="asc")[-3:] == ["a", "b", "c"]
    assert names() == ["a", "c", "b", "API key"]
    assert names(user=user["id"], sort="created_at", order="asc") == ["b", "a"]
    page = v2.get("/api-keys", params={"user": user["id"], "limit": 1}).json()
    assert (page["has_more"], page["total_count"]) == (True, 2)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"scopes": ["resources:raed"]}, "scopes.0"),
        ({"scopes": ["resources:read", "nothing:*"]}, "scopes.1"),
        ({"scopes": ["*:read"]}, "scopes.0"),
        ({"scopes": ["resources:read", "resources:read"]}, "scopes"),
        ({"scopes": "*"}, "scopes"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\x1b[31mb"}, "name"),
        ({"name": "a\x85b"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"expires": 0}, "expires"),
        ({"expires": int(time.time()) + 11 * YEAR}, "expires"),
        ({"expires": "soon"}, "expires"),
        ({"api_version": "2020-01-01"}, "api_version"),
        ({"allowed_networks": ["10.0.0.0/33"]}, "allowed_networks.0"),
        ({"allowed_networks": ["example.com"]}, "allowed_networks.0"),
        ({"allowed_networks": ["10.0.0.0/8", "1.2.3"]}, "allowed_networks.1"),
        ({"allowed_networks": ["::/0"] * 51}, "allowed_networks"),
    ],
)
def test_a_bad_field_is_named(v2: Client, fields: dict[str, Any], param: str) -> None:
    body = {"name": "A key", "scopes": ["*"], **fields}
    made = people.new_key(v2)
    for answer in (v2.post("/api-keys", json=body), v2.patch(f"/api-keys/{made['id']}", json=fields)):
        assert people.refusal(answer) == (400, "parameter_invalid", param)
    assert v2.get("/api-keys").json()["total_count"] == 2


def test_an_unknown_scope_is_told_the_known_ones(v2: Client) -> None:
    answer = v2.post("/api-keys", json={"name": "A key", "scopes": ["resources:raed"]})
    message = answer.json()["error"]["message"]
    for scope in ("*", "resources:*", *operations.document().raw["x-scopes"]):
        assert scope in message


@pytest.mark.parametrize("contract", ["/v1", "/v2"])
def test_a_time_that_has_passed_is_told_as_any_fault(tenant: Tenant, server: Server, contract: str) -> None:
    with tenant.client(contract) as client:
        body = {"name": "A key", "scopes": ["*"], "expires": server.clock.now() - 1}
        error = client.post("/api-keys", json=body).json()["error"]
    if contract == "/v1":
        assert error["details"] == {"field": "expires", "reason": "too_small"}
        assert error["message"] == "Invalid parameter: expires must be a time in the future"
    else:
        assert error["errors"][0]["pointer"] == "/expires"
        assert error["message"] == "The 'expires' parameter must be a time in the future."


@pytest.mark.parametrize(
    "field", ["account_id", "mode", "created", "digest", "last_used", "key", "prefix", "revoked", "id", "version"]
)
def test_what_the_server_sets_cannot_be_given(v2: Client, field: str) -> None:
    made = people.new_key(v2)
    for answer in (
        v2.post("/api-keys", json={"name": "A key", "scopes": ["*"], field: "x"}),
        v2.patch(f"/api-keys/{made['id']}", json={field: "x"}),
    ):
        assert people.refusal(answer) == (400, "parameter_unknown", field)


def test_a_user_of_elsewhere_is_not_there(tenant: Tenant, stranger: Tenant, v2: Client) -> None:
    with stranger.client("/v2") as theirs, tenant.client("/v2", mode="test") as testing:
        others = [people.join(theirs)["id"], people.join(testing)["id"], "user_01kb2m9p4bf4ks8f0xm0q5e3yt"]
    for user_id in others:
        answer = v2.post("/api-keys", json={"name": "A key", "scopes": ["*"], "user": user_id})
        assert people.refusal(answer) == (404, "not_found", "user")
        listed = v2.get("/api-keys", params={"user": user_id, "expand[]": "user"}).json()
        assert (listed["data"], listed["total_count"]) == ([], 0)
    assert v2.get("/api-keys").json()["total_count"] == 1


def test_the_user_can_be_expanded(v2: Client) -> None:
    user = people.join(v2, role="owner")
    made = people.new_key(v2, user=user["id"])
    expand = {"expand[]": "user"}
    assert made["user"] == v2.get(f"/api-keys/{made['id']}").json()["user"] == user["id"]
    assert v2.get(f"/api-keys/{made['id']}", params=expand).json()["user"] == user
    assert [key["user"] for key in v2.get("/api-keys", params=expand).json()["data"]] == [user, None]


def test_a_change_shows_at_once(tenant: Tenant, v2: Client, server: Server) -> None:
    made = people.new_key(v2, "resources:read")
    target = f"/api-keys/{made['id']}"
    with tenant.client("/v2", key=made["key"]) as client:
        assert client.post("/resources", json={"name": "A resource", "type": "production"}).status_code == 403
        v2.patch(target, json={"scopes": ["resources:*"]})
        client.create()
        v2.patch(target, json={"api_version": "2024-01-15"})
        with tenant.client("/v1", key=made["key"]) as pinned:
            assert pinned.get("/resources").json()["object"] == "list"
        v2.patch(target, json={"expires": server.clock.now() + 60})
        server.clock.offset = 61
        assert people.refusal(client.get("/resources"))[1] == "key_expired"
        v2.patch(target, json={"expires": None})
        assert client.get("/resources").status_code == 200
        assert v2.delete(target).json()["object"] == "api_key"
        assert people.refusal(client.get("/resources")) == (401, "key_revoked", None)
    assert v2.get(target).status_code == v2.patch(target, json={}).status_code == v2.delete(target).status_code == 404


def test_a_key_may_revoke_itself(tenant: Tenant, v2: Client) -> None:
    made = people.new_key(v2, "api_keys:*")
    with tenant.client("/v2", key=made["key"]) as client:
        assert client.delete(f"/api-keys/{made['id']}").status_code == 200
        assert people.refusal(client.get("/api-keys")) == (401, "key_revoked", None)


def test_a_stale_revision_is_refused(v2: Client) -> None:
    made = people.new_key(v2)
    target = f"/api-keys/{made['id']}"
    etag = v2.get(target).headers["ETag"]
    assert v2.patch(target, json={"name": "Renamed"}, headers={"If-Match": etag}).status_code == 200
    assert v2.patch(target, json={"name": "Again"}, headers={"If-Match": etag}).status_code == 412
    assert v2.delete(target, headers={"If-Match": etag}).status_code == 412
    assert v2.get(target).json()["name"] == "Renamed"


def test_what_happens_is_recorded_without_secrets(tenant: Tenant, v2: Client) -> None:  # A012
    made = people.new_key(v2, "resources:read")
    v2.patch(f"/api-keys/{made['id']}", json={"name": "Renamed"})
    v2.patch(f"/api-keys/{made['id']}", json={"name": "Renamed"})
    v2.delete(f"/api-keys/{made['id']}")
    events = recorded.events_of(tenant)
    assert [event.type for event in events] == ["api_key.created", "api_key.updated", "api_key.deleted"]
    assert events[0].object["last4"] == made["last4"]
    before = events[1].previous_attributes
    assert before is not None
    assert before["name"] == "A key"
    for event in events:
        assert made["key"] not in str(event)
        assert "digest" not in str(event)


def test_a_key_that_the_operator_revokes_is_not_counted(tenant: Tenant, v2: Client) -> None:
    key = tenant.key("resources:read")
    assert v2.get("/api-keys").json()["total_count"] == 2
    recorded.revoke(tenant, key)
    listed = v2.get("/api-keys").json()
    assert (len(listed["data"]), listed["total_count"]) == (1, 1)


def test_a_scope_that_is_no_more_is_still_shown(tenant: Tenant, v2: Client) -> None:
    tenant.key("retired:read")
    assert v2.get("/api-keys").json()["data"][0]["scopes"] == ["retired:read"]
