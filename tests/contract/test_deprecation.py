"""Operations that end: what every answer of one says, and that its callers see their calls."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Iterator

import pytest

from contract import document as documents
from contract import lint
from gateway.settings import ROOT
from tests.serving import Client, Server, Tenant, running

MARK = "      deprecated: true\n      x-deprecated: {since: 2024-01-15, sunset: 2030-07-01, successor: %s}\n"
ENDING = {
    "v1.resources.get_resource": "v2.resources.get_resource",
    "v1.projects.list_projects": "v2.projects.list_projects",
}
LINKS = ['</docs>; rel="deprecation"', '</docs>; rel="sunset"']


@pytest.fixture(scope="module")
def ending(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server with operations that end."""
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    for operation, successor in ENDING.items():
        line = f"      operationId: {operation}\n"
        assert line in text
        text = text.replace(line, line + MARK % successor)
    changed = documents.parse(text)
    assert lint.lint(changed) == []
    with running(fresh_database(), document=changed) as started:
        yield started


@pytest.fixture
def caller(ending: Server) -> Iterator[Client]:
    """A client of the contract whose operations end."""
    with ending.tenant().client("/v1") as made:
        yield made


def test_every_answer_says_so(caller: Client) -> None:  # A077
    resource = caller.create()
    path = f"/resources/{resource['id']}"
    answers = [
        caller.get(path),
        caller.get(path, headers={"If-None-Match": "*"}),
        caller.head(path),
        caller.get(path, params={"unknown": 1}),
        caller.get("/resources/a%2Fb"),
    ]
    assert [each.status_code for each in answers] == [200, 304, 200, 400, 404]
    for answer in answers:
        assert answer.headers["Deprecation"] == "@1705276800"
        assert email.utils.parsedate_to_datetime(answer.headers["Sunset"]).isoformat() == "2030-07-01T00:00:00+00:00"
        assert answer.headers["Sunset"] == "Mon, 01 Jul 2030 00:00:00 GMT"
        assert all(link in answer.headers["Link"] for link in LINKS)
    successors = [answer.headers["Link"].rpartition(", ")[2] for answer in answers]
    assert successors[0] == f'</v2/resources/{resource["id"]}>; rel="successor-version"'
    assert successors[4] == '</v2/resources/a%2Fb>; rel="successor-version"'


def test_a_refusal_says_so_too(ending: Server) -> None:  # A077
    tenant = ending.tenant()
    with tenant.client("/v1", key=tenant.key("resources:read")) as other:
        answer = other.get("/projects")
    assert answer.status_code == 403
    assert answer.headers["Deprecation"] == "@1705276800"
    assert '</v2/projects>; rel="successor-version"' in answer.headers["Link"]


def test_other_operations_say_nothing(caller: Client) -> None:
    for answer in (caller.get("/resources"), caller.get("/nothing")):
        assert not {"Deprecation", "Sunset", "Link"} & set(answer.headers)


def test_callers_see_their_calls(ending: Server) -> None:  # A077
    tenant: Tenant = ending.tenant()
    with tenant.client("/v1") as caller, tenant.client("/v1", mode="test") as other_mode:
        for _ in range(2):
            caller.get("/resources/123")
        caller.get("/projects")
        caller.get("/resources")
        found = caller.get("/usage").json()["data"]
        assert other_mode.get("/usage").json()["data"]["deprecated_calls"] == []
    called = {each["operation"]: each for each in found["deprecated_calls"]}
    assert {name: each["requests"] for name, each in called.items()} == {
        "v1.resources.get_resource": 2,
        "v1.projects.list_projects": 1,
    }
    assert {each["sunset"] for each in called.values()} == {"2030-07-01"}
    assert all(each["last_called"] <= found["period"]["end"] for each in called.values())
    assert found["requests"] == 4
