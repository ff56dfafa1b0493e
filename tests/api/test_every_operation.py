"""What holds for every operation of openapi.yaml, in every way to reach it; a new one is covered as it is added."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import httpx2
import pytest

from domain import api_keys
from tests.api import operations, recorded
from tests.api.operations import Operation
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
    "written": lambda operation: operation.method != "GET",
}
# An id of no object, one that cannot be an id, and ones that would lead elsewhere if they were taken as they are.
UNKNOWN = ["res_01kb2m9p4bf4ks8f0xm0q5e3yt", "123", "res_", "ä", "a b", "'; --", "%", "..%2f", "x" * 200]

BAD_BODIES = [b"{", b"[]", b'"text"', b'{"no operation has this field": 1}']


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, chosen in CHOICES.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, [each for each in operations.operations() if chosen(each)], ids=str)


def error_of(answer: httpx2.Response) -> dict[str, object]:
    """The error in an answer of either contract."""
    error: dict[str, object] = answer.json()["error"]
    return error


def test_its_examples_are_done(operation: Operation, server: Server) -> None:  # A013 A020 A021 A022 A030
    for body in operation.bodies() or [None]:
        with server.tenant().client("") as client:
            sent = {} if body is None else {"json": body}
            answer = operation.send(client, operation.target(client), **sent)
        assert answer.status_code == operation.success, answer.text


def test_the_examples_of_its_query_are_taken(read: Operation, tenant: Tenant) -> None:
    with tenant.client("") as client:
        values = read.target(client)
        for parameter in read.parameters("query"):
            answer = read.send(client, values, params=operations.query_of(parameter))
            assert answer.status_code == read.success, f"{parameter['name']}: {answer.text}"


def test_a_form_does_what_json_does(formed: Operation, server: Server) -> None:
    for body in formed.bodies(operations.FORM):
        shown = []
        for sent in ({"json": body}, {"content": urlencode(operations.form_of(body))}):
            headers = {"Content-Type": operations.FORM} if "content" in sent else {}
            with server.tenant().client("") as client:
                answer = formed.send(client, formed.target(client), headers=headers, **sent)
            assert answer.status_code == formed.success, answer.text
            shown.append(answer.json().get("data", answer.json()))
        differing = {name for name in shown[0] if shown[0][name] != shown[1][name]}
        assert differing <= {"id", "created", "updated", "created_at", "updated_at", "provisioning"}


def test_it_needs_a_key(secured: Operation, keyless: Client) -> None:  # A006 A024
    answer = secured.send(keyless)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_query_is_no_key(secured: Operation, keyless: Client, tenant: Tenant) -> None:  # B018
    answer = secured.send(keyless, params={"api_key": tenant.live_key})
    assert (answer.status_code == 401) is not secured.takes_key_in_query


def test_it_refuses_an_unknown_key(secured: Operation, tenant: Tenant) -> None:  # A007 A024
    with tenant.client("", key=api_keys.generate("live")) as client:
        assert secured.send(client).status_code == 401


def test_it_refuses_an_expired_key(secured: Operation, tenant: Tenant, server: Server) -> None:  # A007
    key = tenant.key(expires=server.clock.now() + 3600)
    server.clock.offset = 3600
    with tenant.client("", key=key) as client:
        assert secured.send(client).status_code == 401


def test_it_refuses_a_revoked_key(secured: Operation, tenant: Tenant) -> None:  # A007
    key = tenant.key()
    recorded.revoke(tenant, key)
    with tenant.client("", key=key) as client:
        assert secured.send(client).status_code == 401


def test_it_refuses_a_key_without_its_scope(scoped: Operation, tenant: Tenant) -> None:  # A025
    others = set(operations.document().raw["x-scopes"]) - scoped.scopes
    with tenant.client("") as client:
        values = scoped.target(client)
    with tenant.client("", key=tenant.key(*sorted(others))) as client:
        answer = scoped.send(client, values)
    assert answer.status_code == 403
    assert any(scope in str(error_of(answer)["message"]) for scope in scoped.scopes)


def test_its_scopes_are_enough(secured: Operation, tenant: Tenant) -> None:  # A025
    with tenant.client("") as client:
        values = secured.target(client)
    with tenant.client("", key=tenant.key(*sorted(secured.scopes))) as client:
        assert secured.send(client, values).status_code == secured.success


@pytest.mark.parametrize("mode", ["live", "test"])
def test_objects_of_others_are_not_there(  # A026 B022
    addressed: Operation, tenant: Tenant, stranger: Tenant, mode: str
) -> None:
    with tenant.client("", mode=mode) as client:
        values = addressed.target(client)
    other_mode = "test" if mode == "live" else "live"
    for owner, seen_in in ((stranger, mode), (stranger, other_mode), (tenant, other_mode)):
        with owner.client("", mode=seen_in) as client:
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
    with tenant.client("") as client:
        answers = {unknown: addressed.send(client, dict.fromkeys(addressed.names, unknown)) for unknown in UNKNOWN}
    assert {unknown: answer.status_code for unknown, answer in answers.items()} == dict.fromkeys(UNKNOWN, 404)


def test_it_refuses_a_bad_body(bodied: Operation, tenant: Tenant) -> None:  # A023
    with tenant.client("") as client:
        values = bodied.target(client)
        answers = {content: bodied.send(client, values, content=content) for content in BAD_BODIES}
    assert {content: answer.status_code for content, answer in answers.items()} == dict.fromkeys(BAD_BODIES, 400)


def test_a_repeat_gets_the_same_answer(written: Operation, tenant: Tenant) -> None:  # B072 B074 B075
    assert "Idempotency-Key" in {parameter["name"] for parameter in written.parameters("header")}
    with tenant.client("") as client:
        values = written.target(client)
        first, again = (written.send(client, values, headers={"Idempotency-Key": "a-key"}) for _ in range(2))
    assert first.status_code == written.success
    assert again.status_code == first.status_code
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert lasting(again) == lasting(first)


def lasting(answer: httpx2.Response) -> dict[str, str]:
    """The headers that do not belong to one answer alone."""
    passing = ("date", "x-request-id", "idempotent-replayed")
    return {name: value for name, value in answer.headers.items() if name not in passing}


def test_no_two_answers_have_one_request_id(operation: Operation, tenant: Tenant) -> None:  # B119
    with tenant.client("") as client:
        answers = [operation.send(client, operation.target(client)) for _ in range(2)]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 2


def test_a_read_has_an_etag_and_answers_304(read: Operation, tenant: Tenant) -> None:  # B210
    with tenant.client("") as client:
        values = read.target(client)
        etag = read.send(client, values).headers["ETag"]
        answer = read.send(client, values, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
