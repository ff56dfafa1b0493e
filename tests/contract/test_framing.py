"""Requests that are wrong as HTTP already, or nearly so: lengths, chunks, bytes and credentials."""

from __future__ import annotations

import re

import pytest

from tests.contract import wire
from tests.contract.wire import JSON, Request
from tests.serving import Server, Tenant

PATHS = ("/v1/resources", "/v2/resources", "/docs")
GOOD = b'{"name": "A resource", "type": "production"}'
LEAK = re.compile(rb"Traceback|File \"|[\w/.-]+\.py\b|site-packages")


def posted(*headers: tuple[str, str], body: bytes = GOOD) -> Request:
    return Request("POST", "PATH", body, [("Content-Type", JSON), *headers], sized=False)


LENGTH, CHUNKED = "Content-Length", ("Transfer-Encoding", "chunked")
SIZE = str(len(GOOD))
UNREADABLE = {
    "X8 letters as the length": posted((LENGTH, "abc")),
    "X8 a negative length": posted((LENGTH, "-5")),
    "X8 a length with a sign": posted((LENGTH, f"+{SIZE}")),
    "X8 a length in hex": posted((LENGTH, f"0x{len(GOOD):x}")),
    "X8 an empty length": posted((LENGTH, "")),
    "X8 a length beyond 2^64": posted((LENGTH, "9" * 30)),
    "two lengths that differ": posted((LENGTH, SIZE), (LENGTH, "1")),
    "a list of lengths": posted((LENGTH, f"{SIZE}, {SIZE}")),
    "a length and chunks": posted((LENGTH, SIZE), CHUNKED, body=wire.chunked(GOOD)),
    "a chunk without a size": posted(CHUNKED, body=b"x\r\n{}\r\n0\r\n\r\n"),
    "a byte beyond ASCII in the query": wire.get("PATH?limit=\xd9\xa5"),
    "a byte beyond ASCII in the path": wire.get("PATH/\xff"),
    "a query of 1 MB": wire.get("PATH?x=" + "a" * 1_000_000),
    "250,000 parameters": wire.get("PATH?" + "a=1&" * 250_000),
    "a header of 1 MB": wire.get("PATH", ("X-Long", "a" * 1_000_000)),
    "a header without a name": wire.get("PATH", ("", "a")),
    "a space before the colon": wire.get("PATH", ("Accept ", "a")),
    "no HTTP": Request("\x16\x03\x01", "\x01"),
    "an unknown method": Request("FOO", "PATH"),
    "a method in small letters": Request("get", "PATH"),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("request_", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_http_is_answered_in_json(server: Server, tenant: Tenant, path: str, request_: Request) -> None:
    """A016: a client that parses every answer as JSON can parse these too."""
    request_ = request_._replace(target=request_.target.replace("PATH", path))
    answer = wire.ask(server.port, request_, tenant.live_key)
    assert 400 <= answer.status < 500
    assert answer.json()["error"]["message"]
    assert not LEAK.search(answer.body)
    served = wire.ask(server.port, wire.get("/v2/resources"), tenant.live_key)
    assert (served.status, served.json()["total_count"]) == (200, 0)


AUTHORIZATIONS = {  # A007
    "none": [],
    "empty": [""],
    "no key": ["Bearer"],
    "only spaces": ["Bearer   "],
    "another scheme": ["Basic KEY"],
    "no scheme": ["KEY"],
    "two keys": ["Bearer KEY KEY"],
    "a key in a list": ["Bearer KEY,KEY"],
    "repeated": ["Bearer KEY", "Bearer KEY"],
    "repeated, one of them bad": ["Bearer nothing", "Bearer KEY"],
    "bytes beyond ASCII": ["Bearer KEY\xff"],
    "cut off": ["Bearer CUT"],
    "a byte more": ["Bearer KEYx"],
    "long": ["Bearer " + "a" * 50_000],
}


@pytest.mark.parametrize("contract", ["v1", "v2"])
@pytest.mark.parametrize("values", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS.keys())
def test_bad_credentials_are_a_401(server: Server, tenant: Tenant, contract: str, values: list[str]) -> None:
    key = tenant.live_key
    headers = [("Authorization", value.replace("KEY", key).replace("CUT", key[:-1])) for value in values]
    answer = wire.ask(server.port, wire.get(f"/{contract}/resources", *headers), None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["code"] in ("UNAUTHORIZED", "key_missing", "key_invalid")
    assert key.encode() not in answer.body


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "BeArEr"])
def test_the_scheme_may_be_written_in_any_case(server: Server, tenant: Tenant, scheme: str) -> None:  # A007
    request = wire.get("/v2/resources", ("authorization", f"{scheme}  {tenant.live_key} "))
    assert wire.ask(server.port, request, None).status == 200


def test_a_client_that_hangs_up_leaves_nothing_behind(server: Server, tenant: Tenant) -> None:
    with wire.connected(server.port) as connection:
        connection.send(posted((LENGTH, "1000")), tenant.live_key)
    answer = wire.ask(server.port, wire.get("/v2/resources"), tenant.live_key)
    assert answer.json()["total_count"] == 0
