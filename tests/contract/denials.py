"""Requests about users and keys that are refused, one for each of their errors."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.serving import Client, Tenant

UPDATE = {"v1": "PUT", "v2": "PATCH"}


def made(client: Client, path: str, **fields: Any) -> dict[str, Any]:
    """What a create shows, in either contract."""
    answer = client.post(path, json=fields)
    assert answer.status_code in (200, 201), answer.text
    shown: dict[str, Any] = answer.json().get("data", answer.json())
    return shown


def accepted(client: Client, role: str) -> dict[str, Any]:
    """A new active user of a role."""
    invited = made(client, "/users", email=f"{role}@example.com", role=role)
    return made(client, "/users/accept_invitation", token=invited["invitation"]["token"], name="Ada")


def last_owner(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        return client.delete(f"/users/{accepted(client, 'owner')['id']}")


def invitation_accepted(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        return client.post(f"/users/{accepted(client, 'viewer')['id']}/invitation")


def invitation_expired(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        invited = made(client, "/users", email="ada@example.com", expires_in=3600)
        tenant.server.clock.offset += 3600
        try:
            body = {"token": invited["invitation"]["token"], "name": "Ada"}
            return client.post("/users/accept_invitation", json=body)
        finally:
            tenant.server.clock.offset -= 3600


def role_not_grantable(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        user = accepted(client, "admin")
        key = made(client, "/api-keys", name="A key", scopes=["users:*"], user=user["id"])["key"]
    with tenant.client(f"/{contract}", key=key) as client:
        return client.request(UPDATE[contract], f"/users/{user['id']}", json={"role": "owner"})


def scope_not_grantable(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}", key=tenant.key("api_keys:write")) as client:
        return client.post("/api-keys", json={"name": "A key", "scopes": ["*"]})


def network_not_allowed(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        key = made(client, "/api-keys", name="A key", scopes=["*"], allowed_networks=["203.0.113.0/24"])["key"]
    with tenant.client(f"/{contract}", key=key) as client:
        return client.get("/resources")


def resource_not_active(tenant: Tenant, contract: str) -> httpx2.Response:
    """Items for a resource that is paused."""
    with tenant.client(f"/{contract}") as client:
        made = client.create()["id"]
        change = client.put if contract == "v1" else client.patch
        assert change(f"/resources/{made}", json={"status": "paused"}).status_code == 200
        return client.post("/jobs", json={"type": "process", "resource": made, "items": [{}]})
