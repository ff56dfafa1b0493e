"""What holds for every operation of openapi.yaml, in every way to reach it; a new one is covered as it is added.

Each is tried without a key, with an expired one, with the wrong scope, as another tenant, in the other mode, with bad
bodies, and again with its idempotency key.

What is marked `before_storage` has its answer before the database is asked about the request: it was refused as it was
read, or it differs from another test here in how it was written alone. The rest runs on both engines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from domain import key_form
from tests.api import operations, recorded
from tests.api.operations import GOING_ON, MORE_SCOPES, ONE_MODE, PREPARED, RESTLESS, SENDING, Operation
from tests.contract import troubles, wire
from tests.serving import Client, Server, Tenant

# The name of a test's parameter chooses the operations that it runs for.
CHOICES: dict[str, Callable[[Operation], bool]] = {
    "operation": lambda operation: bool(operation.node),
    "secured": lambda operation: bool(operation.security),
    "scoped": lambda operation: bool(operation.scopes),
    "addressed": lambda operation: bool(operation.names),
    "bodied": lambda operation: bool(operation.bodies()),
    "formed": lambda operation: bool(operation.bodies(operations.FORM)),
    "read": lambda operation: operation.method == "GET",
    "listing": lambda operation: operation.is_list,
    "written": lambda operation: operation.method != "GET",
}
# An id of no object, one that cannot be an id, and ones that would lead elsewhere if they were taken as they are.
UNKNOWN = ["res_01kb2m9p4bf4ks8f0xm0q5e3yt", "123", "res_", "ä", "a b", "'; --", "%", "..%2f", "x" * 200]

BAD_BODIES = [b"{", b"[]", b'"text"', b'{"no operation has this field": 1}']
# What an object has for itself, and what an account and its plan decide; no request may set any of it.
NOT_GIVEN = {"id", "account_id", "account", "mode", "livemode", "created", "updated", "version", "rate_limit"}
# What differs between two objects that are made of the same body → why.
DIFFERING = {
    "id": "each has its own",
    "created": "they are made one after the other",
    "updated": "as above",
    "created_at": "as above",
    "updated_at": "as above",
    "provisioning": "it has the time of its completion",
    "invitation": "each has its own token",
    "invitation_expires": "they are made one after the other",
    "invitation_expires_at": "as above",
    "last4": "each key is random",
    "prefix": "as above",
    "secret_last4": "each has its own secret",
    "webhook": "it is the one that was made for the request",
    "since": "it is two weeks ago",
    "previous_secret_expires": "they are made one after the other",
    "previous_secret_expires_at": "as above",
    "now": "time goes on",
}
# Who looks for the objects of a tenant → whether that is another account, and whether in another mode.
OTHERS = {"other tenant": (True, False), "other mode": (False, True)}


# Those are tried at an older contract's path too. Once the version is settled, an operation is the same in every way,
# and its statements are, so that one engine will do.
BOTH_WAYS = ("operation", "secured", "formed")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, chosen in CHOICES.items():
        if name in metafunc.fixturenames:
            found = [each for each in operations.operations() if chosen(each)]
            own = [each for each in found if not each.headers]
            in_both = name in BOTH_WAYS and metafunc.config.getoption("--engine") == "sqlite"
            metafunc.parametrize(name, found if in_both else own, ids=str)


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    """The error in an answer of either contract."""
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_its_examples_are_done(operation: Operation, server: Server) -> None:  # A013 A020 A021 A022 A030
    for body in operation.bodies() or [None]:
        with server.tenant().client("", mode=operation.mode) as client:
            sent = {} if body is None else {"json": operation.completed(client, body)}
            answer = operation.send(client, operation.target(client), **sent)
        assert answer.status_code == operation.success, answer.text


def test_the_examples_of_its_query_are_taken(read: Operation, tenant: Tenant) -> None:
    with tenant.client("", mode=read.mode) as client:
        values = read.target(client)
        for parameter in read.parameters("query"):
            answer = read.send(client, values, params=operations.query_of(parameter))
            assert answer.status_code == read.success, f"{parameter['name']}: {answer.text}"


@pytest.mark.before_storage
def test_a_form_does_what_json_does(formed: Operation, server: Server) -> None:
    for body in formed.bodies(operations.FORM):
        shown = []
        for is_form in (False, True):
            with server.tenant().client("", mode=formed.mode) as client:
                given = formed.completed(client, body)
                sent = {"content": urlencode(operations.form_of(given))} if is_form else {"json": given}
                headers = {"Content-Type": operations.FORM} if is_form else {}
                answer = formed.send(client, formed.target(client), headers=headers, **sent)
            assert answer.status_code == formed.success, answer.text
            shown.append(answer.json().get("data", answer.json()))
        assert shown[0].keys() == shown[1].keys()
        differing = {name for name in shown[0] if shown[0][name] != shown[1][name]}
        # The object that is changed was made for each with new values where they must be unique.
        assert differing <= DIFFERING.keys() | formed.secrets | (operations.UNIQUE - body.keys())


@pytest.mark.before_storage
def test_without_a_key_it_is_not_done(secured: Operation, keyless: Client) -> None:  # A006 A024
    answer = secured.send(keyless)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.before_storage
def test_a_key_in_the_query_is_no_key(secured: Operation, keyless: Client, tenant: Tenant) -> None:  # B018
    answer = secured.send(keyless, params={"api_key": tenant.live_key})
    assert (answer.status_code == 401) is not secured.takes_key_in_query


@pytest.mark.before_storage
def test_it_refuses_an_unknown_key(secured: Operation, tenant: Tenant) -> None:  # A007 A024
    with tenant.client("", key=key_form.generate("live")) as client:
        assert secured.send(client).status_code == 401


@pytest.mark.before_storage
def test_it_refuses_an_expired_key(secured: Operation, tenant: Tenant, server: Server) -> None:  # A007
    key = tenant.key(expires=server.clock.now() + 3600)
    server.clock.offset = 3600
    with tenant.client("", key=key) as client:
        assert secured.send(client).status_code == 401


@pytest.mark.before_storage
def test_it_refuses_a_revoked_key(secured: Operation, tenant: Tenant) -> None:  # A007
    key = tenant.key()
    recorded.revoke(tenant, key)
    with tenant.client("", key=key) as client:
        assert secured.send(client).status_code == 401


def test_it_refuses_a_key_of_the_wrong_scope(scoped: Operation, tenant: Tenant) -> None:  # A025
    with tenant.client("", mode=scoped.mode) as client:
        values = scoped.target(client)
    for missing in scoped.scopes:
        others = set(operations.document().raw["x-scopes"]) - {missing}
        with tenant.client("", key=tenant.key(*sorted(others), mode=scoped.mode)) as client:
            answer = scoped.send(client, values)
        assert answer.status_code == 403
        assert missing in error_of(answer)["message"]


def test_its_scopes_are_enough(scoped: Operation, tenant: Tenant) -> None:  # A025
    with tenant.client("", mode=scoped.mode) as client:
        values = scoped.target(client)
    with tenant.client("", key=tenant.key(*sorted(scoped.all_scopes), mode=scoped.mode)) as client:
        answer = scoped.send(client, values)
    assert answer.status_code == scoped.success, answer.text


@pytest.mark.parametrize("mode", ["live", "test"])
@pytest.mark.parametrize("who", OTHERS)
def test_objects_of_others_are_not_there(  # A026 B022
    addressed: Operation, server: Server, tenant: Tenant, who: str, mode: str
) -> None:
    is_other_account, is_other_mode = OTHERS[who]
    seen_in = ("test" if mode == "live" else "live") if is_other_mode else mode
    if not addressed.serves(mode) or not addressed.serves(seen_in):
        return
    with tenant.client("", mode=mode) as client:
        values = addressed.target(client)
    with (server.tenant() if is_other_account else tenant).client("", mode=seen_in) as client:
        answer = addressed.send(client, values)
        nowhere = addressed.send(client, dict.fromkeys(values, UNKNOWN[0]))
    assert answer.status_code == nowhere.status_code == 404
    assert told(answer, *values.values()) == told(nowhere, UNKNOWN[0])
    with tenant.client("", mode=mode) as client:
        assert addressed.send(client, values).status_code == addressed.success


def told(answer: httpx2.Response, *ids: str) -> str:
    """What an error says, without the ids of the object and of the request."""
    text = answer.text.replace(answer.headers["X-Request-Id"], "")
    for each in ids:
        text = text.replace(each, "")
    return text


def test_an_id_of_nothing_is_not_found(addressed: Operation, tenant: Tenant) -> None:  # A026 A083 B078 B079
    with tenant.client("", mode=addressed.mode) as client:
        answers = {unknown: addressed.send(client, dict.fromkeys(addressed.names, unknown)) for unknown in UNKNOWN}
    assert {unknown: answer.status_code for unknown, answer in answers.items()} == dict.fromkeys(UNKNOWN, 404)


@pytest.mark.before_storage
def test_it_refuses_a_bad_body(bodied: Operation, tenant: Tenant) -> None:  # A023
    with tenant.client("", mode=bodied.mode) as client:
        values = bodied.target(client)
        answers = {content: bodied.send(client, values, content=content) for content in BAD_BODIES}
    assert {content: answer.status_code for content, answer in answers.items()} == dict.fromkeys(BAD_BODIES, 400)


def not_given(shown: dict[str, Any], taken: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The paths of what an answer shows and a body does not take, within objects of both too."""
    for name, schema in shown.items():
        inner = operations.properties(schema)
        if name not in taken:
            yield (name,)
        elif inner:
            yield from ((name, *path) for path in not_given(inner, operations.properties(taken[name])))


