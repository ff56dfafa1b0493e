"""Every error that the document declares for an operation, provoked at that operation; nothing is written by any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest

from tests.api import operations
from tests.api.operations import Operation
from tests.contract import answers, troubles
from tests.serving import Client, Server, Tenant

MOST_BYTES = 10 * 1024 * 1024
JSON = {"Content-Type": "application/json"}
OPERATIONS = [each for each in operations.operations() if not each.headers]
UNKNOWN = "res_1"
KEY = {"Idempotency-Key": "used"}
# status → the code that is met
CODES = {
    400: "parameter_unknown",
    401: "key_missing",
    403: "scope_missing",
    404: "not_found",
    409: "already_exists",
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
# The tables from here on name operations without their contract.
# (operation, status) → why it cannot be provoked at this operation
NOT_PROVOKED_AT = {
    ("batch.run_batch", 403): "it needs no scope; each operation in it shows the error of its own",
    ("batch.run_batch", 500): "as above, an operation in it fails and not the batch",
    ("batch.run_batch", 503): "as above",
    ("batch.run_batch", 504): "as above",
}
# (operation, status) → the code where it is another one
OTHER_CODES = {("projects.delete_project", 409): "in_use"}
# Operation without an id in its path → what its body names that is not there
MISSING: dict[str, dict[str, Any]] = {"resources.create_resource": {"project": "proj_01kb2m9p4bf4ks8f0xm0q5e3yt"}}


def put_a_resource_in(client: Client, values: Mapping[str, str]) -> None:
    """Have a resource belong to a project."""
    client.post("/v2/resources", json={"name": "A resource", "type": "production", "project": values["id"]})


# Operation that takes no unique value → what brings it into conflict
CONFLICTS: dict[str, Callable[[Client, Mapping[str, str]], None]] = {"projects.delete_project": put_a_resource_in}


def declared(operation: Operation) -> list[int]:
    """The errors that an operation declares."""
    return [int(status) for status in operation.node.operation["responses"] if status >= "400"]


PAIRS = [
    pytest.param(operation, status, id=f"{operation.operation_id}-{status}")
    for operation in OPERATIONS
    for status in declared(operation)
    if status not in NOT_PROVOKED and (operation.name, status) not in NOT_PROVOKED_AT
]


def contradict(client: Client, operation: Operation, values: Mapping[str, str]) -> dict[str, Any]:
    """Bring about what the request conflicts with; what it must have for that."""
    if operation.name in CONFLICTS:
        CONFLICTS[operation.name](client, values)
        return {}
    body = operation.fresh_body()
    assert operation.send(client, values, json=body).status_code == operation.success
    return {"json": body}


def changes_for(status: int, tenant: Tenant, operation: Operation) -> dict[str, Any]:
    """What makes a good request meet an error."""
    if status == 403:
        others = operations.document().raw["x-scopes"].keys() - operation.scopes
        key = tenant.key(*sorted(others), mode=operation.mode)
        return {"headers": {"Authorization": f"Bearer {key}"}}
    if status == 404 and not operation.names:
        return {"json": {**operation.fresh_body(), **MISSING[operation.name]}}
    changes: dict[int, dict[str, Any]] = {
        400: {"params": {"nothing": "1"}},
        401: {"headers": {"Authorization": ""}},
        412: {"headers": {"If-Match": '"0-0"'}},
        413: {"content": b" " * (MOST_BYTES + 1), "headers": JSON},
        415: {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}},
        422: {"headers": {"Idempotency-Key": "used"}},
    }
    return changes.get(status, {})


def use_the_key(client: Client) -> None:
    """Spend the idempotency key `used`."""
    until_done = (client.post("/v2/projects", json={"name": "Used", "slug": "used"}, headers=KEY) for _ in range(100))
    assert any(answer.status_code == 201 for answer in until_done)


@pytest.mark.parametrize(("operation", "status"), PAIRS)
def test_a_declared_error_comes_as_declared(
    operation: Operation, status: int, request: pytest.FixtureRequest
) -> None:  # A016 A030
    name = {500: "failing", 503: "failing", 504: "hasty"}.get(status, "server")
    started: Server = request.getfixturevalue(name)
    tenant = started.tenant()
    with tenant.client("", mode=operation.mode) as client:
        use_the_key(client)
        values = operation.target(client)
        changes = changes_for(status, tenant, operation)
        changes |= contradict(client, operation, values) if status == 409 else {}
        before = troubles.contents(started.settings)
        answer = met(tenant, operation, status, (client, values, changes))
    code = OTHER_CODES.get((operation.name, status), CODES[status])
    answers.check_error(answers.contract_of(operation.node), code, answer)
    answers.check_declared(operation.node, answer)
    assert troubles.SECRET not in answer.text
    assert troubles.contents(started.settings) == before


def met(
    tenant: Tenant, operation: Operation, status: int, given: tuple[Client, Mapping[str, str], dict[str, Any]]
) -> httpx2.Response:
    """The answer to the request that meets the error."""
    client, values, changes = given
    if status in TROUBLES:
        with troubles.met_by(tenant, TROUBLES[status]):
            return operation.send(client, values, **changes)
    return operation.send(client, dict.fromkeys(values, UNKNOWN) if status == 404 else values, **changes)


def test_every_declared_error_is_provoked_or_excepted() -> None:
    pairs = {(operation.name, status) for operation in OPERATIONS for status in declared(operation)}
    assert {status for _, status in pairs} == CODES.keys() | NOT_PROVOKED.keys()
    assert not CODES.keys() & NOT_PROVOKED.keys()
    assert pairs >= NOT_PROVOKED_AT.keys() | OTHER_CODES.keys(), "exceptions that are not needed"
    assert not NOT_PROVOKED_AT.keys() & OTHER_CODES.keys()
    assert all(code != CODES[status] for (_, status), code in OTHER_CODES.items())


def test_the_tables_name_the_operations_that_need_them() -> None:
    conflicting = {
        each.name for each in OPERATIONS if 409 in declared(each) and not operations.UNIQUE & each.body_schema().keys()
    }
    assert conflicting - {name for name, status in NOT_PROVOKED_AT if status == 409} == CONFLICTS.keys()
    pathless = {each.name for each in OPERATIONS if 404 in declared(each) and not each.names}
    assert pathless - {name for name, status in NOT_PROVOKED_AT if status == 404} == MISSING.keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_success_comes_as_declared(tenant: Tenant, operation: Operation) -> None:  # A030
    with tenant.client("", mode=operation.mode) as client:
        answer = operation.send(client, operation.target(client))
    assert answer.status_code < 300
    answers.check_declared(operation.node, answer)


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.method == "GET"], ids=str)
def test_what_is_not_modified_comes_as_declared(tenant: Tenant, operation: Operation) -> None:  # A030
    with tenant.client("", mode=operation.mode) as client:
        answer = operation.send(client, operation.target(client), headers={"If-None-Match": "*"})
    assert answer.status_code == 304
    answers.check_declared(operation.node, answer)
