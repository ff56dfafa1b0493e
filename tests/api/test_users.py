"""The people of an account: their addresses, roles and removal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api import people, recorded
from tests.serving import Client, Tenant, ids

DAY = 24 * 60 * 60


def test_a_user_begins_invited(v2: Client) -> None:  # A066
    invited = people.invite(v2, name="Ada", role="admin")
    assert invited["id"].startswith("user_")
    assert (invited["email"], invited["name"], invited["role"]) == ("ada@example.com", "Ada", "admin")
    assert invited["status"] == "invited"
    assert invited["invitation"]["expires"] == invited["invitation_expires"] == invited["created"] + 7 * DAY
    shown = v2.get(f"/users/{invited['id']}").json()
    del invited["invitation"]
    assert shown == invited


def test_both_contracts_show_one_user(v1: Client, v2: Client) -> None:  # A066
    made = v1.post("/users", json={"email": "ada@example.com"})
    assert (made.status_code, made.headers["Location"]) == (201, f"/v1/users/{made.json()['data']['id']}")
    data = made.json()["data"]
    assert data["invitation"]["expires_at"] == data["invitation_expires_at"]
    assert (data["role"], data["name"]) == ("member", None)
    assert v2.get(f"/users/{data['id']}").json()["email"] == "ada@example.com"
    assert v1.put(f"/users/{data['id']}", json={"name": "Ada"}).json()["data"]["name"] == "Ada"
    answer = v1.delete(f"/users/{data['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert v2.get(f"/users/{data['id']}").status_code == 404


def test_an_address_is_normalised_and_unique(v2: Client) -> None:
    people.invite(v2, "  Ada.Lovelace+API@Example.COM ")
    listed = v2.get("/users", params={"email": "ADA.lovelace+api@example.com"}).json()
    assert [user["email"] for user in listed["data"]] == ["ada.lovelace+api@example.com"]
    answer = v2.post("/users", json={"email": "ada.lovelace+api@EXAMPLE.com"})
    assert people.refusal(answer) == (409, "already_exists", "email")
    assert v2.get("/users").json()["total_count"] == 1


def test_an_address_is_free_in_the_other_mode_in_other_accounts_and_after_removal(
    tenant: Tenant, stranger: Tenant
) -> None:
    for owner, mode in ((tenant, "live"), (tenant, "test"), (stranger, "live")):
        with owner.client("/v2", mode=mode) as client:
            first = people.invite(client)
            client.delete(f"/users/{first['id']}")
            people.invite(client)


def test_one_of_many_at_once_gets_the_address(tenant: Tenant) -> None:
    def ask(_: int) -> int:
        with tenant.client("/v2") as client:
            return client.post("/users", json={"email": "ada@example.com"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(ask, range(8))) == [201] + [409] * 7


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada@example..com",
        "ada@-example.com",
        "ada lovelace@example.com",
        "ada@example.com\n",
        "ada\0@example.com",
        "ada\r\nBcc: x@example.com",
        "ada@example.com, eve@example.com",
        "a" * 65 + "@example.com",
        "ada@" + "a" * 64 + ".com",
        "ada@" + "a." * 130 + "com",
        "ädä@example.com",
        7,
        None,
    ],
)
def test_what_is_no_address_is_refused(v2: Client, email: object) -> None:
    answer = v2.post("/users", json={"email": email})
    assert people.refusal(answer) == (400, "parameter_invalid", "email")
    assert v2.get("/users").json()["total_count"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"name": "a\tb"},
        {"name": ""},
        {"name": "a" * 256},
        {"role": "root"},
        {"expires_in": 3599},
        {"expires_in": 2592001},
        {"expires_in": "x"},
    ],
)
def test_a_bad_field_is_named(v2: Client, body: dict[str, object]) -> None:
    answer = v2.post("/users", json={"email": "ada@example.com", **body})
    assert people.refusal(answer) == (400, "parameter_invalid", next(iter(body)))


@pytest.mark.parametrize("field", ["account_id", "mode", "created", "invitation_digest", "status", "id", "version"])
def test_what_the_server_sets_cannot_be_given(v2: Client, field: str) -> None:
    made = people.invite(v2)
    for answer in (
        v2.post("/users", json={"email": "eve@example.com", field: "x"}),
        v2.patch(f"/users/{made['id']}", json={field: "x"}),
    ):
        assert people.refusal(answer) == (400, "parameter_unknown", field)
    assert v2.patch(f"/users/{made['id']}", json={"email": "eve@example.com"}).status_code == 400


def test_lists_are_filtered_and_sorted(v1: Client, v2: Client) -> None:  # A054
    people.join(v2, "cy@example.com", "owner")
    people.join(v2, "ada@example.com", "viewer")
    people.invite(v2, "bob@example.com", role="viewer")

    def emails(**params: str | int) -> list[str]:
        return [user["email"][:3] for user in v1.get("/users", params=params).json()["data"]]

    assert emails(sort="email", order="asc") == ["ada", "bob", "cy@"]
    assert emails() == ["bob", "ada", "cy@"]
    assert emails(status="active", sort="email", order="desc") == ["cy@", "ada"]
    assert emails(role="viewer", sort="created_at", order="asc") == ["ada", "bob"]
    assert emails(role="viewer", status="invited") == ["bob"]
    assert emails(page=2, per_page=2) == ["cy@"]
    assert v1.get("/users", params={"sort": "role"}).status_code == 400
    page = v2.get("/users", params={"limit": 2}).json()
    assert (page["has_more"], page["total_count"]) == (True, 3)
    assert len(ids(v2.get("/users", params={"starting_after": page["data"][-1]["id"]}))) == 1


def test_the_last_active_owner_stays(v2: Client) -> None:
    first = people.join(v2, "first@example.com", "owner")
    people.invite(v2, "second@example.com", role="owner")
    for answer in (v2.patch(f"/users/{first['id']}", json={"role": "admin"}), v2.delete(f"/users/{first['id']}")):
        assert people.refusal(answer) == (409, "last_owner", None)
    assert v2.patch(f"/users/{first['id']}", json={"role": "owner", "name": "Ada"}).status_code == 200
    third = people.join(v2, "third@example.com", "owner")
    assert v2.patch(f"/users/{first['id']}", json={"role": "admin"}).status_code == 200
    assert people.refusal(v2.delete(f"/users/{third['id']}"))[1] == "last_owner"


def test_of_two_owners_who_leave_at_once_one_stays(tenant: Tenant, v2: Client) -> None:
    owners = [people.join(v2, f"{name}@example.com", "owner")["id"] for name in "abcd"]

    def leave(user_id: str) -> int:
        with tenant.client("/v2") as client:
            if user_id < owners[2]:
                return client.delete(f"/users/{user_id}").status_code
            return client.patch(f"/users/{user_id}", json={"role": "viewer"}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(leave, owners)) == [200, 200, 200, 409]
    assert v2.get("/users", params={"role": "owner"}).json()["total_count"] == 1


def test_a_removed_user_takes_their_keys_along(tenant: Tenant, v2: Client) -> None:
    client, user = people.acting_as(tenant, "member", "resources:read")
    other = people.new_key(v2, "resources:read")
    with client:
        assert client.get("/resources").status_code == 200
        gone = v2.delete(f"/users/{user['id']}").json()
        assert (gone["id"], gone["object"], gone["deleted"]) == (user["id"], "user", True)
        assert people.refusal(client.get("/resources")) == (401, "key_revoked", None)
    assert v2.get("/api-keys", params={"user": user["id"]}).json()["total_count"] == 0
    with tenant.client("/v2", key=other["key"]) as still:
        assert still.get("/resources").status_code == 200
    assert recorded.types_of(tenant)[-2:] == ["user.deleted", "api_key.deleted"]


def test_a_stale_revision_is_refused(v2: Client) -> None:
    made = people.invite(v2)
    target = f"/users/{made['id']}"
    etag = v2.get(target).headers["ETag"]
    assert v2.patch(target, json={"name": "Ada"}, headers={"If-Match": etag}).status_code == 200
    for answer in (
        v2.patch(target, json={"name": "Eve"}, headers={"If-Match": etag}),
        v2.delete(target, headers={"If-Match": etag}),
    ):
        assert answer.status_code == 412
    assert v2.get(target).json()["name"] == "Ada"


def test_what_happens_is_recorded_without_secrets(tenant: Tenant, v2: Client) -> None:  # A012
    invited = people.invite(v2)
    v2.post("/users/accept_invitation", json={"token": invited["invitation"]["token"], "name": "Ada"})
    v2.patch(f"/users/{invited['id']}", json={"role": "viewer"})
    v2.patch(f"/users/{invited['id']}", json={})
    v2.delete(f"/users/{invited['id']}")
    events = recorded.events_of(tenant)
    changed = ["user.created", "user.updated", "user.status_changed", "user.updated", "user.deleted"]
    assert [event.type for event in events] == changed
    before = events[3].previous_attributes
    assert before is not None
    assert (set(before), before["role"]) == ({"role", "updated"}, "member")
    for event in events:
        assert "digest" not in str(event)
        assert "inv_" not in str(event)
