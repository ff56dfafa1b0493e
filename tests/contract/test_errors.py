"""Every error of the catalogue can be met, in each contract, and looks as the contract says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from domain import api_keys, key_form
from tests import under_way
from tests.contract import answers, batches, denials, troubles
from tests.contract.answers import CATALOGUE, DOCUMENT
from tests.serving import Client, Server, Tenant

CONTRACTS = ("v1", "v2")
GOOD = {"name": "A resource", "type": "production"}
JSON = {"Content-Type": "application/json"}
How = Callable[[Tenant, str], httpx2.Response]


def told(method: str, target: str, **options: Any) -> How:
    """A request with the tenant's own key."""

    def ask(tenant: Tenant, contract: str) -> httpx2.Response:
        with tenant.client(f"/{contract}") as client:
            return client.request(method, target, **options)

    return ask


def with_key(make: Callable[[Tenant], str]) -> How:
    """A create with another key."""

    def ask(tenant: Tenant, contract: str) -> httpx2.Response:
        with tenant.client(f"/{contract}", key=make(tenant)) as client:
            return client.post("/resources", json=GOOD)

    return ask


def revoked(tenant: Tenant) -> str:
    """A key that was revoked before it was ever used."""
    key = tenant.key("*")
    now = tenant.server.clock.now()
    listed = tenant.server.database.write(lambda tx: api_keys.list_of(tx, tenant.account_id))
    assert tenant.server.database.write(lambda tx: api_keys.revoke(tx, now, listed[-1].id))
    return key


def expired(tenant: Tenant) -> str:
    """A key whose time has passed."""
    return tenant.key("*", expires=tenant.server.clock.now())


def without_key(tenant: Tenant, contract: str) -> httpx2.Response:
    return httpx2.get(f"{tenant.server.url}/{contract}/resources")


def with_stale_version(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}", headers={"If-Match": '"0-0"'}) as client:
        target = f"/resources/{client.create()['id']}"
        return client.request({"v1": "PUT", "v2": "PATCH"}[contract], target, json={"name": "Changed"})


def twice(tenant: Tenant, contract: str) -> httpx2.Response:
    """A second project with the slug of the first."""
    create = told("POST", "/projects", json={"name": "A project", "slug": "taken"})
    create(tenant, contract)
    return create(tenant, contract)


def of_what_is_in_use(tenant: Tenant, contract: str) -> httpx2.Response:
    """A deletion of a project that a resource belongs to."""
    with tenant.client(f"/{contract}") as client:
        made = client.post("/projects", json={"name": "A project", "slug": "used"}).json()
        project = made.get("data", made)["id"]
        client.create(project=project)
        return client.delete(f"/projects/{project}")


def with_used_key(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}", headers={"Idempotency-Key": "one"}) as client:
        client.create(name="First")
        return client.post("/resources", json=GOOD)