@pytest.mark.before_storage
def test_it_takes_nothing_that_is_not_in_its_body(bodied: Operation, tenant: Tenant) -> None:
    """What the platform sets cannot be set by naming it: all of it is refused by name, and nothing is written."""
    taken = bodied.body_schema()
    paths = {*not_given(bodied.schema(), taken), *((name,) for name in NOT_GIVEN - taken.keys())}
    with tenant.client("", mode=bodied.mode) as client:
        values, body = bodied.target(client), bodied.fresh_body(client)
        for *above, name in paths:
            part = body
            for step in above:
                part = part.setdefault(step, {})
            part[name] = "1"
        before = troubles.contents(tenant)
        answer = bodied.send(client, values, json=body)
    assert answer.status_code == 400, answer.text
    refused = {
        each.get("param", each.get("field")) for each in error_of(answer)["errors"] if each["reason"] == "unknown_field"
    }
    assert refused == {".".join(path) for path in paths}
    assert troubles.contents(tenant) == before


def test_a_repeat_gets_the_same_answer(written: Operation, tenant: Tenant) -> None:  # B072 B074 B075
    assert "Idempotency-Key" in {parameter["name"] for parameter in written.parameters("header")}
    with tenant.client("", mode=written.mode) as client:
        values, body = written.target(client), written.fresh_body(client)
        sent = {} if body is None else {"json": body}
        first, again = (written.send(client, values, headers={"Idempotency-Key": "a-key"}, **sent) for _ in range(2))
    assert first.status_code == written.success, first.text
    assert again.status_code == first.status_code
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert lasting(again) == lasting(first)


