"""What a key may do and pass on: its scopes, its user's role and its networks."""

from __future__ import annotations

import pytest

from tests.api import operations, people
from tests.api.operations import Operation
from tests.serving import Client, Tenant, ids

FULL_ROLE = ["resources:*", "projects:*"]


@pytest.mark.parametrize(
    ("held", "wanted", "refused"),
    [
        (["api_keys:write"], ["resources:read"], "resources:read"),
        (["api_keys:write"], ["*"], "*"),
        (["api_keys:*", "resources:read"], ["resources:read", "resources:write"], "resources:write"),
        (["api_keys:*", "resources:read"], ["resources:*"], "resources:*"),
        (["api_keys:*", "resources:*", "projects:*", "users:*"], ["*"], "*"),
        (["api_keys:*", "resources:read"], ["resources:read", "api_keys:write"], None),
        (["api_keys:*", "resources:*"], ["resources:read", "resources:*"], None),
        (["api_keys:write", "resources:read", "resources:write"], ["resources:*"], None),
        (["*"], ["*"], None),
    ],
)
def test_a_key_passes_on_only_what_it_has(
    tenant: Tenant, v2: Client, held: list[str], wanted: list[str], refused: str | None
) -> None:
    weak = people.new_key(v2, "projects:read")
    with tenant.client("/v2", key=tenant.key(*held)) as client:
        created = client.post("/api-keys", json={"name": "A key", "scopes": wanted})
        changed = client.patch(f"/api-keys/{weak['id']}", json={"scopes": wanted})
    if refused is None:
        assert (created.status_code, changed.status_code) == (201, 200)
        return
    for answer in (created, changed):
        assert people.refusal(answer) == (403, "scope_not_grantable", "scopes")
        assert f"'{refused}'" in answer.json()["error"]["message"]
    assert v2.get(f"/api-keys/{weak['id']}").json()["scopes"] == ["projects:read"]


def expansions() -> list[tuple[Operation, str, str]]:
    """Each operation with a value of `expand[]` and the scope that it needs."""
    found = []
    for operation in operations.operations():
        for parameter in operation.parameters("query"):
            schema, _ = operations.document().deref(parameter["schema"], "#")
            scopes = schema.get("x-expand-scopes", {}) if parameter["name"] == "expand[]" else {}
            found += [(operation, value, scope) for value, scope in scopes.items()]
    return found


@pytest.mark.parametrize(("operation", "value", "scope"), expansions(), ids=str)
def test_what_is_expanded_needs_its_scope(tenant: Tenant, operation: Operation, value: str, scope: str) -> None:
    with tenant.client("") as client:
        values = operation.target(client)
    for held, status in ((operation.scopes, 403), ({*operation.scopes, scope}, 200)):
        with tenant.client("", key=tenant.key(*held)) as client:
            answer = operation.send(client, values, params={"expand[]": value}, headers=operation.version)
            assert operation.send(client, values, headers=operation.version).status_code == 200
        assert answer.status_code == status, answer.text
        if status == 403:
            assert f"'{scope}'" in answer.json()["error"]["message"]
            assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


def test_scopes_that_a_key_has_may_stay_or_go(tenant: Tenant, v2: Client) -> None:
    strong = people.new_key(v2, "resources:*", "projects:*")
    with tenant.client("/v2", key=tenant.key("api_keys:write", "users:read")) as client:
        answer = client.patch(f"/api-keys/{strong['id']}", json={"scopes": ["resources:*", "users:read"]})
    assert answer.json()["scopes"] == ["resources:*", "users:read"]


@pytest.mark.parametrize(
    ("role", "scopes", "refused"),
    [
        ("owner", ["*"], None),
        ("admin", ["*"], "*"),
        ("admin", ["api_keys:*", "resources:write"], None),
        ("member", FULL_ROLE, None),
        ("member", ["users:write"], "users:write"),
        ("viewer", ["resources:read", "users:read"], None),
        ("viewer", ["resources:*"], "resources:*"),
    ],
)
def test_a_key_of_a_user_has_scopes_of_their_role(
    v2: Client, role: str, scopes: list[str], refused: str | None
) -> None:
    user = people.join(v2, role=role)
    answer = v2.post("/api-keys", json={"name": "A key", "scopes": scopes, "user": user["id"]})
    if refused is None:
        assert (answer.status_code, answer.json()["user"]) == (201, user["id"])
    else:
        assert people.refusal(answer) == (403, "scope_not_grantable", "scopes")
        assert f"'{refused}'" in answer.json()["error"]["message"]
        assert role in answer.json()["error"]["message"]


def test_a_demotion_bounds_the_users_keys_at_once(tenant: Tenant, v2: Client) -> None:
    client, user = people.acting_as(tenant, "member", *FULL_ROLE)
    with client:
        client.create()
        v2.patch(f"/users/{user['id']}", json={"role": "viewer"})
        answer = client.post("/resources", json={"name": "Another", "type": "production"})
        assert people.refusal(answer) == (403, "scope_missing", None)
        assert "viewer" in answer.json()["error"]["message"]
        assert len(ids(client.get("/resources"))) == 1
        v2.patch(f"/users/{user['id']}", json={"role": "member"})
        client.create()


def test_what_a_users_key_makes_belongs_to_the_user(tenant: Tenant, v2: Client) -> None:
    client, user = people.acting_as(tenant, "admin", "api_keys:*", "users:write", "resources:*")
    peers = {role: people.join(v2, f"{role}-2@example.com", role)["id"] for role in ("owner", "admin", "viewer")}
    with client:
        assert people.new_key(client, "resources:read")["user"] == user["id"]
        assert people.new_key(client, "resources:read", user=None)["user"] == user["id"]
        assert people.new_key(client, "resources:read", user=peers["admin"])["user"] == peers["admin"]
        above = client.post("/api-keys", json={"name": "A key", "scopes": ["users:write"], "user": peers["owner"]})
        assert people.refusal(above) == (403, "role_not_grantable", "user")
        within = client.post("/api-keys", json={"name": "A key", "scopes": ["users:write"], "user": peers["viewer"]})
        assert people.refusal(within) == (403, "scope_not_grantable", "scopes")
        assert people.refusal(client.post("/api-keys", json={"name": "A key", "scopes": ["*"]}))[0] == 403


def test_a_key_works_only_from_its_networks(tenant: Tenant, v2: Client) -> None:
    made = people.new_key(v2, "resources:read", allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    target = f"/api-keys/{made['id']}"
    with tenant.client("/v2", key=made["key"]) as client, tenant.client("/v1", key=made["key"]) as v1:
        answer = client.get("/resources")
        assert people.refusal(answer) == (403, "network_not_allowed", None)
        assert "127.0.0.1" in answer.json()["error"]["message"]
        assert (v1.get("/resources").status_code, v1.get("/nothing").status_code) == (403, 403)
        for networks in (["127.0.0.1"], ["10.0.0.0/8", "::ffff:127.0.0.0/104"], ["0.0.0.0/0"], []):
            v2.patch(target, json={"allowed_networks": networks})
            assert client.get("/resources").status_code == 200, networks
        v2.patch(target, json={"allowed_networks": ["127.0.0.2/32", "::/0"]})
        assert client.get("/resources").status_code == 403


def test_networks_are_written_in_one_way(v2: Client) -> None:
    given = ["10.1.2.3/8", "10.0.0.0/8", "2001:DB8:0::/32", "::ffff:192.0.2.1", "192.0.2.1/32"]
    made = people.new_key(v2, allowed_networks=given)
    assert made["allowed_networks"] == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"]
