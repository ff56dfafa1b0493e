"""Dated versions: what decides which contract answers, and what the answer says about it."""

from __future__ import annotations

import pytest

from tests.api import recorded
from tests.serving import Client, Tenant

OLDEST, MIDDLE, NEWEST = "2023-09-15", "2023-11-01", "2024-01-15"


def contract_of(text: str, status: int) -> str:
    """The contract in whose shape an answer to a read or an error is."""
    enveloped = text.startswith('{"status":"success",' if status < 400 else '{"status":"error",')
    return "v1" if enveloped else "v2"


def is_answered(client: Client, path: str, version: str, contract: str) -> None:
    """A read at the path has this version, the shape of this contract, and says whether it is beta."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["API-Version"] == version
    assert contract_of(answer.text, 200) == contract
    assert answer.headers.get("X-API-Stability") == ("beta" if contract == "v2" else None)


def test_both_paths_answer(tenant: Tenant) -> None:  # A073 A074 A075
    with tenant.client("") as client:
        is_answered(client, "/v1/resources", OLDEST, "v1")
        is_answered(client, "/v2/resources", NEWEST, "v2")


@pytest.mark.parametrize(
    ("path", "version", "contract"),
    [
        ("/v1/resources", OLDEST, "v1"),
        ("/v1/resources", MIDDLE, "v1"),
        ("/v1/resources", NEWEST, "v2"),
        ("/v2/resources", NEWEST, "v2"),
    ],
)
def test_the_header_chooses(tenant: Tenant, path: str, version: str, contract: str) -> None:  # A073
    with tenant.client("", headers={"API-Version": version}) as client:
        is_answered(client, path, version, contract)


@pytest.mark.parametrize(
    ("path", "pinned", "version", "contract"),
    [
        ("/v1/resources", OLDEST, OLDEST, "v1"),
        ("/v1/resources", MIDDLE, MIDDLE, "v1"),
        ("/v1/resources", NEWEST, NEWEST, "v2"),
        ("/v2/resources", OLDEST, NEWEST, "v2"),
        ("/v2/resources", NEWEST, NEWEST, "v2"),
    ],
)
def test_else_the_keys_version_does(tenant: Tenant, path: str, pinned: str, version: str, contract: str) -> None:
    with tenant.client("", key=tenant.key(api_version=pinned)) as client:
        is_answered(client, path, version, contract)


@pytest.mark.parametrize(
    ("path", "pinned", "version", "contract"),
    [
        ("/v1/resources", MIDDLE, MIDDLE, "v1"),
        ("/v1/resources", NEWEST, NEWEST, "v2"),
        ("/v2/resources", MIDDLE, NEWEST, "v2"),
    ],
)
def test_else_the_accounts_version_does(tenant: Tenant, path: str, pinned: str, version: str, contract: str) -> None:
    recorded.pin(tenant, pinned)
    with tenant.client("") as client:
        is_answered(client, path, version, contract)


def test_the_nearer_choice_wins(tenant: Tenant) -> None:
    recorded.pin(tenant, NEWEST)
    pinned = tenant.key(api_version=MIDDLE)
    with tenant.client("", key=pinned) as client:
        is_answered(client, "/v1/resources", MIDDLE, "v1")
    for version, contract in ((OLDEST, "v1"), (NEWEST, "v2")):
        with tenant.client("", key=pinned, headers={"API-Version": version}) as client:
            is_answered(client, "/v1/resources", version, contract)


@pytest.mark.parametrize("unknown", ["2020-01-01", "2024-01-16", "2024-1-15", "v2", "latest", "2024-01-15,2023-09-15"])
@pytest.mark.parametrize(("prefix", "known"), [("/v1", [OLDEST, MIDDLE, NEWEST]), ("/v2", [NEWEST])])
def test_an_unknown_version_is_told_the_known(tenant: Tenant, prefix: str, known: list[str], unknown: str) -> None:
    with tenant.client(prefix, headers={"API-Version": unknown}) as client:
        answer = client.get("/resources")
    assert answer.status_code == 400
    assert answer.headers["API-Version"] in known
    message = answer.json()["error"]["message"]
    assert [version for version in (OLDEST, MIDDLE, NEWEST) if version in message] == known


@pytest.mark.parametrize("older", [OLDEST, MIDDLE])
def test_an_older_version_is_not_served_at_the_newer_path(tenant: Tenant, older: str) -> None:
    with tenant.client("/v2", headers={"API-Version": older}) as client:
        answer = client.get("/resources")
    assert (answer.status_code, answer.headers["API-Version"]) == (400, NEWEST)


def test_a_refused_version_changes_nothing(tenant: Tenant, v2: Client) -> None:
    with tenant.client("/v1", headers={"API-Version": "2020-01-01"}) as client:
        assert client.post("/resources", json={"name": "A resource", "type": "production"}).status_code == 400
    assert v2.get("/resources").json()["total_count"] == 0


def test_what_one_contract_made_the_other_shows(v1: Client, v2: Client) -> None:  # A073
    made = v1.create(name="my-resource", type="processor", config={"timeout": 30}, metadata={"team": "platform"})
    shown = v2.get(f"/resources/{made['id']}").json()
    assert (shown["name"], shown["type"], shown["metadata"]) == ("my-resource", "processor", {"team": "platform"})
    assert shown["configuration"]["timeout_ms"] == 30000
    v2.patch(f"/resources/{made['id']}", json={"configuration": {"timeout_ms": 1500}})
    assert v1.get(f"/resources/{made['id']}").json()["data"]["config"]["timeout"] == 1.5


def test_a_pinned_key_makes_v1_answer_as_v2(tenant: Tenant, v2: Client) -> None:
    with tenant.client("/v1", key=tenant.key(api_version=NEWEST)) as client:
        made = client.create(configuration={"timeout_ms": 7500})
        place = f"/resources/{made['id']}"
        assert client.get(place).json() == v2.get(place).json() == made
        assert client.get(place, params={"expand[]": "logs"}).json().keys() - made.keys() == {"logs"}
        assert client.patch(place, json={"name": "Renamed"}).json()["name"] == "Renamed"
        assert client.get("/resources", params={"limit": 1}).json() == v2.get("/resources").json()
        assert client.get("/resources", params={"page": 1}).status_code == 400
        assert client.delete(place).json()["deleted"] is True


@pytest.mark.parametrize(
    ("method", "headers", "status", "allowed"),
    [
        ("PATCH", {}, 405, "GET, HEAD, PUT, DELETE, OPTIONS"),
        ("PUT", {"API-Version": NEWEST}, 405, "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ("PATCH", {"API-Version": NEWEST}, 200, None),
        ("PUT", {}, 200, None),
    ],
)
def test_the_methods_are_those_of_the_version(
    v1: Client, method: str, headers: dict[str, str], status: int, allowed: str | None
) -> None:
    made = v1.create()
    answer = v1.request(method, f"/resources/{made['id']}", json={"name": "Renamed"}, headers=headers)
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allowed)


@pytest.mark.parametrize(
    ("prefix", "headers", "contract"),
    [("/v1", {}, "v1"), ("/v1", {"API-Version": NEWEST}, "v2"), ("/v2", {}, "v2")],
)
def test_errors_have_the_contracts_shape_and_stability(  # A075
    tenant: Tenant, prefix: str, headers: dict[str, str], contract: str
) -> None:
    with tenant.client(prefix, headers=headers) as client:
        errors = [
            client.post("/resources", json={}),
            client.get("/resources", headers={"Authorization": "Bearer wrong"}),
            client.get("/resources/123"),
            client.get("/unheard-of"),
            client.put("/resources"),
            client.post("/resources", content=b"<a/>", headers={"Content-Type": "text/xml"}),
        ]
    with tenant.client(prefix, key=tenant.key("resources:write"), headers=headers) as client:
        errors.append(client.get("/resources"))
    assert [answer.status_code for answer in errors] == [400, 401, 404, 404, 405, 415, 403]
    assert {contract_of(answer.text, answer.status_code) for answer in errors} == {contract}
    stability = "beta" if contract == "v2" else None
    assert {answer.headers.get("X-API-Stability") for answer in errors} == {stability}
    assert {answer.headers["API-Version"] for answer in errors} == {NEWEST if contract == "v2" else OLDEST}


def test_errors_of_a_pinned_key_have_its_shape(tenant: Tenant) -> None:  # A075
    with tenant.client("/v1", key=tenant.key("resources:write", api_version=NEWEST)) as client:
        errors = [client.get("/resources"), client.post("/resources", json={}), client.delete("/resources/123")]
    assert [answer.status_code for answer in errors] == [403, 400, 404]
    assert {contract_of(answer.text, answer.status_code) for answer in errors} == {"v2"}
    assert {answer.headers["X-API-Stability"] for answer in errors} == {"beta"}


def test_what_has_no_body_names_its_version_too(tenant: Tenant) -> None:  # A075
    with tenant.client("") as client:
        made = [client.post(f"/v{number}/resources", json={"name": "Any", "type": "staging"}) for number in (1, 2)]
        etag = client.get("/v2/resources").headers["ETag"]
        unchanged = client.get("/v2/resources", headers={"If-None-Match": etag})
        gone = client.delete(made[0].headers["Location"])
        options = client.options("/v2/resources")
    assert [answer.status_code for answer in (unchanged, gone, options)] == [304, 204, 204]
    assert [answer.headers["API-Version"] for answer in (unchanged, gone, options)] == [NEWEST, OLDEST, NEWEST]
    assert [answer.headers.get("X-API-Stability") for answer in (unchanged, gone, options)] == ["beta", None, "beta"]
