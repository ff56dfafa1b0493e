"""Webhooks: configured in both contracts, with a secret that is shown once, and bounded in number and in reach."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from domain import ids as object_ids
from storage import tables
from tests.api import operations, parallel, recorded
from tests.serving import Client, Server, Tenant, ids

URL = "https://hooks.example.com/platform"
MOST = 50


@pytest.fixture(params=["/v1", "/v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract with a live key."""
    with tenant.client(request.param) as made:
        yield made


def data(answer: httpx2.Response, status: int = 200) -> dict[str, Any]:
    """The object in an answer of either contract."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    found: dict[str, Any] = body.get("data", body)
    return found


def create(client: Client, **fields: Any) -> dict[str, Any]:
    """A new webhook."""
    return data(client.post("/webhooks", json={"url": URL, **fields}), 201)


def change(client: Client, webhook: dict[str, Any], **fields: Any) -> httpx2.Response:
    """Send a change in the way of the client's contract."""
    method = "PUT" if client.base_url.path.startswith("/v1") else "PATCH"
    return client.request(method, f"/webhooks/{webhook['id']}", json=fields)


def stored(tenant: Tenant) -> str:
    """All that the database holds of the tenant's webhooks, of their events and of kept answers."""
    mine = [
        sa.select(table).where(table.c.account_id == tenant.account_id)
        for table in (tables.webhook_endpoints, tables.events, tables.idempotency_keys)
    ]
    return recorded.read(tenant.server, lambda tx: str([tx.execute(statement).all() for statement in mine]))


def test_a_webhook_is_configured(client: Client) -> None:  # A055 A071
    made = create(client, events=["resource.created", "job.*"], description="Ours")
    shown = {name: value for name, value in made.items() if name != "secret"}
    assert shown["events"] == ["resource.created", "job.*"]
    assert (shown["url"], shown["description"], shown["status"]) == (URL, "Ours", "enabled")
    assert data(client.get(f"/webhooks/{made['id']}")) == shown
    assert client.get("/webhooks").json()["data"] == [shown]
    other = {"url": "https://example.com:8443/x?y=%20z", "events": ["*"], "description": None, "status": "disabled"}
    changed = data(change(client, made, **other))
    assert {name: changed[name] for name in other} == other
    assert client.delete(f"/webhooks/{made['id']}").status_code in (200, 204)
    assert client.get(f"/webhooks/{made['id']}").status_code == 404


def test_every_event_can_be_chosen(v2: Client) -> None:  # A056
    schema = operations.document().raw["components"]["schemas"]["WebhookEvent"]
    for event in schema["enum"]:
        assert create(v2, events=[event])["events"] == [event]
        v2.delete(f"/webhooks/{ids(v2.get('/webhooks'))[0]}")
    assert create(v2, events=schema["enum"])["events"] == schema["enum"]


def test_every_event_that_is_recorded_can_be_chosen(server: Server) -> None:  # A056
    selectable = operations.document().raw["components"]["schemas"]["WebhookEvent"]["enum"]
    happened = set()
    for each in operations.operations():
        tenant = server.tenant()
        with tenant.client("") as client:
            each.send(client, each.target(client))
        happened |= set(recorded.types_of(tenant))
    assert {"webhook.created", "settings.updated", "resource.updated", "project.deleted"} <= happened
    assert happened <= set(selectable)
    assert {f"{event.partition('.')[0]}.*" for event in happened} <= set(selectable)


def test_the_secret_is_shown_once_and_sealed(client: Client, tenant: Tenant) -> None:  # A071
    kept: dict[str, Any] = {"json": {"url": URL}, "headers": {"Idempotency-Key": "one"}}
    first, second = data(client.post("/webhooks", **kept), 201), create(client)
    assert data(client.post("/webhooks", **kept), 201) == first
    for made in (first, second):
        assert made["secret"].startswith("whsec_")
        assert len(base64.b64decode(made["secret"].removeprefix("whsec_"), validate=True)) == 32
        assert made["secret_last4"] == made["secret"][-4:]
    assert first["secret"] != second["secret"]
    later = [client.get("/webhooks").text, client.get(f"/webhooks/{first['id']}").text]
    later += [change(client, first, status="disabled").text, client.delete(f"/webhooks/{first['id']}").text]
    for text in (*later, stored(tenant)):
        assert first["secret"] not in text
        assert first["secret"].removeprefix("whsec_") not in text


