"""The log of requests: what an entry shows, who sees it, filters and both ways to page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest

from tests.serving import Client, Server, Tenant, ids

REFUSED = [{"status": 99}, {"level": "fatal"}, {"type": "event"}, {"operation": "x"}, {"key": "key_1"}, {"sort": "id"}]


@pytest.fixture(params=["v1", "v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract."""
    with tenant.client(f"/{request.param}") as made:
        yield made


def entry(client: Client, answer: httpx2.Response) -> dict[str, Any]:
    """The log entry of a request."""
    found = client.get(f"/logs/{answer.headers['X-Request-Id']}")
    assert found.status_code == 200, found.text
    body = found.json()
    shown: dict[str, Any] = body.get("data", body)
    return shown


def test_an_entry_tells_about_its_request(v2: Client, tenant: Tenant, server: Server) -> None:  # A069 B121
    before = server.clock.now()
    answer = v2.post("/resources", json={"name": "Logged", "type": "production"})
    found = entry(v2, answer)
    assert before <= found.pop("created") <= server.clock.now()
    assert 0 < found.pop("duration_ms") < 60_000
    key = found.pop("key")
    assert key["id"].startswith("key_")
    assert tenant.live_key.startswith(key["prefix"])
    assert len(key["prefix"]) == 12
    assert found == {
        "id": answer.headers["X-Request-Id"],
        "object": "log",
        "type": "request",
        "level": "info",
        "message": "POST /v2/resources answered 201",
        "request_id": answer.headers["X-Request-Id"],
        "method": "POST",
        "path": "/v2/resources",
        "operation": "v2.resources.create_resource",
        "status": 201,
        "api_version": "2024-01-15",
        "error_code": None,
        "limiter": "admitted",
        "idempotency": "none",
        "resource": answer.json()["id"],
        "job": None,
    }


def test_what_created_a_resource_is_in_its_log(v2: Client) -> None:
    made = v2.post("/resources", json={"name": "Logged", "type": "production"}).json()["id"]
    v2.get(f"/resources/{made}")
    twins = [{"method": "POST", "path": "/v2/resources", "body": {"name": "Twin", "type": "production"}}]
    bad = {"method": "DELETE", "path": "/v2/resources/res_0"}
    assert v2.post("/batch", json={"atomic": True, "operations": [*twins, bad]}).status_code == 200
    found = v2.get("/logs", params={"type": "request", "resource": made}).json()["data"]
    assert [each["operation"] for each in found] == ["v2.resources.get_resource", "v2.resources.create_resource"]
    rolled_back = v2.get("/logs", params={"operation": "v2.resources.create_resource"}).json()["data"]
    assert [each["resource"] for each in rolled_back if each["status"] != 201] == [None]


def test_a_creation_that_is_answered_again_is_in_the_log_too(v2: Client) -> None:
    body, headers = {"name": "Logged", "type": "production"}, {"Idempotency-Key": "once"}
    made = [v2.post("/resources", json=body, headers=headers).json()["id"] for _ in range(2)]
    found = v2.get("/logs", params={"resource": made[0], "type": "request"}).json()["data"]
    assert [each["idempotency"] for each in found] == ["replayed", "stored"]
    assert {each["resource"] for each in found} == set(made)


