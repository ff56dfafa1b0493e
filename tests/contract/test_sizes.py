"""How large requests may be, and how large the answers to bad ones are."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.contract import wire
from tests.contract.wire import FORM, JSON, Answer, Request
from tests.serving import Server, Tenant

MOST_BYTES = 10 * 1024 * 1024
MANY = 100_000
MOST_ERRORS = 100
MOST_ANSWER_BYTES = 100_000


def padded(size: int) -> bytes:
    return b'{"name": "A resource", "type": "production"}'.ljust(size)


def sized(path: str, size: int) -> Request:
    return wire.post(path, padded(size))


def in_chunks(path: str, size: int) -> Request:
    headers = [("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    return Request("POST", path, wire.chunked(padded(size)), headers, sized=False)


@pytest.fixture(params=["v1", "v2"])
def path(request: pytest.FixtureRequest) -> str:
    """The path of the resources in each contract."""
    return f"/{request.param}/resources"


def count(tenant: Tenant) -> int:
    """How many resources the tenant has."""
    return int(wire.ask(tenant.server.port, wire.get("/v2/resources"), tenant.live_key).json()["total_count"])


@pytest.mark.parametrize("make", [sized, in_chunks])
def test_ten_mebibytes_are_taken(tenant: Tenant, path: str, make: Callable[[str, int], Request]) -> None:  # B091
    answer = wire.ask(tenant.server.port, make(path, MOST_BYTES), tenant.live_key)
    assert answer.status == 201, answer.body
    assert count(tenant) == 1


@pytest.mark.parametrize("make", [sized, in_chunks])
def test_a_byte_more_is_refused(tenant: Tenant, path: str, make: Callable[[str, int], Request]) -> None:  # B091
    answer = wire.ask(tenant.server.port, make(path, MOST_BYTES + 1), tenant.live_key)
    assert answer.status == 413
    assert answer.json()["error"]["code"] in ("PAYLOAD_TOO_LARGE", "body_too_large")
    assert count(tenant) == 0


def test_a_large_length_is_refused_before_the_body_is_sent(tenant: Tenant, path: str) -> None:
    headers = [("Content-Type", JSON), ("Content-Length", str(MOST_BYTES + 1))]
    request = Request("POST", path, b"", headers, sized=False)
    assert wire.ask(tenant.server.port, request, tenant.live_key).status == 413


def test_a_client_that_waits_for_leave_is_refused(tenant: Tenant, path: str) -> None:
    headers = [("Content-Type", JSON), ("Content-Length", str(MOST_BYTES + 1)), ("Expect", "100-continue")]
    request = Request("POST", path, b"", headers, sized=False)
    assert wire.ask(tenant.server.port, request, tenant.live_key).status == 413


def many_keys(name: str, value: object) -> str:
    return json.dumps({f"{name}{number}": value for number in range(MANY)})


BODIES = {
    "unknown keys": (JSON, many_keys("k", 1)),
    "metadata": (JSON, f'{{"name": "Good", "type": "production", "metadata": {many_keys("k", "1")}}}'),
    "wrong metadata": (JSON, f'{{"name": "Good", "type": "production", "metadata": {many_keys("k", 1)}}}'),
    "one key again and again": (JSON, "{" + ",".join(['"k": 1'] * MANY) + "}"),
    "a long key": (JSON, json.dumps({"k" * 5_000_000: 1})),
    "a long value": (JSON, json.dumps({"name": "k" * 5_000_000, "type": "k" * 5_000_000})),
    "colons in a text": (JSON, json.dumps({"name": '":' * 1_000_000, "type": "production"})),
    "unknown fields": (FORM, "&".join(f"k{number}=1" for number in range(MANY))),
    "one field again and again": (FORM, "&".join(["k=1"] * MANY)),
    "fields without a name": (FORM, "&".join(["[]=1"] * MANY)),
    "a field with a deep name": (FORM, "a" + "[b]" * MANY + "=1"),
    "members": (FORM, "name=Good&type=production&" + "&".join(f"metadata[k{number}]=1" for number in range(MANY))),
    "ampersands": (FORM, "&" * 1_000_000),
}
QUERIES = {
    "unknown parameters": "&".join(f"k{number}=1" for number in range(5_000)),
    "one parameter again and again": "&".join(["status=active"] * 4_000),
    "a long name": "k" * 50_000 + "=1",
    "a long value": "status=" + "k" * 50_000,
}


def check_short(answer: Answer) -> None:
    """A 400 that lists no more than a person would read."""
    assert answer.status == 400
    assert len(answer.body) < MOST_ANSWER_BYTES
    assert len(answer.json()["error"].get("errors", [])) <= MOST_ERRORS


@pytest.mark.parametrize(("media_type", "body"), BODIES.values(), ids=BODIES.keys())
def test_a_body_full_of_faults_has_a_short_answer(tenant: Tenant, path: str, media_type: str, body: str) -> None:
    check_short(wire.ask(tenant.server.port, wire.post(path, body, media_type), tenant.live_key))
    assert count(tenant) == 0


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_a_query_full_of_faults_has_a_short_answer(tenant: Tenant, path: str, query: str) -> None:
    check_short(wire.ask(tenant.server.port, wire.get(f"{path}?{query}"), tenant.live_key))


def test_a_query_that_is_long_but_valid_is_served(server: Server, tenant: Tenant) -> None:
    query = "&".join(["expand[]=logs", "expand[]=metrics", "expand[]=related_resources", "created[gte]=0", "&" * 1000])
    assert wire.ask(server.port, wire.get(f"/v2/resources?{query}"), tenant.live_key).status == 200
