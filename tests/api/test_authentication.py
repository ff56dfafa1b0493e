"""Who may call: keys, how they are sent, their scopes and their modes."""

from __future__ import annotations

import time

import pytest

from tests.api import recorded
from tests.serving import Client, Server, Tenant, ids


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_case_insensitive(keyless: Client, tenant: Tenant, scheme: str) -> None:  # A007
    answer = keyless.get("/v1/resources", headers={"Authorization": f"{scheme} {tenant.live_key}"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "{key}",
        "Basic {key}",
        "Token {key}",
        "Bearer {key} {key}",
        "Bearer {key},{key}",
        "Bearer: {key}",
        "Bearer {key}x",
        "Bearer {cut}",
        "Bearer {upper}",
        "Bearer sk_live_",
        "Bearer sk_test_{bare}",
        "Bearer nothing",
        "Bearer ÿ",
    ],
)
def test_what_is_not_a_bearer_key_is_refused(  # A007 A024
    keyless: Client, tenant: Tenant, header: str
) -> None:
    key = tenant.live_key
    sent = header.format(key=key, cut=key[:-1], upper=key.upper(), bare=key.removeprefix("sk_live_"))
    answer = keyless.get("/v1/resources", headers={b"Authorization": sent.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    assert key not in answer.text


def test_two_keys_are_refused(keyless: Client, tenant: Tenant) -> None:  # A007
    headers = [("Authorization", f"Bearer {tenant.live_key}"), ("Authorization", f"Bearer {tenant.test_key}")]
    assert keyless.get("/v2/resources", headers=headers).status_code == 401


def test_a_key_works_until_it_expires(tenant: Tenant, server: Server) -> None:  # A007
    key = tenant.key(expires=server.clock.now() + 3600)
    with tenant.client("/v2", key=key) as client:
        assert client.get("/resources").status_code == 200
        server.clock.offset = 3500
        assert client.get("/resources").status_code == 200
        server.clock.offset = 3600
        answer = client.get("/resources")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "key_expired")


def test_a_key_in_use_stops_when_it_is_revoked(tenant: Tenant) -> None:  # A007
    with tenant.client("/v2", key=(key := tenant.key())) as client:
        assert client.get("/resources").status_code == 200
        recorded.revoke(tenant, key)
        answer = client.get("/resources")
        # A server may remember a good key for a moment.
        for _ in range(1000):
            if answer.status_code != 200:
                break
            time.sleep(0.005)
            answer = client.get("/resources")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "key_revoked")


def test_revoking_one_key_leaves_the_others(tenant: Tenant, v2: Client) -> None:
    recorded.revoke(tenant, tenant.key())
    assert v2.get("/resources").status_code == 200


@pytest.mark.parametrize("scopes", [["*"], ["resources:*"], ["resources:read", "resources:write"]])
def test_scopes_by_name_by_kind_and_all(tenant: Tenant, scopes: list[str]) -> None:  # A025
    with tenant.client("/v2", key=tenant.key(*scopes)) as client:
        client.create()
        assert len(ids(client.get("/resources"))) == 1


@pytest.mark.parametrize("scopes", [["resource:read"], ["resources"], ["resources:rea"], ["r:*"], ["*:read"], ["**"]])
def test_a_scope_that_only_looks_alike_gives_nothing(tenant: Tenant, scopes: list[str]) -> None:  # A025
    with tenant.client("/v2", key=tenant.key(*scopes)) as client:
        assert client.get("/resources").status_code == 403


def test_a_key_that_may_read_may_not_write(tenant: Tenant, v2: Client) -> None:  # A025
    made = v2.create()
    with tenant.client("/v2", key=tenant.key("resources:read")) as client:
        assert client.get(f"/resources/{made['id']}").status_code == 200
        refused = [
            client.post("/resources", json={"name": "Another", "type": "production"}),
            client.patch(f"/resources/{made['id']}", json={"name": "Renamed"}),
            client.delete(f"/resources/{made['id']}"),
        ]
    assert {answer.status_code for answer in refused} == {403}
    assert {answer.json()["error"]["type"] for answer in refused} == {"permission_error"}
    assert v2.get("/resources").json()["total_count"] == 1
    assert v2.get(f"/resources/{made['id']}").json() == made


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_in_the_query_opens_nothing_here(keyless: Client, tenant: Tenant, method: str) -> None:  # B018
    answer = keyless.request(method, "/v1/resources", params={"api_key": tenant.live_key})
    assert answer.status_code == 401
    assert tenant.live_key not in answer.text


def test_a_test_key_sees_test_data_and_a_live_key_live_data(tenant: Tenant) -> None:  # B020 B021 B022
    with tenant.client("/v2", mode="test") as testing, tenant.client("/v2") as live:
        in_test, in_live = testing.create(name="In test"), live.create(name="In live")
        assert ids(testing.get("/resources")) == [in_test["id"]]
        assert ids(live.get("/resources")) == [in_live["id"]]
        assert testing.get(f"/resources/{in_live['id']}").status_code == 404
        assert live.get(f"/resources/{in_test['id']}").status_code == 404