def with_too_many(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        return [client.post("/webhooks", json={"url": "https://hooks.example.com"}) for _ in range(51)][-1]


def to_a_disabled_webhook(tenant: Tenant, contract: str) -> httpx2.Response:
    with tenant.client(f"/{contract}") as client:
        made = client.post("/webhooks", json={"url": "https://hooks.example.com", "status": "disabled"}).json()
        return client.post(f"/webhooks/{made.get('data', made)['id']}/test")


def before_it_has_ended(tenant: Tenant, contract: str) -> httpx2.Response:
    """The output of an export that has just begun; one that was faster than we is no help."""
    with tenant.client(f"/{contract}") as client:

        def ask() -> httpx2.Response:
            made = client.post("/jobs", json={"type": "export"}).json()
            return client.get(f"/jobs/{made.get('data', made)['id']}/output")

        return next(answer for answer in (ask() for _ in range(100)) if answer.status_code != 200)


def in_trouble(trouble: troubles.Trouble) -> How:
    """A create while something goes wrong on the server's side."""

    def ask(tenant: Tenant, contract: str) -> httpx2.Response:
        with troubles.met_by(tenant, trouble):
            return told("POST", "/resources", json=GOOD)(tenant, contract)

    return ask


def while_locked(tenant: Tenant, contract: str) -> httpx2.Response:
    with troubles.locked(tenant.server.settings):
        return told("POST", "/resources", json=GOOD)(tenant, contract)


def limited(**limits: int) -> How:
    """The second of two requests of an account that may do only so much."""

    def ask(tenant: Tenant, contract: str) -> httpx2.Response:
        tenant.server.agree(tenant.account_id, **limits)
        with tenant.client(f"/{contract}", headers={"API-Version": under_way.VERSIONS[contract]}) as client:
            client.get("/resources")
            return client.get("/resources")

    return ask


def too_many_at_once(tenant: Tenant, contract: str) -> httpx2.Response:
    tenant.server.agree(tenant.account_id, concurrent_requests=1)
    with under_way.live(tenant, 1):
        return told("GET", "/resources", headers={"API-Version": under_way.VERSIONS[contract]})(tenant, contract)


def guessing(tenant: Tenant, contract: str) -> httpx2.Response:
    ask = with_key(lambda _: key_form.generate("live"))
    while (answer := ask(tenant, contract)).status_code == 401:
        pass
    return answer


# code → (the server, how)
MET: dict[str, tuple[str, How]] = {
    "parameter_missing": ("server", told("POST", "/resources", json={"type": "production"})),
    "parameter_invalid": ("server", told("GET", "/resources?status=gone")),
    "parameter_unknown": ("server", told("GET", "/resources?nothing=1")),
    "body_malformed": ("server", told("POST", "/resources", content="{", headers=JSON)),
    "key_missing": ("server", without_key),
    "key_invalid": ("server", with_key(lambda _: key_form.generate("live"))),
    "key_revoked": ("server", with_key(revoked)),
    "key_expired": ("server", with_key(expired)),
    "scope_missing": ("server", with_key(lambda tenant: tenant.key("resources:read"))),
    "environment_mismatch": ("server", told("GET", "/resources", headers={"Host": "api-sandbox.yourcompany.com"})),
    "region_mismatch": ("server", told("GET", "/resources", headers={"Host": "eu.api.yourcompany.com"})),
    "live_mode_forbidden": ("server", told("GET", "/test/clock")),
    "not_found": ("server", told("GET", "/resources/123")),
    "path_unknown": ("server", told("GET", "/nothing")),
    "method_not_allowed": ("server", told("DELETE", "/resources")),
    "already_exists": ("server", twice),
    "in_use": ("server", of_what_is_in_use),
    "job_not_finished": ("server", before_it_has_ended),
    "resource_not_active": ("server", denials.resource_not_active),
    "precondition_failed": ("server", with_stale_version),
    "batch_rolled_back": ("server", batches.rolled_back),
    "body_too_large": ("server", told("POST", "/resources", content=b" " * (10 * 1024 * 1024 + 1), headers=JSON)),
    "media_type_unsupported": (
        "server",
        told("POST", "/resources", content="<a/>", headers={"Content-Type": "text/xml"}),
    ),
    "idempotency_key_reused": ("server", with_used_key),
    "last_owner": ("server", denials.last_owner),
    "invitation_accepted": ("server", denials.invitation_accepted),
    "invitation_expired": ("server", denials.invitation_expired),
    "role_not_grantable": ("server", denials.role_not_grantable),
    "scope_not_grantable": ("server", denials.scope_not_grantable),
    "network_not_allowed": ("server", denials.network_not_allowed),
    "limit_reached": ("server", with_too_many),
    "webhook_disabled": ("server", to_a_disabled_webhook),
    "rate_limit_exceeded": ("server", limited(burst=1, requests_per_minute=1)),
    "concurrency_limit_exceeded": ("server", too_many_at_once),
    "quota_exceeded": ("server", limited(monthly_quota=1)),
    "authentication_attempts_exceeded": ("guarded", guessing),
    "internal_error": ("failing", in_trouble(troubles.fail)),
    "maintenance": ("closed", told("GET", "/resources")),
    "unavailable": ("failing", while_locked),
    "timeout": ("hasty", in_trouble(troubles.outlast)),
}


def test_every_code_is_met() -> None:
    assert MET.keys() == CATALOGUE.keys()


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("code", MET)
def test_every_code_can_be_met(code: str, contract: str, request: pytest.FixtureRequest) -> None:  # B118 B122-B127 B129
    name, how = MET[code]
    server: Server = request.getfixturevalue(name)
    answer = how(server.tenant(), contract)
    answers.check_error(contract, code, answer)
    assert troubles.SECRET not in answer.text


def test_types_and_statuses_belong_together_one_to_one() -> None:
    pairs = {(entry["status"], entry["type"]) for entry in CATALOGUE.values()}
    assert len({status for status, _ in pairs}) == len({kind for _, kind in pairs}) == len(pairs)
    expected = {
        (500, "api_error"),
        (401, "authentication_error"),
        (400, "invalid_request_error"),
        (403, "permission_error"),
        (429, "rate_limit_error"),
        (404, "resource_not_found"),
        (504, "timeout_error"),
    }
    assert expected <= pairs  # B122-B127 B129


@pytest.mark.parametrize("code", MET)
def test_doc_url_leads_to_the_page_about_the_code(code: str, request: pytest.FixtureRequest) -> None:  # B120
    name, how = MET[code]
    server: Server = request.getfixturevalue(name)
    page = httpx2.get(how(server.tenant(), "v2").json()["error"]["doc_url"])
    assert page.status_code == 200
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
    assert heading is not None
    assert re.sub(r"<[^>]+>", "", heading[1]) == code


@pytest.mark.parametrize("name", ["ab", "a" * 256])
def test_a_length_is_told_as_the_reference_prints_it(reference: Client, name: str) -> None:  # B053
    error = reference.post("/resources", json={"name": name, "type": "production"}).json()["error"]
    assert error["message"] == "The 'name' parameter must be between 3 and 255 characters."
    assert error["param"] == "name"


def changed(**fields: Any) -> How:
    return told("POST", "/resources", json=GOOD | fields)


def page_of(to: int) -> How:
    def ask(tenant: Tenant, contract: str) -> httpx2.Response:
        return told("GET", "/resources", params={{"v1": "per_page", "v2": "limit"}[contract]: to})(tenant, contract)

    return ask


REASONS: dict[str, How] = {  # A019
    "required_field_missing": told("POST", "/resources", json={}),
    "unknown_field": changed(livemode=True),
    "wrong_type": changed(name=1),
    "unknown_value": changed(type="x"),
    "too_short": changed(name="ab"),
    "too_long": changed(name="a" * 256),
    "too_small": page_of(0),
    "too_large": page_of(101),
    "too_few": told("POST", "/batch", json={"operations": []}),
    "too_many": changed(metadata={str(number): "" for number in range(21)}),
    "invalid_format": changed(name="ab\0c"),
    "duplicate": told("POST", "/resources", content='{"name": "a", "name": "b"}', headers=JSON),
    "malformed": told("POST", "/resources", content="[", headers=JSON),
}


def test_every_reason_is_met_and_explained() -> None:  # A019
    declared = DOCUMENT.raw["components"]["schemas"]["ErrorReason"]
    assert REASONS.keys() == set(declared["enum"])
    for reason in declared["enum"]:
        assert f"`{reason}`" in declared["description"]


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_can_be_met(tenant: Tenant, contract: str, reason: str) -> None:
    error = REASONS[reason](tenant, contract).json()["error"]
    first = error["details"] if contract == "v1" else error["errors"][0]
    assert first["reason"] == reason


def test_request_ids_are_unique(v1: Client, v2: Client) -> None:  # B119
    asked = [
        client.get(target) for client in (v1, v2) for target in ("/resources", "/resources/123", "/x", "/resources")
    ]
    asked += [v2.post("/resources", json=body) for body in (GOOD, {})]
    found = [answer.headers["X-Request-Id"] for answer in asked]
    assert len(set(found)) == len(found)
    assert all(answers.REQUEST_ID.fullmatch(request_id) for request_id in found)


def test_the_snippet_of_the_overview_finds_a_message_in_every_error(server: Server) -> None:  # A084
    """`error['error']['message']`, whatever went wrong."""
    for name, how in MET.values():
        if name == "server":
            assert isinstance(how(server.tenant(), "v1").json()["error"]["message"], str)