def lasting(answer: httpx2.Response) -> dict[str, str]:
    """The headers that do not belong to one answer alone."""
    passing = ("date", "x-request-id", "idempotent-replayed")
    kept = {name: value for name, value in answer.headers.items() if name not in passing}
    # What is left of the limit is less after each request.
    return {name: value for name, value in kept.items() if "ratelimit" not in name}


@pytest.mark.before_storage
def test_no_two_answers_have_one_request_id(operation: Operation, tenant: Tenant) -> None:  # B119
    with tenant.client("", mode=operation.mode) as client:
        answers = [operation.send(client, operation.target(client)) for _ in range(2)]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 2


def test_a_read_has_an_etag_and_answers_304(read: Operation, tenant: Tenant) -> None:  # B210
    with tenant.client("", mode=read.mode) as client:
        values = read.target(client)
        etag = read.send(client, values).headers["ETag"]
        answer = read.send(client, values, headers={"If-None-Match": "*" if read.name in RESTLESS else etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag or read.name in RESTLESS


def test_a_page_far_behind_the_last_is_empty(listing: Operation, tenant: Tenant) -> None:
    with tenant.client("", mode=listing.mode) as client:
        answer = listing.send(client, listing.target(client), params={"page": 10**9})
    # Where pages have no numbers, the parameter is unknown.
    if answer.status_code != 400 or "page" in listing.examples("query"):
        assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.before_storage
@pytest.mark.parametrize("shape", ["one long value", "one name many times", "many names"])
def test_a_megabyte_of_filters_is_refused(listing: Operation, tenant: Tenant, shape: str) -> None:
    name = next(iter(listing.examples("query")))
    query = {
        "one long value": f"{name}=" + "x" * 1_000_000,
        "one name many times": "&".join([f"{name}=1"] * (1_000_000 // (len(name) + 3))),
        "many names": "&".join(f"name{number}=1" for number in range(80_000)),
    }[shape]
    path = listing.path(listing.examples("path"))
    request = wire.Request("GET", f"{path}?{query}", headers=[*listing.headers.items()])
    key = tenant.live_key if listing.mode == "live" else tenant.test_key
    assert wire.ask(tenant.server.port, request, key).status in (400, 414, 431)


def test_every_exception_is_needed(server: Server, tenant: Tenant) -> None:
    """The rows of the tables above and of tests/api/operations.py."""
    known = {each.name: each for each in operations.operations()}
    assert {*ONE_MODE, *RESTLESS, *MORE_SCOPES, *PREPARED, *PREPARED.values(), *GOING_ON, *SENDING} <= known.keys()
    for name, mode in ONE_MODE.items():
        with tenant.client("", mode="test" if mode == "live" else "live") as client:
            assert known[name].send(client, known[name].examples("path")).status_code == 403, name
    for name, scopes in MORE_SCOPES.items():
        with tenant.client("", mode=known[name].mode) as client:
            values = known[name].target(client)
        for scope in scopes:
            fewer = known[name].all_scopes - {scope}
            with tenant.client("", key=tenant.key(*sorted(fewer), mode=known[name].mode)) as client:
                assert known[name].send(client, values).status_code == 403, f"{name}: {scope}"
    for name in RESTLESS:
        with server.tenant().client("", mode=known[name].mode) as client:
            values = known[name].target(client)
            first = known[name].send(client, values).headers["ETag"]
            until = time.monotonic() + operations.PATIENCE
            while known[name].send(client, values).headers["ETag"] == first:
                assert time.monotonic() < until, f"{name} shows the same each time"
                time.sleep(0.02)
    for name in GOING_ON:
        with tenant.client("", mode=known[name].mode) as client:
            assert known[name].send(client).json()["status"] == "queued", f"what {name} makes is done at once"
    for name in PREPARED:
        with server.tenant().client("", mode=known[name].mode) as client:
            assert known[name].send(client).json()["data"] == [], f"{name} shows something without it"
    shown = {name for each in operations.operations() if each.bodies(operations.FORM) for name in each.schema()}
    assert DIFFERING.keys() <= shown
