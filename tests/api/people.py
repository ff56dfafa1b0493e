"""Users and keys for tests, made through the API."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.serving import Client, Tenant


def invite(client: Client, email: str = "ada@example.com", **fields: Any) -> dict[str, Any]:
    """Invite somebody over `/v2`; the answer."""
    answer = client.post("/users", json={"email": email, **fields})
    assert answer.status_code == 201, answer.text
    invited: dict[str, Any] = answer.json()
    return invited


def join(client: Client, email: str = "ada@example.com", role: str = "member") -> dict[str, Any]:
    """Invite somebody over `/v2` and accept for them; the active user."""
    token = invite(client, email, role=role)["invitation"]["token"]
    answer = client.post("/users/accept_invitation", json={"token": token, "name": "Ada Lovelace"})
    assert answer.status_code == 200, answer.text
    active: dict[str, Any] = answer.json()
    return active


def new_key(client: Client, *scopes: str, **fields: Any) -> dict[str, Any]:
    """Create a key over `/v2`; the answer."""
    answer = client.post("/api-keys", json={"name": "A key", "scopes": scopes or ["*"], **fields})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def acting_as(tenant: Tenant, role: str, *scopes: str) -> tuple[Client, dict[str, Any]]:
    """A client of `/v2` with a key of a new active user of this role, and the user."""
    with tenant.client("/v2") as client:
        user = join(client, f"{role}@example.com", role)
        key = new_key(client, *scopes, user=user["id"])
    return tenant.client("/v2", key=key["key"]), user


def refusal(answer: httpx2.Response) -> tuple[int, str, str | None]:
    """The status, the code and the parameter of an error of `/v2`."""
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["param"]
