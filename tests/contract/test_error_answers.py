"""Every error that the document declares for an operation, provoked at that operation; nothing is written by any."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from contract.document import OperationNode
from tests.contract import answers, troubles
from tests.contract.answers import OPERATIONS
from tests.serving import Server, Tenant

MOST_BYTES = 10 * 1024 * 1024
BODIES = {
    "post": {"name": "A resource", "type": "production"},
    "put": {"name": "Changed"},
    "patch": {"name": "Changed"},
}
# status → the code that `provoke` meets, and what a request must have for it
CODES = {
    400: "parameter_unknown",
    401: "key_missing",
    403: "scope_missing",
    404: "not_found",
    412: "precondition_failed",
    413: "body_too_large",
    415: "media_type_unsupported",
    422: "idempotency_key_reused",
    500: "internal_error",
    503: "unavailable",
    504: "timeout",
}
NOT_PROVOKED = {429: "limits are not enforced yet"}
TROUBLES = {500: troubles.fail, 503: troubles.be_busy, 504: troubles.outlast}


def declared(operation: OperationNode) -> list[int]:
    """The errors that an operation declares."""
    return [int(status) for status in operation.operation["responses"] if status >= "400"]


PAIRS = [
    pytest.param(operation, status, id=f"{name}-{status}")
    for name, operation in OPERATIONS.items()
    for status in declared(operation)
    if status not in NOT_PROVOKED
]


def ask(tenant: Tenant, operation: OperationNode, resource_id: str, **changes: Any) -> httpx2.Response:
    """A good request of the operation, with changes."""
    options: dict[str, Any] = {"json": BODIES[operation.method]} if "requestBody" in operation.operation else {}
    options |= changes
    if "content" in options:
        options.pop("json", None)
    headers = {"Authorization": f"Bearer {tenant.live_key}", **options.pop("headers", {})}
    target = tenant.server.url + operation.path.replace("{id}", resource_id)
    return httpx2.request(operation.method.upper(), target, headers=headers, timeout=30, **options)


def key_without_scope(tenant: Tenant, operation: OperationNode) -> str:
    """A key with every scope but the operation's."""
    (needed,) = operation.operation["security"][0]["bearer"]
    (other,) = {"resources:read", "resources:write"} - {needed}
    return tenant.key(other)


def changes_for(status: int, tenant: Tenant, operation: OperationNode) -> dict[str, Any]:
    """What makes a good request meet an error."""
    json = {"Content-Type": "application/json"}
    if status == 403:
        return {"headers": {"Authorization": f"Bearer {key_without_scope(tenant, operation)}"}}
    changes: dict[int, dict[str, Any]] = {
        400: {"params": {"nothing": "1"}},
        401: {"headers": {"Authorization": ""}},
        412: {"headers": {"If-Match": '"0-0"'}},
        413: {"content": b" " * (MOST_BYTES + 1), "headers": json},
        415: {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}},
        422: {"headers": {"Idempotency-Key": "used"}},
    }
    return changes.get(status, {})


@pytest.mark.parametrize(("operation", "status"), PAIRS)
def test_a_declared_error_comes_as_declared(
    operation: OperationNode, status: int, request: pytest.FixtureRequest
) -> None:  # A016 A030
    name = {500: "failing", 503: "failing", 504: "hasty"}.get(status, "server")
    started: Server = request.getfixturevalue(name)
    tenant = started.tenant()
    with tenant.client("/v2", headers={"Idempotency-Key": "used"}) as client:
        resource_id = client.create(name="First")["id"] if name != "hasty" else made_slowly(tenant)
    changes = changes_for(status, tenant, operation)
    before = troubles.contents(started.settings)
    if status in TROUBLES:
        with troubles.met_by(tenant, TROUBLES[status]):
            answer = ask(tenant, operation, resource_id, **changes)
    else:
        answer = ask(tenant, operation, "res_1" if status == 404 else resource_id, **changes)
    answers.check_error(answers.contract_of(operation), CODES[status], answer)
    answers.check_declared(operation, answer)
    assert troubles.SECRET not in answer.text
    assert troubles.contents(started.settings) == before


def made_slowly(tenant: Tenant) -> str:
    """The id of a resource on a server that may be too slow for a create: it is tried again."""
    with tenant.client("/v2", headers={"Idempotency-Key": "used"}) as client:
        while (answer := client.post("/resources", json=BODIES["post"])).status_code == 504:
            pass
    return str(answer.json()["id"])


def test_every_declared_error_is_provoked_or_excepted() -> None:
    every = {status for operation in OPERATIONS.values() for status in declared(operation)}
    assert every == CODES.keys() | NOT_PROVOKED.keys()
    assert not CODES.keys() & NOT_PROVOKED.keys()


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_a_success_comes_as_declared(tenant: Tenant, operation: OperationNode) -> None:  # A030
    with tenant.client("/v2") as client:
        answer = ask(tenant, operation, client.create()["id"])
    assert answer.status_code < 300
    answers.check_declared(operation, answer)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS.values() if each.method == "get"])
def test_what_is_not_modified_comes_as_declared(tenant: Tenant, operation: OperationNode) -> None:  # A030
    with tenant.client("/v2") as client:
        resource_id = client.create()["id"]
    etag = ask(tenant, operation, resource_id).headers["ETag"]
    answer = ask(tenant, operation, resource_id, headers={"If-None-Match": etag})
    assert answer.status_code == 304
    answers.check_declared(operation, answer)
