"""The settings of an account: read, changed, guarded, recorded, and what they decide."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.api import operations, recorded
from tests.serving import Client, Server, Tenant

DEFAULTS = {
    "name": "Tenant",
    "default_api_version": None,
    "log_retention_days": 30,
    "webhook_defaults": {"events": ["*"], "api_version": None},
}
OLDEST, MIDDLE, NEWEST = "2023-09-15", "2023-11-01", "2024-01-15"


def change(client: Client, **fields: Any) -> httpx2.Response:
    """Send a change to the settings in the way of the client's contract."""
    method = "PUT" if client.base_url.path.startswith("/v1") else "PATCH"
    return client.request(method, "/settings", json=fields)


def shown(answer: httpx2.Response) -> dict[str, Any]:
    """The settings in an answer of either contract."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found: dict[str, Any] = body.get("data", body)
    return found


def test_a_new_account_has_settings(v1: Client, v2: Client) -> None:  # A072
    first, second = shown(v1.get("/settings")), shown(v2.get("/settings"))
    assert {name: first[name] for name in DEFAULTS} == {name: second[name] for name in DEFAULTS} == DEFAULTS
    assert first.keys() - DEFAULTS.keys() == {"updated_at"}
    assert second.keys() - DEFAULTS.keys() == {"object", "updated"}
    assert second["object"] == "settings"


@pytest.mark.parametrize("prefix", ["/v1", "/v2"])
@pytest.mark.parametrize(
    "fields",
    [
        {"name": "N"},
        {"name": "名" * 255},
        {"default_api_version": NEWEST},
        {"log_retention_days": 1},
        {"log_retention_days": 365},
        {"webhook_defaults": {"events": ["resource.*", "job.failed"], "api_version": MIDDLE}},
        {**DEFAULTS, "name": "All at once"},
    ],
)
def test_what_is_set_is_kept(tenant: Tenant, prefix: str, fields: dict[str, Any]) -> None:  # A072
    with tenant.client(prefix, headers={"API-Version": NEWEST if prefix == "/v2" else OLDEST}) as client:
        changed = shown(change(client, **fields))
        assert {name: changed[name] for name in DEFAULTS} == {**DEFAULTS, **fields}
        assert shown(client.get("/settings")) == changed


def test_a_part_of_the_webhook_defaults_is_set_alone(v2: Client) -> None:
    change(v2, webhook_defaults={"api_version": OLDEST})
    changed = shown(change(v2, webhook_defaults={"events": ["user.*"]}))
    assert changed["webhook_defaults"] == {"events": ["user.*"], "api_version": OLDEST}


def test_modes_and_accounts_have_their_own(tenant: Tenant, stranger: Tenant) -> None:  # B020 B022
    with tenant.client("/v2") as live:
        change(live, name="Live", log_retention_days=7)
    for owner, mode in ((tenant, "test"), (stranger, "live"), (stranger, "test")):
        with owner.client("/v2", mode=mode) as client:
            assert shown(client.get("/settings"))["name"] == "Tenant"


def test_an_etag_of_another_guards_nothing_here(tenant: Tenant) -> None:
    with tenant.client("/v2") as live, tenant.client("/v2", mode="test") as test:
        tag = live.get("/settings").headers["ETag"]
        assert test.get("/settings", headers={"If-None-Match": tag}).status_code == 200
        answer = test.patch("/settings", json={"name": "New"}, headers={"If-Match": tag})
    assert answer.status_code == 412


def test_a_change_in_between_is_noticed(tenant: Tenant) -> None:
    with tenant.client("/v1") as v1, tenant.client("/v2") as v2:
        tag = v1.get("/settings").headers["ETag"]
        first = v2.patch("/settings", json={"name": "First"}, headers={"If-Match": tag})
        second = v1.put("/settings", json={"name": "Second"}, headers={"If-Match": tag})
        assert (first.status_code, second.status_code) == (200, 412)
        assert shown(v2.get("/settings"))["name"] == "First"
        third = v1.put("/settings", json={"name": "Third"}, headers={"If-Match": first.headers["ETag"]})
        assert shown(third)["name"] == "Third"


def test_a_change_is_an_event_with_what_changed(tenant: Tenant, server: Server) -> None:
    with tenant.client("/v2") as client:
        before = shown(client.get("/settings"))
        server.clock.offset = 100
        change(client, name="New", webhook_defaults={"events": ["job.*"]}, log_retention_days=30)
    (event,) = recorded.events_of(tenant)
    assert event.type == "settings.updated"
    assert event.previous_attributes == {
        "name": "Tenant",
        "webhook_defaults": {"events": ["*"]},
        "updated": before["updated"],
    }
    assert (event.object["name"], event.object["webhook_defaults"]["events"]) == ("New", ["job.*"])


@pytest.mark.parametrize("fields", [{}, DEFAULTS, {"webhook_defaults": {}}])
def test_no_change_is_no_event(tenant: Tenant, server: Server, fields: dict[str, Any]) -> None:
    with tenant.client("/v2") as client:
        before = client.get("/settings")
        server.clock.offset = 100
        answer = change(client, **fields)
    assert (shown(answer), answer.headers["ETag"]) == (shown(before), before.headers["ETag"])
    assert recorded.events_of(tenant) == []


def test_the_default_version_holds_from_the_next_request_on(tenant: Tenant) -> None:
    with tenant.client("/v1") as client:
        for version in (MIDDLE, NEWEST, OLDEST):
            changed = client.put("/settings", json={"default_api_version": version}, headers={"API-Version": OLDEST})
            assert changed.status_code == 200
            assert client.get("/resources").headers["API-Version"] == version


def test_the_default_version_gives_way_to_the_path(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        change(client, default_api_version=MIDDLE)
        assert client.get("/settings").headers["API-Version"] == NEWEST


def test_the_versions_are_those_of_the_document() -> None:
    raw = operations.document().raw
    dated = list(raw["x-api-versions"])
    schemas = raw["components"]["schemas"]
    assert schemas["DatedVersion"]["enum"] == dated
    assert schemas["DefaultApiVersion"]["enum"] == schemas["DefaultWebhookVersion"]["enum"] == [*dated, None]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x" * 256}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "a\x7fb"}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"name": None}, "name"),
    ({"name": 5}, "name"),
    ({"default_api_version": "2024-01-16"}, "default_api_version"),
    ({"default_api_version": ""}, "default_api_version"),
    ({"log_retention_days": 0}, "log_retention_days"),
    ({"log_retention_days": 366}, "log_retention_days"),
    ({"log_retention_days": 1.5}, "log_retention_days"),
    ({"log_retention_days": "30"}, "log_retention_days"),
    ({"log_retention_days": 10**30}, "log_retention_days"),
    ({"webhook_defaults": None}, "webhook_defaults"),
    ({"webhook_defaults": {"events": []}}, "webhook_defaults.events"),
    ({"webhook_defaults": {"events": ["*", "*"]}}, "webhook_defaults.events"),
    ({"webhook_defaults": {"events": ["resource.exploded"]}}, "webhook_defaults.events.0"),
    ({"webhook_defaults": {"api_version": "2024"}}, "webhook_defaults.api_version"),
    ({"webhook_defaults": {"url": "https://example.com"}}, "webhook_defaults.url"),
    # What an account has beside its settings, and what the server alone sets.
    ({"plan": "enterprise"}, "plan"),
    ({"account_id": "acct_1"}, "account_id"),
    ({"mode": "test"}, "mode"),
    ({"updated": 0}, "updated"),
    ({"version": 7}, "version"),
    ({"id": "x"}, "id"),
]


@pytest.mark.parametrize(("fields", "param"), BAD, ids=lambda value: str(value)[:40])
def test_bad_settings_are_refused_as_a_whole(tenant: Tenant, fields: dict[str, Any], param: str) -> None:
    with tenant.client("/v2") as client:
        before = shown(client.get("/settings"))
        answer = change(client, **{"name": "Good", "log_retention_days": 9, **fields})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param
        assert shown(client.get("/settings")) == before
    assert recorded.events_of(tenant) == []


def test_settings_are_neither_made_nor_deleted(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        for method in ("POST", "DELETE", "PUT"):
            answer = client.request(method, "/settings")
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, PATCH, OPTIONS")
