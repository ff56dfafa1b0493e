"""Methods: what a path has not is a 405 with a true `Allow`, OPTIONS and HEAD are answered, and nothing redirects."""

from __future__ import annotations

import re

import pytest

from tests.api import operations
from tests.api.operations import ONE_MODE, RESTLESS, Operation
from tests.contract import wire
from tests.contract.wire import Request
from tests.serving import Client, Server, Tenant

OPERATIONS = [each for each in operations.operations() if not each.headers]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "QUERY", "MKCOL")


def methods_of(path: str) -> set[str]:
    """The methods that the document gives a path, and those that follow from them."""
    declared = {each.method for each in OPERATIONS if each.node.path == path}
    return declared | {"OPTIONS"} | ({"HEAD"} if "GET" in declared else set())


PATHS = sorted({each.node.path for each in OPERATIONS})
OF_TEST_MODE = {each.node.path for each in OPERATIONS if ONE_MODE.get(each.name) == "test"}
NOT_ALLOWED = [(path, method) for path in PATHS for method in METHODS if method not in methods_of(path)]


def allowed(answer: wire.Answer) -> set[str]:
    """The methods in `Allow`, none of them twice."""
    listed = [method.strip() for method in answer.headers["Allow"].split(",")]
    assert len(listed) == len(set(listed))
    return set(listed)


def filled(path: str) -> str:
    """The path with ids that nothing has."""
    return re.sub(r"\{[^}]*\}", "res_1", path)


@pytest.mark.parametrize(("path", "method"), NOT_ALLOWED)
def test_a_method_that_a_path_has_not_is_a_405(server: Server, tenant: Tenant, path: str, method: str) -> None:  # X18
    answer = wire.ask(server.port, Request(method, filled(path)), tenant.live_key)
    assert answer.status == 405
    assert allowed(answer) == methods_of(path)
    assert answer.json()["error"]["code"].lower() == "method_not_allowed"


@pytest.mark.parametrize("path", PATHS)
def test_options_needs_no_key_and_lists_the_methods(server: Server, path: str) -> None:
    answer = wire.ask(server.port, Request("OPTIONS", filled(path)), None)
    assert (answer.status, answer.body) == (204, b"")
    assert allowed(answer) == methods_of(path)


@pytest.mark.parametrize(("path", "method"), [(path, method) for path in PATHS for method in sorted(methods_of(path))])
def test_every_method_in_allow_is_there(server: Server, tenant: Tenant, path: str, method: str) -> None:
    key = tenant.test_key if path in OF_TEST_MODE else tenant.live_key
    answer = wire.ask(server.port, Request(method, filled(path)), key)
    assert answer.status in (200, 204, 400, 404)


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "TRACE"])
def test_allow_is_that_of_the_version_asked_for(server: Server, tenant: Tenant, method: str) -> None:
    """At `/v1` with the version of `/v2` there is PATCH and no PUT."""
    request = Request(method, "/v1/resources/res_1", b"", [("API-Version", "2024-01-15")])
    answer = wire.ask(server.port, request, tenant.live_key)
    assert answer.status == (204 if method == "OPTIONS" else 405)
    assert allowed(answer) == methods_of("/v2/resources/{id}")


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.method == "GET"], ids=str)
def test_head_is_get_without_a_body(tenant: Tenant, operation: Operation) -> None:
    with tenant.client("", mode=operation.mode) as client:
        target = operation.path(operation.target(client))
        head, full = client.head(target), client.get(target)
    assert (head.status_code, full.status_code) == (200, 200)
    assert head.content == b""
    # How a body is sent in parts says nothing where there is none.
    assert head.headers.keys() - {"date"} == full.headers.keys() - {"date", "transfer-encoding"}
    if "Content-Length" in full.headers and operation.name not in RESTLESS:
        assert int(head.headers["Content-Length"]) == len(full.content)
        for name in ("Content-Type", "ETag", "API-Version"):
            assert head.headers[name] == full.headers[name]


def test_head_of_an_error_has_no_body_either(v2: Client) -> None:
    answer = v2.head("/resources/res_1")
    assert (answer.status_code, answer.content) == (404, b"")
    assert answer.headers["X-Request-Id"].startswith("req_")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_a_slash_at_the_end_is_another_path(server: Server, tenant: Tenant, path: str, method: str) -> None:  # X19
    answer = wire.ask(server.port, Request(method, filled(path) + "/"), tenant.live_key)
    assert answer.status == 404
    assert "Location" not in answer.headers
    assert answer.json()["error"]["code"].lower() in ("not_found", "path_unknown")
