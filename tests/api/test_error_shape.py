"""The shape of errors of the Resource API reference."""

from __future__ import annotations

import re

import httpx2
import pytest

from domain import resources
from tests.serving import Client, Server, Tenant

FIELDS = {"type", "code", "message", "param", "doc_url", "request_id", "request_log_url"}
REQUEST_ID = re.compile(r"req_[0-9a-z]{16,32}")


def provoked(client: Client, tenant: Tenant) -> list[httpx2.Response]:
    """An error of each status that a client can cause."""
    path = f"/resources/{client.create()['id']}"
    client.patch(path, json={"name": "Once"}, headers={"Idempotency-Key": "one"})
    answers = [
        client.post("/resources", json={"name": "ab", "type": "production"}),
        client.post("/resources", content=b"{", headers={"Content-Type": "application/json"}),
        client.get("/resources", params={"limit": "0"}),
        client.get("/resources", headers={"Authorization": "Bearer wrong"}),
        client.get("/resources/123"),
        client.get("/unheard-of"),
        client.put("/resources"),
        client.patch(path, json={}, headers={"If-Match": '"9-0"'}),
        client.post("/resources", content=b"<a/>", headers={"Content-Type": "text/xml"}),
        client.patch(path, json={"name": "Twice"}, headers={"Idempotency-Key": "one"}),
    ]
    with tenant.client("/v2", key=tenant.key("resources:write")) as writer:
        answers.append(writer.get("/resources"))
    assert [answer.status_code for answer in answers] == [400, 400, 400, 401, 404, 404, 405, 412, 415, 422, 403]
    return answers


def test_every_error_has_the_same_shape(reference: Client, tenant: Tenant) -> None:  # B118 B119
    answers = provoked(reference, tenant)
    for answer in answers:
        body = answer.json()
        assert body.keys() == {"error"}
        assert body["error"].keys() - {"errors"} == FIELDS
        assert REQUEST_ID.fullmatch(body["error"]["request_id"])
        assert body["error"]["request_id"] == answer.headers["X-Request-Id"]
    assert len({answer.json()["error"]["request_id"] for answer in answers}) == len(answers)


def test_the_links_of_an_error(reference: Client, tenant: Tenant, keyless: Client) -> None:  # B120 B121
    for answer in provoked(reference, tenant):
        error = answer.json()["error"]
        assert error["doc_url"].endswith(f"/errors/{error['code']}")
        assert error["request_log_url"].endswith(f"/logs/{error['request_id']}")
        page = keyless.get(error["doc_url"])
        assert (page.status_code, error["code"] in page.text) == (200, True)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "ab", "type": "production"}, "name"),
        ({"name": "A resource"}, "type"),
        ({"name": "A resource", "type": "production", "configuration": {"timeout_ms": 1}}, "configuration.timeout_ms"),
        ({"name": "A resource", "type": "production", "metadata": {"team": 1}}, "metadata.team"),
    ],
)
def test_a_parameter_is_named(reference: Client, body: dict[str, object], param: str) -> None:  # B118
    error = reference.post("/resources", json=body).json()["error"]
    assert error["param"] == param
    assert error["message"].startswith(f"The '{param}' parameter ")
    assert [each["param"] for each in error["errors"]] == [param]


def test_no_parameter_is_named_where_none_is_wrong(reference: Client) -> None:  # B118
    refused = reference.get("/resources", headers={"Authorization": "Bearer wrong"})
    assert refused.json()["error"]["param"] is None


def test_a_type_stands_for_one_status(reference: Client, tenant: Tenant) -> None:  # B118
    pairs = {(answer.json()["error"]["type"], answer.status_code) for answer in provoked(reference, tenant)}
    assert len({kind for kind, _ in pairs}) == len({status for _, status in pairs}) == len(pairs)


def test_a_success_has_a_request_id_too(reference: Client) -> None:  # B119
    found = [reference.get("/resources").headers["X-Request-Id"] for _ in range(20)]
    assert all(REQUEST_ID.fullmatch(each) for each in found)
    assert len(set(found)) == 20


def test_a_request_id_of_the_client_is_not_taken(reference: Client) -> None:  # B119
    answer = reference.get("/resources", headers={"X-Request-Id": "req_0123456789abcdef"})
    assert answer.headers["X-Request-Id"] != "req_0123456789abcdef"


def test_a_fault_shows_nothing_of_the_inside(  # B118 B119
    reference: Client, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(f"secret of {server.settings.database}")

    monkeypatch.setattr(resources, "page", fail)
    answer = reference.get("/resources")
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (500, "api_error", None)
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert [word for word in ("secret", "Traceback", "sqlite", "postgresql", ".py") if word in answer.text] == []
