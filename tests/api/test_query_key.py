"""The key in the query string: taken where the document declares it, and nowhere else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from contract import document as documents
from domain import key_form
from tests.api import operations, recorded
from tests.api.operations import Operation
from tests.gateway import processes
from tests.serving import Client, Tenant, running

HOOKS = {"url": "https://hooks.example.com/platform"}


def declaring(*, wanted: bool) -> list[Operation]:
    """The operations that take the key in the query string, or those that do not."""
    return [each for each in operations.operations() if each.takes_key_in_query is wanted]


def test_webhooks_alone_declare_it() -> None:  # B018
    assert {each.node.path.split("/")[2] for each in declaring(wanted=True)} == {"webhooks"}
    assert "webhooks" not in {each.node.path.split("/")[2] for each in declaring(wanted=False)}


@pytest.mark.parametrize("operation", declaring(wanted=True), ids=str)
def test_it_does_what_the_header_does(operation: Operation, keyless: Client, tenant: Tenant) -> None:  # B018
    with tenant.client("") as client:
        values = operation.target(client)
    answer = operation.send(keyless, values, params={"api_key": tenant.live_key})
    assert answer.status_code == operation.success, answer.text


@pytest.mark.before_storage
@pytest.mark.parametrize("operation", declaring(wanted=False), ids=str)
def test_elsewhere_it_is_not_looked_at(operation: Operation, keyless: Client, tenant: Tenant) -> None:  # B018
    answer = operation.send(keyless, params={"api_key": tenant.live_key})
    assert answer.status_code == 401
    with tenant.client("") as client:
        answer = operation.send(client, params={"api_key": tenant.live_key})
    assert answer.status_code == 400
    assert "api_key" in answer.text
    assert tenant.live_key not in answer.text


@pytest.fixture(params=["/v1", "/v2"])
def nobody(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract that sends no header `Authorization`."""
    with tenant.client(request.param) as client:
        del client.headers["Authorization"]
        yield client


def test_the_key_decides_account_and_mode(nobody: Client, tenant: Tenant, stranger: Tenant) -> None:  # B020 B021
    keys = [tenant.live_key, tenant.test_key, stranger.live_key, stranger.test_key]
    for key in keys:
        assert nobody.post("/webhooks", params={"api_key": key}, json=HOOKS).status_code == 201
    seen = [nobody.get("/webhooks", params={"api_key": key}).json()["data"] for key in keys]
    assert [len(each) for each in seen] == [1, 1, 1, 1]
    assert len({each[0]["id"] for each in seen}) == 4


def test_it_needs_the_same_scope(nobody: Client, tenant: Tenant) -> None:
    reading = tenant.key("webhooks:read")
    assert nobody.get("/webhooks", params={"api_key": reading}).status_code == 200
    answer = nobody.post("/webhooks", params={"api_key": reading}, json=HOOKS)
    assert answer.status_code == 403
    assert "webhooks:write" in answer.text


@pytest.mark.parametrize("made", ["", "x", "sk_live_" + "0" * 36, "é", " ", "a b", "\0", "x" * 10_000])
def test_what_is_no_key_is_refused(nobody: Client, made: str) -> None:
    answer = nobody.get("/webhooks", params={"api_key": made})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_expired_or_revoked_key_is_refused(nobody: Client, tenant: Tenant) -> None:
    revoked = tenant.key()
    recorded.revoke(tenant, revoked)
    expired = tenant.key(expires=1)
    for key in (revoked, expired, key_form.generate("live")):
        answer = nobody.get("/webhooks", params={"api_key": key})
        assert answer.status_code == 401
        assert key not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "query", ["api_key=%ff", "api_key=\xff", "%zz&x", "API_KEY={key}", "api_key[]={key}", "apikey={key}"]
)
def test_another_spelling_is_no_key(nobody: Client, tenant: Tenant, query: str) -> None:
    answer = nobody.get(f"/webhooks?{query.format(key=tenant.live_key)}")
    assert answer.status_code == 401


def test_its_name_may_be_encoded(nobody: Client, tenant: Tenant) -> None:
    assert nobody.get(f"/webhooks?%61pi%5Fkey={quote(tenant.live_key)}").status_code == 200


def test_the_same_key_twice_is_one(tenant: Tenant) -> None:
    with tenant.client("/v2") as client:
        assert client.get("/webhooks", params={"api_key": tenant.live_key}).status_code == 200


def test_two_keys_are_refused(tenant: Tenant, stranger: Tenant) -> None:
    with tenant.client("/v2") as client:
        for other in (tenant.test_key, tenant.key(), stranger.live_key, "", "x"):
            answer = client.get("/webhooks", params={"api_key": other})
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "key_invalid")
        del client.headers["Authorization"]
        answer = client.get(f"/webhooks?api_key={tenant.live_key}&api_key={stranger.live_key}")
        assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", ""])
def test_a_bad_header_is_not_overlooked(nobody: Client, tenant: Tenant, header: str) -> None:
    answer = nobody.get("/webhooks", params={"api_key": tenant.live_key}, headers={"Authorization": header})
    assert answer.status_code == 401


def test_the_rest_of_the_query_is_still_read(nobody: Client, tenant: Tenant) -> None:
    good = nobody.get("/webhooks", params={"api_key": tenant.live_key, "status": "enabled"})
    assert good.status_code == 200
    for bad in ({"status": "gone"}, {"statuss": "enabled"}, {"api_keys": "x"}):
        answer = nobody.get("/webhooks", params={"api_key": tenant.live_key, **bad})
        assert answer.status_code == 400
        assert tenant.live_key not in answer.text


def test_a_path_that_does_not_take_it_answers_as_ever(nobody: Client, tenant: Tenant) -> None:  # B018
    for path in ("/resources", "/projects", "/settings", "/webhooks/x/y", "/nothing"):
        answer = nobody.get(path, params={"api_key": tenant.live_key})
        assert answer.status_code in (401, 404)


def test_it_is_neither_told_nor_logged(tmp_path: Path) -> None:  # B019
    told = []
    with processes.serving(tmp_path, API_DATA_DIR=str(tmp_path / "data")) as process:
        key, printed = process.key(), process.output
        with httpx2.Client(base_url=process.url, params={"api_key": key}) as client:
            for method, path in (
                ("GET", "/v1/webhooks"),
                ("GET", "/v2/webhooks?limit=x&nothing=x"),
                ("GET", "/v2/webhooks/whk_01kb2m9p4bf4ks8f0xm0q5e3yt"),
                ("POST", "/v1/webhooks"),
                ("TRACE", "/v1/webhooks"),
                ("GET", "/v2/resources"),
                ("GET", "/v2/nothing"),
                ("GET", "/nothing"),
                ("GET", "/docs"),
            ):
                answer = client.request(method, path)
                told.append(answer.text + str(dict(answer.headers)))
    assert not [each for each in [*told, process.errors] if key in each]
    assert process.output == printed


def test_every_operation_at_a_path_must_declare_it(fresh_database: Callable[[], str]) -> None:  # B018
    raw = copy.deepcopy(operations.document().raw)
    del raw["paths"]["/v2/webhooks"]["post"]["security"][1]
    with running(fresh_database(), document=documents.parse(json.dumps(raw))) as server:
        tenant = server.tenant()
        query = f"?api_key={tenant.live_key}"
        # A request to /v1 may turn out to be one of /v2, once the key's version is known.
        for path, status in (
            ("/v1/webhooks", 401),
            ("/v2/webhooks", 401),
            ("/v1/webhooks/x", 404),
            ("/v2/webhooks/x", 404),
        ):
            assert httpx2.get(server.url + path + query).status_code == status
