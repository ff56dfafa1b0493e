"""Every error that the document declares for an operation, provoked at that operation; nothing is written by any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx2
import pytest

from tests import under_way
from tests.api import operations
from tests.api.operations import Operation
from tests.contract import answers, troubles
from tests.serving import Client, Server, Tenant, running

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
    429: "rate_limit_exceeded",
    500: "internal_error",
    503: "unavailable",
    504: "timeout",
}
TROUBLES = {500: troubles.fail, 503: troubles.be_busy, 504: troubles.outlast}
# The tables from here on name operations without their contract.
# (operation, status) → why it cannot be provoked at this operation
NOT_PROVOKED_AT = {
    ("batch.run_batch", 403): "it needs no scope; each operation in it shows the error of its own",
    ("batch.run_batch", 500): "as above, an operation in it fails and not the batch",
    ("batch.run_batch", 503): "as above",
    ("batch.run_batch", 504): "as above",
    ("test_clock.advance_test_clock", 429): "test mode has no limits",
    ("test_clock.get_test_clock", 429): "as above",
    ("exports.get_job_output", 409): "a worker may be faster; the tests of exports have none",
    ("users.accept_invitation", 409): "the time of an invitation must pass; the tests of users move the clock",
}
# (operation, status) → the code where it is another one
OTHER_CODES = {
    ("projects.delete_project", 409): "in_use",
    ("users.create_invitation", 409): "invitation_accepted",
    ("users.delete_user", 409): "last_owner",
    ("users.update_user", 409): "last_owner",
    ("deliveries.resend_delivery", 409): "webhook_disabled",
    ("jobs.create_job", 409): "resource_not_active",
    ("webhooks.create_webhook", 409): "limit_reached",
    ("webhooks.recover_webhook", 409): "webhook_disabled",
    ("webhooks.test_webhook", 409): "webhook_disabled",
}
PROCESS = {"type": "process", "resource": "res_01kb2m9p4bf4ks8f0xm0q5e3yt", "items": [{}]}
# Operation without an id in its path → what its body names that is not there
MISSING: dict[str, dict[str, Any]] = {
    "resources.create_resource": {"project": "proj_01kb2m9p4bf4ks8f0xm0q5e3yt"},
    "api_keys.create_api_key": {"user": "user_01kb2m9p4bf4ks8f0xm0q5e3yt"},
    # The token of its example is nobody's.
    "users.accept_invitation": {},
    "jobs.create_job": PROCESS,
}
Changes = dict[str, Any]


def put_a_resource_in(client: Client, values: Mapping[str, str]) -> Changes:
    """Have a resource belong to a project."""
    client.post("/v2/resources", json={"name": "A resource", "type": "production", "project": values["id"]})
    return {}


def activate(client: Client, values: Mapping[str, str]) -> Changes:
    """Have an invited user accept the invitation as the only owner."""
    place = f"/v2/users/{values['id']}"
    assert client.patch(place, json={"role": "owner"}).status_code == 200
    token = client.post(f"{place}/invitation", json={}).json()["invitation"]["token"]
    accepted = client.post("/v2/users/accept_invitation", json={"token": token, "name": "An owner"})
    assert accepted.status_code == 200, accepted.text
    return {}


def demote_the_only_owner(client: Client, values: Mapping[str, str]) -> Changes:
    """Have a user be the only owner; the change is another role."""
    return {**activate(client, values), "json": {"role": "member"}}


def fill_up_webhooks(client: Client, _: Mapping[str, str]) -> Changes:
    """Make as many webhooks as an account may have."""
    body = {"url": "https://example.com/events", "events": ["*"]}
    answers = (client.post("/v2/webhooks", json=body).status_code for _ in range(100))
    assert next(status for status in answers if status != 201) == 409
    return {}


def disable_webhook(client: Client, values: Mapping[str, str]) -> Changes:
    """Disable a webhook."""
    assert client.patch(f"/v2/webhooks/{values['id']}", json={"status": "disabled"}).status_code == 200
    return {}


def disable_its_webhook(client: Client, values: Mapping[str, str]) -> Changes:
    """Disable the webhook of a delivery."""
    return disable_webhook(client, {"id": client.get(f"/v2/deliveries/{values['id']}").json()["webhook"]})


def pause_a_resource(client: Client, _: Mapping[str, str]) -> Changes:
    """Have a resource be paused; the change is a job for it."""
    made = client.post("/v2/resources", json={"name": "A resource", "type": "production"}).json()
    assert client.patch(f"/v2/resources/{made['id']}", json={"status": "paused"}).status_code == 200
    return {"json": {**PROCESS, "resource": made["id"]}}


# Operation that takes no unique value → what brings it into conflict, and what the request must have for it
CONFLICTS: dict[str, Callable[[Client, Mapping[str, str]], Changes]] = {
    "projects.delete_project": put_a_resource_in,
    "users.create_invitation": activate,
    "users.delete_user": activate,
    "users.update_user": demote_the_only_owner,
    "deliveries.resend_delivery": disable_its_webhook,
    "jobs.create_job": pause_a_resource,
    "webhooks.create_webhook": fill_up_webhooks,
    "webhooks.recover_webhook": disable_webhook,
    "webhooks.test_webhook": disable_webhook,
}


def declared(operation: Operation) -> list[int]:
    """The errors that an operation declares."""
    return [int(status) for status in operation.node.operation["responses"] if status >= "400"]


PAIRS = [
    pytest.param(operation, status, id=f"{operation.operation_id}-{status}")
    for operation in OPERATIONS
    for status in declared(operation)
    if (operation.name, status) not in NOT_PROVOKED_AT
]


def contradict(client: Client, operation: Operation, values: Mapping[str, str]) -> dict[str, Any]:
    """Bring about what the request conflicts with; what it must have for that."""
    if operation.name in CONFLICTS:
        return CONFLICTS[operation.name](client, values)
    body = operation.fresh_body(client)
    assert operation.send(client, values, json=body).status_code == operation.success
    return {"json": body}


def changes_for(status: int, tenant: Tenant, operation: Operation) -> dict[str, Any]:
    """What makes a good request meet an error."""
    if status == 403:
        others = operations.document().raw["x-scopes"].keys() - operation.scopes
        key = tenant.key(*sorted(others), mode=operation.mode)
        return {"headers": {"Authorization": f"Bearer {key}"}}
    if status == 429:
        return use_up_the_limit(tenant, operation)
    if status == 422:
        return use_the_key(tenant, operation)
    if status == 404 and not operation.names:
        return {"json": {**operation.bodies()[-1], **MISSING[operation.name]}}
    changes: dict[int, dict[str, Any]] = {
        400: {"params": {"nothing": "1"}},
        401: {"headers": {"Authorization": ""}},
        412: {"headers": {"If-Match": '"0-0"'}},
        413: {"content": b" " * (MOST_BYTES + 1), "headers": JSON},
        415: {"content": b"<a/>", "headers": {"Content-Type": "text/xml"}},
    }
    return changes.get(status, {})


def use_up_the_limit(tenant: Tenant, operation: Operation) -> dict[str, Any]:
    """Let the account do one request a minute, and do it, in the version in which that is the limit.

    The key is a new one, as those that were used are remembered with what held then.
    """
    tenant.server.agree(tenant.account_id, burst=1, requests_per_minute=1)
    version = under_way.VERSIONS[answers.contract_of(operation.node)]
    headers = {"API-Version": version, "Authorization": f"Bearer {tenant.key()}"}
    with tenant.client("", headers=headers) as client:
        client.get(f"/{operation.prefix}/resources")
    return {"headers": headers}


def use_the_key(tenant: Tenant, operation: Operation) -> dict[str, Any]:
    """Spend an idempotency key on another operation; what makes the request use it again."""
    with tenant.client("/v2", mode=operation.mode) as client:
        answer = client.post("/projects", json={"name": "Used", "slug": "used"}, headers=KEY)
    assert answer.status_code == 201, answer.text
    return {"headers": KEY}


@pytest.fixture(scope="module")
def empty(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server of these tests, as the rows of others would have to be read before and after each."""
    with running(fresh_database()) as started:
        yield started


@pytest.mark.parametrize(("operation", "status"), PAIRS)
def test_a_declared_error_comes_as_declared(
    operation: Operation, status: int, request: pytest.FixtureRequest
) -> None:  # A016 A030
    name = {500: "failing", 503: "failing", 504: "hasty"}.get(status, "empty")
    started: Server = request.getfixturevalue(name)
    tenant = started.tenant()
    with tenant.client("", mode=operation.mode) as client:
        values = operation.target(client)
        changes = changes_for(status, tenant, operation)
        changes |= contradict(client, operation, values) if status == 409 else {}
        if operation.bodies() and not {"json", "content"} & changes.keys():
            changes["json"] = operation.fresh_body(client)
        before = troubles.contents(tenant)
        answer = met(tenant, operation, status, (client, values, changes))
    code = OTHER_CODES.get((operation.name, status), CODES[status])
    answers.check_error(answers.contract_of(operation.node), code, answer)
    answers.check_declared(operation.node, answer)
    assert troubles.SECRET not in answer.text
    assert troubles.contents(tenant) == before


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
    assert {status for _, status in pairs} == CODES.keys()
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
