"""Invitations: a token that works once, for a while, in its own account and mode."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import people
from tests.serving import Client, Server, Tenant

HOUR = 60 * 60


def accept(client: Client, token: str, name: str = "Ada Lovelace") -> Any:
    return client.post("/users/accept_invitation", json={"token": token, "name": name})


def test_an_accepted_invitation_makes_the_user_active(v2: Client) -> None:
    invited = people.invite(v2, role="admin")
    active = accept(v2, invited["invitation"]["token"]).json()
    assert (active["id"], active["status"], active["name"]) == (invited["id"], "active", "Ada Lovelace")
    assert (active["role"], active["invitation_expires"]) == ("admin", None)
    assert "invitation" not in active


def test_a_token_works_once(v2: Client) -> None:
    token = people.invite(v2)["invitation"]["token"]
    accept(v2, token)
    answer = accept(v2, token, "Eve")
    assert people.refusal(answer) == (404, "not_found", "token")
    assert token not in answer.text
    assert v2.get("/users").json()["data"][0]["name"] == "Ada Lovelace"


def test_a_token_of_elsewhere_is_not_there(tenant: Tenant, stranger: Tenant, v2: Client) -> None:
    token = people.invite(v2)["invitation"]["token"]
    for owner, mode in ((stranger, "live"), (stranger, "test"), (tenant, "test")):
        with owner.client("/v2", mode=mode) as client:
            assert people.refusal(accept(client, token)) == (404, "not_found", "token")
    assert accept(v2, token).status_code == 200


@pytest.mark.parametrize("token", ["inv_", "x", "inv_' OR 1=1 --", "ä", "inv_" + "A" * 43, "x" * 255])
def test_a_token_of_nothing_is_not_there(v2: Client, token: str) -> None:
    people.invite(v2)
    assert people.refusal(accept(v2, token)) == (404, "not_found", "token")


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"name": "Ada"}, ("parameter_missing", "token")),
        ({"token": "x"}, ("parameter_missing", "name")),
        ({"token": "", "name": "Ada"}, ("parameter_invalid", "token")),
        ({"token": "x" * 256, "name": "Ada"}, ("parameter_invalid", "token")),
        ({"token": "x", "name": "A\ad"}, ("parameter_invalid", "name")),
        ({"token": "x", "name": "Ada", "role": "owner"}, ("parameter_unknown", "role")),
    ],
)
def test_a_bad_acceptance_is_refused(v2: Client, body: dict[str, str], refused: tuple[str, str]) -> None:
    assert people.refusal(v2.post("/users/accept_invitation", json=body)) == (400, *refused)


def test_an_invitation_ends(v2: Client, server: Server) -> None:
    invited = people.invite(v2, expires_in=HOUR)
    token = invited["invitation"]["token"]
    server.clock.offset = HOUR + 5
    assert people.refusal(accept(v2, token)) == (409, "invitation_expired", "token")
    anew = v2.post(f"/users/{invited['id']}/invitation", json={"expires_in": 2 * HOUR}).json()
    assert anew["invitation"]["expires"] == anew["updated"] + 2 * HOUR
    assert accept(v2, token).status_code == 404
    assert accept(v2, anew["invitation"]["token"]).json()["status"] == "active"


@pytest.mark.parametrize("contract", ["/v1", "/v2"])
def test_a_new_invitation_ends_the_old_one(tenant: Tenant, contract: str) -> None:
    with tenant.client(contract) as client:
        made = client.post("/users", json={"email": "ada@example.com"}).json()
        made = made.get("data", made)
        answer = client.post(f"/users/{made['id']}/invitation")
        anew = answer.json().get("data", answer.json())
        assert (answer.status_code, anew["status"]) == (200, "invited")
        assert anew["invitation"]["token"] != made["invitation"]["token"]
        assert accept(client, made["invitation"]["token"]).status_code == 404
        assert accept(client, anew["invitation"]["token"]).status_code == 200


def test_an_active_user_is_not_invited_anew(v2: Client) -> None:
    user = people.join(v2)
    answer = v2.post(f"/users/{user['id']}/invitation", json={})
    assert people.refusal(answer) == (409, "invitation_accepted", None)


def test_a_removed_user_cannot_accept(v2: Client) -> None:
    invited = people.invite(v2)
    v2.delete(f"/users/{invited['id']}")
    assert accept(v2, invited["invitation"]["token"]).status_code == 404


@pytest.mark.parametrize("role", ["owner", "admin", "member", "viewer"])
def test_nobody_gives_a_role_above_their_own(tenant: Tenant, v2: Client, role: str) -> None:
    client, user = people.acting_as(tenant, "admin", "users:read", "users:write")
    expected = (201, 200) if role != "owner" else (403, 403)
    target = people.join(v2, "target@example.com", "viewer")["id"]
    with client:
        given = client.post("/users", json={"email": "new@example.com", "role": role})
        changed = client.patch(f"/users/{target}", json={"role": role})
    assert (given.status_code, changed.status_code) == expected
    if role == "owner":
        assert people.refusal(given) == people.refusal(changed) == (403, "role_not_grantable", "role")
        assert given.headers["WWW-Authenticate"] == "Bearer"
        assert v2.get("/users", params={"role": "owner"}).json()["total_count"] == 0
    assert user["role"] == "admin"


def test_nobody_acts_on_a_role_above_their_own(tenant: Tenant, v2: Client) -> None:
    people.join(v2, "first@example.com", "owner")
    owner = people.join(v2, "second@example.com", "owner")
    invited = people.invite(v2, "third@example.com", role="owner")
    client, _ = people.acting_as(tenant, "admin", "users:read", "users:write")
    with client:
        refused = [
            client.patch(f"/users/{owner['id']}", json={"role": "viewer"}),
            client.delete(f"/users/{owner['id']}"),
            client.post(f"/users/{invited['id']}/invitation"),
        ]
        assert {people.refusal(answer)[:2] for answer in refused} == {(403, "role_not_grantable")}
        assert client.patch(f"/users/{owner['id']}", json={"name": "Ada"}).status_code == 200
    assert accept(v2, invited["invitation"]["token"]).status_code == 200
    assert v2.get("/users", params={"role": "owner"}).json()["total_count"] == 3


def test_a_repeat_of_an_invitation_shows_the_same_token(v2: Client) -> None:
    headers = {"Idempotency-Key": "invite-ada"}
    first, again = (v2.post("/users", json={"email": "ada@example.com"}, headers=headers) for _ in range(2))
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