def test_it_gets_what_the_settings_say(tenant: Tenant) -> None:
    with tenant.client("/v2") as v2, tenant.client("/v2", mode="test") as test:
        v2.patch("/settings", json={"webhook_defaults": {"events": ["user.*"], "api_version": "2023-11-01"}})
        made, other = create(v2), create(test)
        said = create(v2, events=["*"], api_version="2023-09-15")
    assert (made["events"], made["api_version"]) == (["user.*"], "2023-11-01")
    assert (other["events"], other["api_version"]) == (["*"], "2024-01-15")
    assert (said["events"], said["api_version"]) == (["*"], "2023-09-15")


@pytest.mark.parametrize(
    ("path", "headers", "version"),
    [
        ("/v1", {}, "2023-09-15"),
        ("/v1", {"API-Version": "2023-11-01"}, "2023-11-01"),
        ("/v1", {"API-Version": "2024-01-15"}, "2024-01-15"),
        ("/v2", {}, "2024-01-15"),
    ],
)
def test_else_it_is_pinned_to_the_version_of_the_request(
    tenant: Tenant, path: str, headers: dict[str, str], version: str
) -> None:
    with tenant.client(path, headers=headers) as client:
        assert create(client)["api_version"] == version


def test_what_happens_to_it_is_recorded(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        made = create(client)
        change(client, made, status="disabled", description="Off")
        change(client, made, status="disabled")
        client.delete(f"/webhooks/{made['id']}")
    happened = recorded.events_of(tenant)
    types = ["webhook.created", "webhook.updated", "webhook.status_changed", "webhook.deleted"]
    assert [event.type for event in happened] == types
    assert happened[1].previous_attributes == {"status": "enabled", "description": None, "updated": made["updated"]}


def test_one_more_than_the_most_is_refused(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        made = [create(client) for _ in range(MOST)]
        answer = client.post("/webhooks", json={"url": URL})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "limit_reached")
        with tenant.client("/v2", mode="test") as test:
            create(test)
        client.delete(f"/webhooks/{made[0]['id']}")
        create(client)
        assert client.get("/webhooks").json()["total_count"] == MOST


def test_the_limit_holds_for_requests_at_once(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        for _ in range(MOST - 2):
            create(client)
        statuses = parallel.at_once([lambda: client.post("/webhooks", json={"url": URL}).status_code] * 8)
        assert sorted(statuses) == [201] * 2 + [409] * 6
        assert client.get("/webhooks").json()["total_count"] == MOST


def test_it_is_filtered_sorted_and_paged_with_numbers(tenant: Tenant, server: Server) -> None:  # A054
    with tenant.client("/v1") as client:
        made = []
        for index in range(5):
            server.clock.offset = index * 10
            made.append(create(client, status="disabled" if index % 2 else "enabled")["id"])
        server.clock.offset = 100
        change(client, {"id": made[0]}, description="Changed last")
        assert ids(client.get("/webhooks")) == made[::-1]
        assert ids(client.get("/webhooks", params={"order": "asc"})) == made
        assert ids(client.get("/webhooks", params={"sort": "updated_at"}))[0] == made[0]
        assert ids(client.get("/webhooks", params={"status": "disabled"})) == [made[3], made[1]]
        page = client.get("/webhooks", params={"page": 2, "per_page": 2, "status": "enabled"}).json()
    assert [item["id"] for item in page["data"]] == [made[0]]
    assert (page["meta"]["total_items"], page["meta"]["total_pages"], page["meta"]["has_next"]) == (3, 2, False)


def test_it_is_filtered_and_paged_behind_a_cursor(v2: Client) -> None:  # A054
    made = [create(v2, status="disabled" if index % 2 else "enabled")["id"] for index in range(5)]
    first = v2.get("/webhooks", params={"limit": 2, "status": "enabled"}).json()
    assert (first["has_more"], first["total_count"]) == (True, 3)
    behind = {"limit": 2, "status": "enabled", "starting_after": first["data"][-1]["id"]}
    rest = v2.get("/webhooks", params=behind).json()
    assert [item["id"] for item in (*first["data"], *rest["data"])] == [made[4], made[2], made[0]]
    assert rest["has_more"] is False
    assert v2.get("/webhooks", params={"created[gte]": 253402300799}).json()["data"] == []


def test_pages_beyond_all_are_empty_and_bad_ones_refused(v1: Client, v2: Client) -> None:  # A054
    create(v1)
    far = v1.get("/webhooks", params={"page": 10**9}).json()
    assert (far["data"], far["meta"]["total_items"], far["meta"]["has_next"]) == ([], 1, False)
    for client, params in (
        (v1, {"page": 0}),
        (v1, {"page": 10**30}),
        (v1, {"per_page": 101}),
        (v1, {"sort": "url"}),
        (v1, {"order": "up"}),
        (v2, {"limit": 0}),
        (v2, {"starting_after": "res_01kb2m9p4bf4ks8f0xm0q5e3yt"}),
        (v2, {"status": "x" * 10_000}),
        (v2, {"status": ["enabled", "disabled"]}),
    ):
        answer = client.get("/webhooks", params=params)
        assert answer.status_code == 400
        assert next(iter(params)) in answer.text


def test_a_flood_of_filters_is_refused(server: Server, tenant: Tenant) -> None:
    query = "&".join(["status=enabled"] * 70_000).encode()
    request = b"GET /v2/webhooks?%b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\nConnection: close\r\n\r\n"
    try:
        answer = server.exchange(request % (query, tenant.live_key.encode()))
    except OSError:
        # The server need not read what it has refused already.
        return
    assert answer.split(b" ")[1] in (b"400", b"414", b"431")


def test_an_unknown_cursor_continues_at_its_place(v2: Client) -> None:
    before = create(v2)["id"]
    between = object_ids.new("whk")
    create(v2)
    assert ids(v2.get("/webhooks", params={"starting_after": between})) == [before]


REFUSED = [
    ("", "url"),
    ("hooks.example.com", "url"),
    ("//hooks.example.com/", "url"),
    ("ftp://hooks.example.com/", "url"),
    ("gopher://hooks.example.com/", "url"),
    ("file:///etc/passwd", "url"),
    ("javascript:alert(1)", "url"),
    ("https://", "url"),
    ("https:///path", "url"),
    ("https://:443/", "url"),
    ("https://hooks.example.com/" + "x" * 2048, "url"),
    ("https://hooks.example.com/a b", "url"),
    ("https://hooks.example.com/a\nb", "url"),
    ("https://hooks.example.com/\0", "url"),
    (" https://hooks.example.com/", "url"),
    ("https://hooks.example.com\\@127.0.0.1/", "url"),
    ("https://user:password@hooks.example.com/", "url"),
    ("https://user@hooks.example.com/", "url"),
    ("https://@hooks.example.com/", "url"),
    ("https://hooks.example.com/#fragment", "url"),
    ("https://hooks.example.com/#", "url"),
    ("https://hooks.example.com:0/", "url"),
    ("https://hooks.example.com:22/", "url"),
    ("https://hooks.example.com:65536/", "url"),
    ("https://hooks.example.com:99999999999/", "url"),
    ("https://hooks.exämple.com/", "url"),
    ("https://a..example.com/", "url"),
    ("https://%31%32%37.0.0.1/", "url"),
    ("https://" + "a" * 64 + ".example.com/", "url"),
    (None, "url"),
    (5, "url"),
    (["https://hooks.example.com/"], "url"),
]
PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "x.localhost", "0.0.0.0"),  # noqa: S104 - only parsed
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[fe80::1]", "[fe80::1%25eth0]"),
    *("[fc00::1]", "[fdff::1]", "[ff02::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2001::1]", "[64:ff9b::7f00:1]"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255"),
    *("169.254.169.254", "169.254.170.2", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "1.2.3.256", "[::1", "[x]", "[v1.x]"),
]
REACHABLE = [
    *("8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "198.17.0.1", "[2606:4700::1111]"),
    *("hooks.example.com", "hooks.example.com.", "xn--exmple-cua.com", "1.example.com", "a_b.example.com", "HOOKS.IO"),
    *("hooks.example.com:443", "hooks.example.com:80", "hooks.example.com:8080", "localhost.example.com"),
]


@pytest.mark.before_storage
@pytest.mark.parametrize(("url", "param"), REFUSED, ids=lambda value: repr(value)[:40])
def test_a_bad_url_is_refused(v2: Client, url: Any, param: str) -> None:
    answer = v2.post("/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert answer.json()["error"]["errors"][0]["pointer"] == "/url"
    assert v2.get("/webhooks").json()["data"] == []


@pytest.mark.before_storage
@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize("host", PRIVATE)
def test_a_private_address_is_refused(tenant: Tenant, host: str, mode: str) -> None:
    with tenant.client("/v1", mode=mode) as client:
        answer = client.post("/webhooks", json={"url": f"https://{host}/x"})
        assert answer.status_code == 400
        assert answer.json()["error"]["details"] == {"field": "url", "reason": "invalid_format"}


@pytest.mark.parametrize("host", REACHABLE)
def test_a_public_host_is_taken_as_it_is_written(v2: Client, host: str) -> None:
    assert create(v2, url=f"https://{host}/x?y=1")["url"] == f"https://{host}/x?y=1"


def test_a_webhook_cannot_be_led_astray_later(client: Client) -> None:
    made = create(client)
    for url in ("https://127.0.0.1/", "http://hooks.example.com/", "https://a:b@hooks.example.com/"):
        assert change(client, made, url=url).status_code == 400
    assert data(client.get(f"/webhooks/{made['id']}"))["url"] == URL


def test_plain_http_is_for_test_mode(tenant: Tenant) -> None:  # B020
    with tenant.client("/v2") as live, tenant.client("/v2", mode="test") as test:
        answer = live.post("/webhooks", json={"url": "http://hooks.example.com/"})
        assert answer.status_code == 400
        assert "https://" in answer.json()["error"]["message"]
        made = create(test, url="http://hooks.example.com/")
        assert live.get(f"/webhooks/{made['id']}").status_code == 404
        assert live.get("/webhooks").json()["data"] == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"events": []}, "events"),
    ({"events": "*"}, "events"),
    ({"events": ["*", "*"]}, "events"),
    ({"events": ["resource.exploded"]}, "events.0"),
    ({"events": ["resource.created", None]}, "events.1"),
    ({"events": None}, "events"),
    ({"status": "paused"}, "status"),
    ({"description": "x" * 1001}, "description"),
    ({"description": "\0"}, "description"),
    ({"api_version": "2024-01-16"}, "api_version"),
    ({"api_version": None}, "api_version"),
    # What the server alone sets.
    ({"secret": "whsec_mine"}, "secret"),
    ({"secret_last4": "mine"}, "secret_last4"),
    ({"sealed_secret": "x"}, "sealed_secret"),
    ({"id": "whk_01kb2m9p4bf4ks8f0xm0q5e3yt"}, "id"),
    ({"account_id": "acct_1"}, "account_id"),
    ({"mode": "test"}, "mode"),
    ({"version": 9}, "version"),
    ({"created": 0}, "created"),
]


@pytest.mark.before_storage
@pytest.mark.parametrize(("fields", "param"), BAD, ids=lambda value: str(value)[:40])
def test_bad_fields_are_refused(v2: Client, fields: dict[str, Any], param: str) -> None:
    answer = v2.post("/webhooks", json={"url": URL, **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    made = create(v2)
    answer = change(v2, made, **{"status": "disabled", **fields})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert data(v2.get(f"/webhooks/{made['id']}"))["status"] == "enabled"
