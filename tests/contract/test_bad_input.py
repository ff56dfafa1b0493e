"""Nothing that a client can send is a 500: bad requests over a real socket, in both contracts.

X1 to X24 are the defects that stock Connexion 3.3.0 shows with the same requests.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Any, NamedTuple

import pytest

from contract.schemas import Schemas
from tests.contract import wire
from tests.contract.wire import FORM, JSON, Answer, Request
from tests.serving import Client, Server, Tenant

CONTRACTS = ("v1", "v2")
GOOD = '{"name": "A resource", "type": "production"}'
LEAK = re.compile(rb"Traceback|File \"|[\w/.-]+\.py\b|site-packages")


class Case(NamedTuple):
    """A request and its answer: the status, and for an error its code in x-errors, its reason and its parameter."""

    id: str
    request: Request
    status: int
    code: str = ""
    reason: str | None = None
    param: str | None = None


WITH_METADATA = '{"name": "Good", "type": "production", "metadata": %s}'
TIMEOUT = {"v1": ("config", "timeout"), "v2": ("configuration", "timeout_ms")}
Fault = tuple[str, str, str | None]  # code, reason, parameter
MALFORMED: Fault = ("body_malformed", "malformed", None)


def not_json(contract: str) -> list[Case]:
    """Bodies that are not JSON, or not in UTF-8, or deeper and larger than JSON may be."""
    bodies: dict[str, bytes | str] = {
        "X2 invalid UTF-8": b'{"name": "\xff\xfe", "type": "production"}',
        "X2 a surrogate in UTF-8": b'{"name": "abc\xed\xa0\x80", "type": "production"}',
        "X3 100,000 open brackets": "[" * 100_000,
        "X3 100,000 open braces": '{"a":' * 100_000,
        "X3 300 nested arrays": WITH_METADATA % ("[" * 300 + "]" * 300),
        "X3 1,000 nested arrays": WITH_METADATA % ("[" * 1000 + "]" * 1000),
        "X3 1,500 nested arrays": WITH_METADATA % ("[" * 1500 + "]" * 1500),
        "X3 500 nested objects": WITH_METADATA % ('{"a":' * 500 + '"x"' + "}" * 500),
        "X4 5,000 digits": f'{{"name": {"9" * 5000}}}',
        "X11 NaN": '{"name": NaN, "type": "production"}',
        "X11 Infinity": '{"name": -Infinity, "type": "production"}',
        "X11 1e999": '{"name": 1e999, "type": "production"}',
        "X13 a raw control character": '{"name": "Go\0od", "type": "production"}',
        "X13 a high surrogate alone": '{"name": "Good\\ud800", "type": "production"}',
        "X13 a low surrogate alone": '{"name": "Good\\udc00", "type": "production"}',
        "X13 a surrogate in a free key": WITH_METADATA % '{"\\ud800": "b"}',
        "only space": " ",
        "a byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
        "two values": GOOD + GOOD,
    }
    path = f"/{contract}/resources"
    return [Case(name, wire.post(path, body), 400, *MALFORMED) for name, body in bodies.items()]


def wrong_json(contract: str) -> list[Case]:
    """JSON that the schema does not allow, or whose keys contradict each other."""
    invalid = "parameter_invalid"
    bodies: dict[str, tuple[str, Fault]] = {
        "X12 a key twice": ('{"name": "a", "name": "b"}', (invalid, "duplicate", "name")),
        "X12 a key twice, written differently": (
            WITH_METADATA % '{"a": "1", "\\u0061": "2"}',
            (invalid, "duplicate", "a"),
        ),
        "X13 NUL in a value": ('{"type": "production", "name": "Go\\u0000od"}', (invalid, "invalid_format", "name")),
        "X13 NUL in a free key": (WITH_METADATA % '{"a\\u0000": "b"}', (invalid, "invalid_format", "metadata.a\0")),
        "X13 NUL in a free value": (WITH_METADATA % '{"a": "\\u0000"}', (invalid, "invalid_format", "metadata.a")),
        "X16 an unknown property": (
            GOOD[:-1] + ', "livemode": true}',
            ("parameter_unknown", "unknown_field", "livemode"),
        ),
        "null is no string": ('{"type": "production", "name": null}', (invalid, "wrong_type", "name")),
        "no body": ("", ("parameter_missing", "required_field_missing", None)),
    }
    bodies |= {f"{body} is no object": (body, (invalid, "wrong_type", None)) for body in ("null", "[]", '"x"', "1")}
    numbers = {str(2**63): "too_large", str(2**64): "too_large", str(-(2**63) - 1): "too_small", "1000.5": "wrong_type"}
    config, timeout = TIMEOUT[contract]
    for text, reason in {**numbers, "true": "wrong_type", '"1000"': "wrong_type"}.items():
        body = f'{{"name": "Good", "type": "production", "{config}": {{"{timeout}": {text}}}}}'
        bodies[f"8.7 {text}"] = body, (invalid, reason, f"{config}.{timeout}")
    path = f"/{contract}/resources"
    return [Case(name, wire.post(path, body), 400, *fault) for name, (body, fault) in bodies.items()]


def in_forms(contract: str) -> list[Case]:
    """Form bodies."""
    path = f"/{contract}/resources"
    config, timeout = TIMEOUT[contract]

    def case(name: str, added: str | bytes, code: str, reason: str, param: str | None) -> Case:
        body = b"name=Good&type=production&" + (added if isinstance(added, bytes) else added.encode())
        return Case(name, wire.post(path, body, FORM), 400, code, reason, param)

    def valued(value: str) -> Case:
        return case(
            f"X17 {value} is no integer",
            f"{config}[{timeout}]={value}",
            "parameter_invalid",
            "wrong_type",
            f"{config}.{timeout}",
        )

    return [
        case("X20 a field twice", "name=Other", "parameter_invalid", "duplicate", "name"),
        case("X20 a member twice", "metadata[a]=1&metadata[a]=2", "parameter_invalid", "duplicate", "metadata.a"),
        case("X20 a value and members", "metadata=1&metadata[a]=2", "parameter_invalid", "duplicate", "metadata.a"),
        case("X16 an unknown field", "livemode=true", "parameter_unknown", "unknown_field", "livemode"),
        case("X16 an unknown member", f"{config}[limit]=1", "parameter_unknown", "unknown_field", f"{config}.limit"),
        case("X1 a flat object", f"{config}=5", "parameter_invalid", "wrong_type", config),
        *(valued(text) for text in ("1_000", "%D9%A5%D9%A5%D9%A5", "+5+", "0x10", "%2B5", "1e3", "", "five")),
        case("8.7 NUL", "metadata[a]=%00", "body_malformed", "malformed", None),
        case("8.7 a raw NUL", b"metadata[a]=\x00", "parameter_invalid", "invalid_format", "metadata.a"),
        case("8.7 not UTF-8", "metadata[a]=%ff", "body_malformed", "malformed", None),
        case("8.7 a raw byte that is not UTF-8", b"metadata[a]=\xff", "body_malformed", "malformed", None),
        case("8.7 a surrogate", "metadata[a]=%ed%a0%80", "body_malformed", "malformed", None),
        case("8.7 2^63", f"{config}[{timeout}]={2**63}", "parameter_invalid", "too_large", f"{config}.{timeout}"),
    ]


def in_queries(contract: str) -> list[Case]:
    """Query strings."""
    path = f"/{contract}/resources"
    limit = {"v1": "per_page", "v2": "limit"}[contract]

    def case(name: str, query: str, code: str, reason: str, param: str | None) -> Case:
        return Case(name, wire.get(f"{path}?{query}"), 400, code, reason, param)

    def valued(value: str, reason: str) -> Case:
        return case(f"X17 {limit}={value}", f"{limit}={value}", "parameter_invalid", reason, limit)

    cases = [
        *(valued(text, "wrong_type") for text in ("%D9%A5", "1_0", "%205%20", "5+", "%2B5", "1.5", "05", "five", "")),
        *(valued(text, "too_large") for text in ("101", str(2**63 - 1))),
        *(valued(text, "too_small") for text in ("0", "-1", str(-(2**63)))),
        valued(str(2**64), "wrong_type"),
        case("X13 NUL", "status=%00", "parameter_invalid", "malformed", None),
        case("X13 not UTF-8", "status=%ff", "parameter_invalid", "malformed", None),
        case("X13 a surrogate", "status=%ed%a0%80", "parameter_invalid", "malformed", None),
        case("X16 an unknown parameter", "limi=5", "parameter_unknown", "unknown_field", "limi"),
        case("a parameter twice", f"{limit}=5&{limit}=6", "parameter_invalid", "duplicate", limit),
        case("an unknown value", "status=gone", "parameter_invalid", "unknown_value", "status"),
    ]
    if contract == "v2":
        unknown = ("parameter_unknown", "unknown_field")
        cases += [
            case("X9 a member of a member", "created[gte][b]=1", *unknown, "created[gte][b]"),
            case("X21 a member without a name", "created[]=1", *unknown, "created[]"),
            case("an unknown member", "created[gt]=1", *unknown, "created.gt"),
            case(
                "both spellings of a member",
                "created[gte]=1&created.gte=1",
                "parameter_invalid",
                "duplicate",
                "created.gte",
            ),
            case("8.7 2^63", f"created[gte]={2**63 - 1}", "parameter_invalid", "too_large", "created.gte"),
            case("X22 five digits", "expand[10000]=logs", *unknown, "expand[10000]"),
        ]
    return cases


def in_paths(contract: str) -> list[Case]:
    """Paths."""
    path = f"/{contract}/resources"
    other = wire.get

    def unknown(name: str, target: str, method: str = "GET") -> Case:
        return Case(name, Request(method, target), 404, "path_unknown")

    ids = ["123", "%2f", "%2e%2e", "a%20b", "%F0%9F%98%80", "%", "%zz", "+", "a" * 300, "a" * 10_000]
    return [
        *(Case(f"no such id {text[:9]}", other(f"{path}/{text}"), 404, "not_found", param="id") for text in ids),
        unknown("X13 NUL in an id", f"{path}/%00"),
        unknown("X13 an id that is not UTF-8", f"{path}/%ff"),
        unknown("X13 a surrogate in an id", f"{path}/%ed%a0%80"),
        *(
            unknown(f"X19 {method} with a slash at the end", f"{target}/", method)
            for target in (path, f"{path}/res_1")
            for method in ("GET", "POST", "DELETE", "OPTIONS")
        ),
        unknown("an empty segment", f"/{contract}//resources"),
        unknown("only the contract", f"/{contract}"),
        unknown("only the contract and a slash", f"/{contract}/"),
        unknown("a path below", f"{path}/a/b"),
        unknown("capitals", f"/{contract}/Resources"),
        unknown("a way up", f"/{contract}/x/../resources"),
        unknown("a path parameter", f"{path};v=1"),
    ]


def media_types(contract: str) -> list[Case]:
    """Media types, charsets and compression."""
    path = f"/{contract}/resources"

    def refused(name: str, media_type: str | None, body: bytes | str = GOOD, encoding: str | None = None) -> Case:
        headers = [] if encoding is None else [("Content-Encoding", encoding)]
        return Case(name, wire.post(path, body, media_type, *headers), 415, "media_type_unsupported")

    def created(name: str, media_type: str, *headers: tuple[str, str], body: str = GOOD) -> Case:
        return Case(name, wire.post(path, body, media_type, *headers), 201)

    return [
        refused("X5 UTF-16", f"{JSON}; charset=utf-16", GOOD.encode("utf-16")),
        refused("X5 latin-1", f"{JSON}; charset=iso-8859-1"),
        refused("X6 no Content-Type", None),
        refused("an empty Content-Type", ""),
        refused("text", "text/plain"),
        refused("a relative of JSON", "application/vnd.api+json"),
        refused("two media types", f"{JSON}, text/plain"),
        refused("a multipart form", "multipart/form-data; boundary=x"),
        refused("8.1 gzip", JSON, gzip.compress(GOOD.encode()), "gzip"),
        refused("8.1 deflate", JSON, zlib.compress(GOOD.encode()), "deflate"),
        refused("8.1 a bomb", JSON, gzip.compress(b" " * 50_000_000), "gzip"),
        refused("8.1 brotli in name only", JSON, GOOD, "br"),
        created("X7 capitals", "APPLICATION/JSON"),
        created("a charset in quotes", f'{JSON}; charset="UTF-8"'),
        created("an unknown parameter", f"{JSON}; version=1"),
        created("identity", JSON, ("Content-Encoding", "identity")),
        created("X1 brackets", FORM, body=f"name=Good&type=production&{form_field(contract)}"),
        created("a form with a charset", f"{FORM}; charset=utf-8", body="name=Good&type=production"),
    ]


def in_headers(contract: str) -> list[Case]:
    """Other headers."""
    path = f"/{contract}/resources"
    in_chunks = [("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    read = {
        "A014 no Accept": [],
        "A014 an empty Accept": [("Accept", "")],
        "A014 an Accept that cannot be met": [("Accept", "text/html;q=1, */*;q=0")],
        "A014 an Accept that cannot be read": [("Accept", ";;,=/")],
        "A015 a Content-Type without a body": [("Content-Type", JSON)],
        "A015 a strange Content-Type without a body": [("Content-Type", "text/plain; charset=utf-16")],
    }
    keys = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    invalid = "parameter_invalid"
    return [
        *(Case(name, wire.get(path, *headers), 200) for name, headers in read.items()),
        Case("X10 chunks", Request("POST", path, wire.chunked(GOOD.encode(), 7), in_chunks, sized=False), 201),
        Case("a key twice", wire.post(path, GOOD, JSON, *keys), 400, invalid, "duplicate", "Idempotency-Key"),
        Case("no date", wire.get(path, ("API-Version", "1")), 400, invalid, "unknown_value", "API-Version"),
    ]


def form_field(contract: str) -> str:
    """A nested field that the contract takes."""
    return {"v1": "config[timeout]=10", "v2": "configuration[timeout_ms]=10000"}[contract]


CASES = [
    pytest.param(contract, case, id=f"{contract}-{case.id}")
    for contract in CONTRACTS
    for group in (not_json, wrong_json, in_forms, in_queries, in_paths, media_types, in_headers)
    for case in group(contract)
]


def check_still_serves(connection: wire.Connection, answer: Answer, tenant: Tenant, written: int) -> None:
    """The same connection, or a new one where the server closed it, serves a good request; so much was written."""
    good = wire.get("/v2/resources")
    if answer.is_last:
        served = wire.ask(tenant.server.port, good, tenant.live_key)
    else:
        served = connection.ask(good, tenant.live_key)
    assert served.status == 200, served.body
    assert served.json()["total_count"] == written


def check_says(server: Server, contract: str, case: Case, answer: Answer) -> None:
    """The error has the code, the reason and the parameter of the case, in the shape of the contract."""
    kind = server.app.contract.document.raw["x-errors"][case.code]
    assert answer.status == kind["status"]
    error: dict[str, Any] = answer.json()["error"]
    if contract == "v1":
        assert error["code"] == kind["v1"]
        expected = None if case.reason is None else {"field": case.param, "reason": case.reason}
        assert error.get("details") == expected
    else:
        assert (error["code"], error["param"]) == (case.code, case.param)
        assert [item["reason"] for item in error.get("errors", [])][:1] == ([case.reason] if case.reason else [])


@pytest.mark.parametrize(("contract", "case"), CASES)
def test_a_bad_request_is_answered_as_such(server: Server, tenant: Tenant, contract: str, case: Case) -> None:
    with wire.connected(server.port) as connection:
        answer = connection.ask(case.request, tenant.live_key)
        assert answer.status == case.status, answer.body[:500]
        assert not LEAK.search(answer.body)
        if case.code:
            check_says(server, contract, case, answer)
        check_still_serves(connection, answer, tenant, written=int(case.status == 201))


def test_everything_that_is_wrong_is_listed_at_once(v1: Client, v2: Client) -> None:  # X14
    body = {"name": "G", "type": "x", "metadata": {"a": 1}, "livemode": True}
    expected = {
        ("/name", "too_short"),
        ("/type", "unknown_value"),
        ("/metadata/a", "wrong_type"),
        ("/livemode", "unknown_field"),
    }
    for client in (v1, v2):
        answer = client.post("/resources?limi=1", json=body, headers={"Idempotency-Key": ""})
        errors = answer.json()["error"]["errors"]
        found = {(item["pointer"], item["reason"]) for item in errors if item["in"] == "body"}
        assert (answer.status_code, found) == (400, expected)
        assert {item["in"] for item in errors} == {"query", "header", "body"}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_message_speaks_of_the_value_and_shows_no_schema(
    server: Server, tenant: Tenant, contract: str
) -> None:  # X15
    limit = {"v1": "per_page", "v2": "limit"}[contract]
    answer = wire.ask(server.port, wire.get(f"/{contract}/resources?{limit}=101"), tenant.live_key)
    message = answer.json()["error"]["message"]
    assert message.rstrip(".").endswith(
        f"{limit} must be between 1 and 100" if contract == "v1" else "between 1 and 100"
    )
    assert not re.search(r"[{}\[\]]|minimum|schema", message)


@pytest.mark.parametrize(
    "query", ["expand[]=logs&expand[]=metrics", "expand[0]=logs&expand[1]=metrics", "expand%5B%5D=logs"]
)
def test_lists_may_be_written_with_indexes(tenant: Tenant, query: str) -> None:  # X22 B037
    with tenant.client("/v2") as v2:
        target = f"/v2/resources/{v2.create()['id']}?{query}"
    # The first is found by the second.
    _, shown = (wire.ask(tenant.server.port, wire.get(target), tenant.live_key).json() for _ in range(2))
    read = f"GET {target.partition('?')[0]} answered 200"
    assert [entry["message"] for entry in shown["logs"]] == [read, "POST /v2/resources answered 201"]


def test_a_nested_form_is_typed_and_checked(reference: Client) -> None:  # X1 B066
    form = {"name": "Production API Resource", "type": "production", "configuration[timeout_ms]": "10000"}
    form |= {"configuration[retry_count]": "5", "metadata[team]": "platform", "metadata[number]": "7"}
    made = reference.post("/resources", data=form).json()
    assert made["configuration"] == {"timeout_ms": 10000, "retry_count": 5, "batch_size": 100, "rate_limit": 1000}
    assert made["metadata"] == {"team": "platform", "number": "7"}
    refused = reference.post("/resources", data=form | {"configuration[timeout_ms]": "99"}).json()["error"]
    assert (refused["param"], refused["errors"][0]["reason"]) == ("configuration.timeout_ms", "too_small")


def test_an_absent_object_is_absent(v2: Client) -> None:  # X23
    """With `created` an empty object instead of nothing, no resource would be within its bounds."""
    v2.create()
    assert v2.get("/resources").json()["total_count"] == 1


def test_nothing_is_compiled_while_requests_are_served(
    v1: Client, v2: Client, monkeypatch: pytest.MonkeyPatch
) -> None:  # X24
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a request compiled a validator")

    monkeypatch.setattr(Schemas, "validator", refuse)
    monkeypatch.setattr(Schemas, "__init__", refuse)
    for client in (v1, v2):
        made = client.create()
        assert client.get(f"/resources/{made['id']}").status_code == 200
        assert client.get("/resources").status_code == 200
        assert client.post("/resources", json={}).status_code == 400