def test_an_entry_in_the_envelope(v1: Client) -> None:  # A069
    resource = v1.create()
    answer = v1.get(f"/resources/{resource['id']}", headers={"API-Version": "2023-11-01"})
    found = entry(v1, answer)
    assert found["created_at"].endswith("Z")
    assert (found["operation"], found["api_version"]) == ("v1.resources.get_resource", "2023-11-01")
    assert (found["path"], found["resource"]) == (f"/v1/resources/{resource['id']}", resource["id"])
    assert "created" not in found


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/resources/res_01kb2m9p4bf4ks8f0xm0q5e3yt", {}, 404, "not_found"),
        ("GET", "/resources?limit=no", {}, 400, "parameter_invalid"),
        ("POST", "/resources", {"content": b"{"}, 415, "media_type_unsupported"),
        ("GET", "/resources", {"headers": {"API-Version": "2020-01-01"}}, 400, "parameter_invalid"),
    ],
)
def test_a_refused_request_has_an_entry(
    v2: Client, method: str, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    answer = v2.request(method, path, **sent)
    assert answer.status_code == status
    found = entry(v2, answer)
    assert (found["status"], found["level"], found["error_code"]) == (status, "warning", code)
    assert found["path"] == f"/v2{path}"
    assert found["message"] == f"{method} /v2{path.partition('?')[0]} answered {status}"


def test_the_link_of_an_error_leads_to_the_request(v2: Client, tenant: Tenant, stranger: Tenant) -> None:  # B120 B121
    answer = v2.get("/resources/123")
    link = answer.json()["error"]["request_log_url"]
    request_id = answer.headers["X-Request-Id"]
    assert link.endswith(f"/logs/{request_id}")
    path = link[link.index("/v2/") :]
    with tenant.client("") as owner, tenant.client("", mode="test") as other_mode, stranger.client("") as other:
        assert owner.get(path).json()["message"] == "GET /v2/resources/123 answered 404"
        assert [each.get(path).status_code for each in (other_mode, other)] == [404, 404]


def test_a_request_without_a_key_has_no_entry(keyless: Client, v2: Client) -> None:
    answer = keyless.get("/v2/resources")
    assert answer.status_code == 401
    assert v2.get(f"/logs/{answer.headers['X-Request-Id']}").status_code == 404
    assert keyless.get(f"/v2/logs/{answer.headers['X-Request-Id']}").status_code == 401


def test_a_key_without_the_scope_leaves_an_entry(v2: Client, tenant: Tenant) -> None:
    with tenant.client("/v2", key=tenant.key("resources:read")) as limited:
        answer = limited.get("/logs")
    assert answer.status_code == 403
    found = entry(v2, answer)
    assert (found["status"], found["error_code"]) == (403, "scope_missing")


def test_what_the_idempotency_key_came_to(v2: Client) -> None:
    body = {"name": "Once", "type": "production"}
    key = {"Idempotency-Key": "once"}
    sent = [
        v2.post("/resources", json=body),
        v2.post("/resources", json={**body, "name": ""}, headers=key),
        v2.post("/resources", json=body, headers=key),
        v2.post("/resources", json=body, headers=key),
        v2.post("/resources", json={**body, "name": "Other"}, headers=key),
    ]
    assert [each.status_code for each in sent] == [201, 400, 201, 201, 422]
    found = [entry(v2, each)["idempotency"] for each in sent]
    assert found == ["none", "none", "stored", "replayed", "refused"]


def test_a_head_request_and_one_not_modified_have_entries(v2: Client) -> None:
    head = v2.head("/resources")
    unchanged = v2.get("/resources", headers={"If-None-Match": head.headers["ETag"]})
    assert [(entry(v2, each)["method"], entry(v2, each)["status"]) for each in (head, unchanged)] == [
        ("HEAD", 200),
        ("GET", 304),
    ]


def test_filters_narrow_the_list(client: Client, tenant: Tenant, server: Server) -> None:
    created = client.post("/resources", json={"name": "A resource", "type": "production"})
    resource = created.headers["Location"].rpartition("/")[2]
    prefix = str(client.base_url.path).strip("/")
    read = client.get(f"/resources/{resource}")
    missing = client.get("/resources/res_01kb2m9p4bf4ks8f0xm0q5e3yt")
    with tenant.client(f"/{prefix}", key=tenant.key("projects:read")) as other:
        forbidden = other.get("/resources")
    key_id = entry(client, forbidden)["key"]["id"]
    asked: dict[str, tuple[dict[str, Any], list[httpx2.Response]]] = {
        "operation": ({"operation": f"{prefix}.resources.get_resource"}, [missing, read]),
        "status": ({"status": 404}, [missing]),
        "level": ({"level": "warning"}, [forbidden, missing]),
        "key": ({"key": key_id}, [forbidden]),
        "resource": ({"resource": resource}, [read, created]),
        "type": ({"type": "job"}, []),
        "past": ({"created[lte]": server.clock.now() - 3600}, []),
        "together": ({"type": "request", "level": "warning", "status": 403, "created[gte]": 0}, [forbidden]),
    }
    for name, (params, expected) in asked.items():
        answer = client.get("/logs", params=params)
        assert ids(answer) == [each.headers["X-Request-Id"] for each in expected], name
        body = answer.json()
        assert body.get("total_count", body.get("meta", {}).get("total_items")) == len(expected)


@pytest.mark.parametrize("params", REFUSED)
def test_a_filter_that_cannot_be_is_refused(client: Client, params: dict[str, Any]) -> None:
    assert client.get("/logs", params=params).status_code == 400


def test_pages_behind_a_cursor(v2: Client) -> None:
    made = [v2.get("/resources").headers["X-Request-Id"] for _ in range(5)]
    pages: list[Sequence[str]] = []
    cursor: dict[str, str] = {}
    while len(pages) < 3:
        answer = v2.get("/logs", params={"limit": 2, "operation": "v2.resources.list_resources", **cursor})
        assert answer.json()["total_count"] == 5
        pages.append(ids(answer))
        cursor = {"starting_after": pages[-1][-1]}
        assert answer.json()["has_more"] is (len(pages) < 3)
    assert [each for page in pages for each in page] == made[::-1]
    assert v2.get("/logs", params={"starting_after": "res_01kb2m9p4bf4ks8f0xm0q5e3yt"}).status_code == 400


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_with_numbers(v1: Client, order: str) -> None:
    made = [v1.get("/resources").headers["X-Request-Id"] for _ in range(5)]
    sorting = {"sort": "created_at", "order": order}
    params: dict[str, Any] = {"per_page": 2, "operation": "v1.resources.list_resources", **sorting}
    pages = [v1.get("/logs", params={**params, "page": number}) for number in (1, 2, 3, 4)]
    expected = made if order == "asc" else made[::-1]
    assert [ids(page) for page in pages] == [expected[:2], expected[2:4], expected[4:], []]
    assert {page.json()["meta"]["total_items"] for page in pages} == {5}


def test_each_sees_its_own(tenant: Tenant, stranger: Tenant) -> None:
    callers = [(owner, mode) for owner in (tenant, stranger) for mode in ("live", "test")]
    made = []
    for owner, mode in callers:
        with owner.client("/v2", mode=mode) as client:
            made.append(client.get("/resources").headers["X-Request-Id"])
    for number, (owner, mode) in enumerate(callers):
        with owner.client("/v2", mode=mode) as client:
            found = client.get("/logs")
            assert (ids(found), found.json()["total_count"]) == ([made[number]], 1)
            for other in made:
                assert client.get(f"/logs/{other}").status_code == (200 if other == made[number] else 404)


def test_the_log_is_only_read(v2: Client) -> None:
    request_id = v2.get("/resources").headers["X-Request-Id"]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert v2.request(method, f"/logs/{request_id}").status_code == 405


def test_a_page_of_the_past_is_not_modified(v2: Client, server: Server) -> None:
    params = {"created[lte]": server.clock.now() - 3600}
    tag = v2.get("/logs", params=params).headers["ETag"]
    assert v2.get("/logs", params=params, headers={"If-None-Match": tag}).status_code == 304


def test_the_reader_needs_the_scope(v2: Client, tenant: Tenant) -> None:
    request_id = v2.get("/resources").headers["X-Request-Id"]
    with tenant.client("/v2", key=tenant.key("logs:read")) as reader:
        assert reader.get(f"/logs/{request_id}").status_code == 200
        assert reader.get("/resources").status_code == 403
