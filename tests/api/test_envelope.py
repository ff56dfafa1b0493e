"""The shape of `/v1`: the envelope, its statuses and its errors."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator

import httpx2
import pytest

from domain import resources
from storage.database import DeadlineExceeded, Unavailable
from tests.serving import Client, Server, Tenant

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TYPELESS = {"name": "A resource"}


def seconds(timestamp: str) -> int:
    """The unix seconds of a timestamp of `/v1`."""
    return int(datetime.datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC).timestamp())


def test_a_success_stands_in_an_envelope(v1: Client, server: Server) -> None:  # A017 A021
    before = server.clock.now()
    answer = v1.post("/resources", json={"name": "example", "type": "processor"})
    after = server.clock.now()
    body = answer.json()
    assert answer.status_code == 201
    assert body.keys() == {"status", "data", "meta"}
    assert body["status"] == "success"
    assert isinstance(body["data"]["id"], str)
    assert body["data"]["name"] == "example"
    assert TIMESTAMP.fullmatch(body["meta"]["timestamp"])
    assert before <= seconds(body["meta"]["timestamp"]) <= after
    assert before <= seconds(body["data"]["created_at"]) <= after


def test_what_was_created_is_at_its_location(v1: Client, keyless: Client, tenant: Tenant) -> None:  # A021 A020
    answer = v1.post("/resources", json={"name": "example", "type": "processor"})
    read = keyless.get(answer.headers["Location"], headers={"Authorization": f"Bearer {tenant.live_key}"})
    assert read.status_code == 200
    assert read.json()["data"] == answer.json()["data"]


def test_a_missing_name_is_told_exactly_so(v1: Client) -> None:  # A018 A023
    answer = v1.post("/resources", json={"type": "processor"})
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error",
        "error": {
            "code": "INVALID_REQUEST",
            "message": "Invalid parameter: name is required",
            "details": {"field": "name", "reason": "required_field_missing"},
        },
    }


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "ab", "too_short"),
        ("name", "x" * 256, "too_long"),
        ("name", 7, "wrong_type"),
        ("type", "unheard-of", "unknown_value"),
        ("config.timeout", 0, "too_small"),
        ("config.timeout", 31, "too_large"),
        ("config.timeout", "soon", "wrong_type"),
        ("unheard_of", 1, "unknown_field"),
    ],
)
def test_each_reason_has_its_name(v1: Client, field: str, value: object, reason: str) -> None:  # A019
    outer, _, inner = field.partition(".")
    sent = {"name": "A resource", "type": "processor", outer: {inner: value} if inner else value}
    answer = v1.post("/resources", json=sent)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {"field": field, "reason": reason}


def test_put_and_delete(v1: Client) -> None:  # A020 A022
    made = v1.create()
    assert v1.put(f"/resources/{made['id']}", json={"name": "Renamed"}).status_code == 200
    gone = v1.delete(f"/resources/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert "Content-Type" not in gone.headers
    assert {v1.get(f"/resources/{made['id']}").status_code, v1.delete(f"/resources/{made['id']}").status_code} == {404}


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/*;q=0.1", "text/html", "x", ";", ""])
def test_an_answer_is_json_whatever_is_accepted(  # A014
    keyless: Client, tenant: Tenant, accept: str | None
) -> None:
    del keyless.headers["Accept"]
    headers = {"Authorization": f"Bearer {tenant.live_key}", **({} if accept is None else {"Accept": accept})}
    answer = keyless.get("/v1/resources", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_is_taken(v1: Client, content_type: str) -> None:  # A013
    content = b'{"name": "A resource", "type": "processor"}'
    assert v1.post("/resources", content=content, headers={"Content-Type": content_type}).status_code == 201


def test_a_read_with_a_content_type_and_no_body(v1: Client) -> None:  # A015
    assert v1.get("/resources", headers={"Content-Type": "application/json"}).status_code == 200


def client_errors(client: Client, tenant: Tenant) -> Iterator[tuple[int, httpx2.Response]]:
    """A provoked answer for each status that a client can cause."""
    made = client.create()
    place = f"/resources/{made['id']}"
    yield 400, client.post("/resources", json=TYPELESS)
    yield 401, client.get("/resources", headers={"Authorization": "Bearer wrong"})
    with tenant.client("/v1", key=tenant.key("resources:write")) as writer:
        yield 403, writer.get("/resources")
    yield 404, client.get("/resources/123")
    yield 404, client.get("/unheard-of")
    yield 404, client.get("/")
    yield 405, client.request("PATCH", "/resources")
    yield 412, client.put(place, json={"name": "Renamed"}, headers={"If-Match": '"0-0"'})
    yield 413, client.post("/resources", content=b" " * (10485760 + 1), headers={"Content-Type": "application/json"})
    yield 415, client.post("/resources", content=b"<a/>", headers={"Content-Type": "text/xml"})
    client.put(place, json={"name": "Once"}, headers={"Idempotency-Key": "one"})
    yield 422, client.put(place, json={"name": "Twice"}, headers={"Idempotency-Key": "one"})


def check_error(answer: httpx2.Response, status: int) -> None:
    """The answer is an error that a client of `/v1` can read."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["status"] == "error"
    assert body["error"]["code"] == body["error"]["code"].upper()
    assert isinstance(body["error"]["message"], str)
    assert len(body["error"]["message"]) > 10


def test_every_error_of_a_client_is_json_with_a_message(v1: Client, tenant: Tenant) -> None:  # A016 A018 A084
    seen = set()
    for status, answer in client_errors(v1, tenant):
        check_error(answer, status)
        seen.add(status)
    assert seen == {400, 401, 403, 404, 405, 412, 413, 415, 422}


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (500, RuntimeError("in line 7")),
        (503, Unavailable("in line 7", retry_after=7)),
        (504, DeadlineExceeded("in line 7")),
    ],
)
def test_every_error_of_the_server_is_json_with_a_message(  # A016 A028 A029 A084
    v1: Client, monkeypatch: pytest.MonkeyPatch, status: int, fault: Exception
) -> None:
    monkeypatch.setattr(resources, "page", failing(fault))
    answer = v1.get("/resources")
    check_error(answer, status)
    assert answer.headers.get("Retry-After") == ("7" if status == 503 else None)
    assert str(fault) not in answer.text


def failing(fault: Exception) -> Callable[..., object]:
    """A function that raises."""

    def fail(*_: object, **__: object) -> object:
        raise fault

    return fail
