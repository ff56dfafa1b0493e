"""Batches: each operation is a request of its own, with the same endpoint, rules and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api import operations, recorded, seeding
from tests.api.batches import change, code, create, delete, read, run, send, statuses, told
from tests.serving import Client, Server, Tenant


def as_printed(first: str, second: str) -> list[dict[str, Any]]:
    """The operations that the reference prints, on objects that are there."""
    return [
        {"method": "POST", "path": "/v1/resources", "body": {"name": "Resource 1", "type": "production"}},
        {"method": "PATCH", "path": f"/v1/resources/{first}", "body": {"status": "active"}},
        {"method": "DELETE", "path": f"/v1/resources/{second}"},
    ]


def test_the_example_of_the_reference(reference: Client, tenant: Tenant) -> None:  # B108 B110-B114 B221
    first, second = seeding.fill(tenant, 2)
    found = told(send(reference, as_printed(first, second)))
    assert found.keys() == {"results", "summary"}
    assert statuses(found["results"]) == [201, 200, 204]
    made, changed, gone = (result["body"] for result in found["results"])
    assert made["name"] == "Resource 1"
    assert (changed["id"], changed["status"]) == (first, "active")
    assert (gone["id"], gone["deleted"]) == (second, True)
    assert found["summary"].pop("duration_ms") >= 0
    assert found["summary"] == {"total": 3, "successful": 3, "failed": 0}
    assert {item["id"] for item in reference.get("/resources").json()["data"]} == {first, made["id"]}
    done = ["resource.created", "resource.updated", "resource.status_changed", "resource.deleted"]
    assert recorded.types_of(tenant)[2:] == done


def test_batches_came_with_a_version() -> None:  # B221
    versions = operations.document().raw["x-api-versions"]
    assert [date for date, version in versions.items() if "batch" in version["changes"]] == ["2024-01-15"]


def test_an_answer_in_the_envelope(v1: Client, tenant: Tenant) -> None:  # B108 B113
    first, second = seeding.fill(tenant, 2)
    answer = send(
        v1, [create(contract="v1"), change(first, contract="v1", name="Other"), delete(second, contract="v1")]
    )
    body = answer.json()
    assert (body["status"], body.keys()) == ("success", {"status", "data", "meta"})
    made, changed, gone = body["data"]["results"]
    assert statuses(body["data"]["results"]) == [201, 200, 204]
    assert made["body"]["status"] == "success"
    assert made["headers"]["location"] == f"/v1/resources/{made['body']['data']['id']}"
    assert changed["body"]["data"]["name"] == "Other"
    assert gone["body"] is None
    assert body["data"]["summary"]["successful"] == 3


def test_operations_of_both_contracts(v1: Client, v2: Client) -> None:  # B116
    asked = [read("/v1/resources"), read("/v2/resources"), create(contract="v1"), create()]
    bodies = [result["body"] for result in run(v1, asked)]
    assert bodies[0]["meta"]["total_items"] == 0
    assert bodies[1]["object"] == "list"
    assert (bodies[2]["status"], bodies[3]["object"]) == ("success", "resource")
    assert [result["body"].get("object") for result in run(v2, asked)] == ["list", "list", "resource", "resource"]


@pytest.mark.parametrize("version", ["2023-09-15", "2023-11-01"])
def test_the_version_of_the_batch_is_that_of_its_operations(v1: Client, version: str) -> None:
    headers = {"API-Version": version}
    results = run(v1, [read("/v1/resources"), read("/v2/resources")], headers=headers)
    assert [set(result["body"]) for result in results] == [
        {"status", "data", "meta"},
        {"object", "data", "has_more", "total_count"},
    ]


def test_a_version_pinned_to_the_key_counts_for_its_operations(tenant: Tenant) -> None:
    with tenant.client("/v1", key=tenant.key(api_version="2024-01-15")) as client:
        (result,) = told(send(client, [read("/v1/resources")]))["results"]
    assert result["body"]["object"] == "list"


def test_a_hundred_operations_and_not_one_more(reference: Client) -> None:  # B109
    names = [f"Resource {number}" for number in range(100)]
    results = run(reference, [create(name) for name in names])
    assert [result["body"]["name"] for result in results] == names
    for number in (0, 101):
        answer = send(reference, [create()] * number)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "operations")
    assert reference.get("/resources").json()["total_count"] == 100


@pytest.mark.parametrize(
    ("operation", "where"),
    [
        ({"path": "/v2/resources"}, "method"),
        ({"method": "GET"}, "path"),
        ({"method": "GET", "path": 1}, "path"),
        ({"method": "GET", "path": "/v2/resources", "headers": {}}, "headers"),
        ({"method": "POST", "path": "/v2/resources", "body": []}, "body"),
        ({"method": "POST", "path": "/v2/resources", "idempotency_key": "ä"}, "idempotency_key"),
        ({"method": "POST", "path": "/v2/resources", "if_match": "a\nb"}, "if_match"),
    ],
)
def test_what_is_no_operation_is_refused_before_any_runs(
    reference: Client, operation: dict[str, Any], where: str
) -> None:
    answer = send(reference, [create(), operation])
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, f"operations.1.{where}")
    assert reference.get("/resources").json()["total_count"] == 0


def test_a_failing_operation_stops_no_other(reference: Client) -> None:  # B114 B115
    asked = [create(), create("ab"), delete("123"), read("/v2/nothing"), create("Last one")]
    found = told(send(reference, asked))
    assert statuses(found["results"]) == [201, 400, 404, 404, 201]
    assert [code(result) for result in found["results"][1:4]] == ["parameter_invalid", "not_found", "path_unknown"]
    assert found["summary"] | {"duration_ms": 0} == {"total": 5, "successful": 2, "failed": 3, "duration_ms": 0}
    assert reference.get("/resources").json()["total_count"] == 2


@pytest.mark.parametrize("contract", ["v1", "v2"])
def test_an_error_is_the_one_of_a_single_request(tenant: Tenant, contract: str) -> None:  # B115
    asked = [create("ab", contract=contract), delete("123", contract=contract), read(f"/{contract}/resources?x=1")]
    with tenant.client(f"/{contract}") as client, tenant.client("") as single:
        results = run(client, asked)
        for operation, result in zip(asked, results, strict=True):
            answer = single.request(operation["method"], operation["path"], json=operation.get("body"))
            alone = answer.text.replace(answer.headers["X-Request-Id"], result["request_id"])
            assert result["status"] == answer.status_code
            assert result["body"] == json.loads(alone)


def test_every_operation_has_a_request_id_of_its_own(reference: Client) -> None:  # B111 B119
    answer = send(reference, [create(), read("/v2/nothing"), create("ab"), read("http://example.com/")])
    results = told(answer)["results"]
    found = [answer.headers["X-Request-Id"], *(result["request_id"] for result in results)]
    assert len(set(found)) == 5
    assert [result["body"]["error"]["request_id"] for result in results[1:]] == found[2:]


def test_the_headers_that_belong_to_an_answer(reference: Client, tenant: Tenant) -> None:
    (resource_id,) = seeding.fill(tenant, 1)
    made, seen, refused = run(
        reference, [create(), read(f"/v2/resources/{resource_id}"), {"method": "PUT", "path": "/v2/resources"}]
    )
    assert made["headers"]["location"] == f"/v2/resources/{made['body']['id']}"
    assert seen["headers"] == {"etag": reference.get(f"/resources/{resource_id}").headers["ETag"]}
    assert (refused["status"], refused["headers"]) == (405, {"allow": "GET, HEAD, POST, OPTIONS"})


def test_reading_and_writing_in_order(reference: Client) -> None:  # B111
    def seen(number: int) -> dict[str, Any]:
        return read(f"/v2/resources?limit={number}")

    results = run(reference, [seen(1), create("One more"), seen(2), create("Two more"), seen(3)])
    assert [result["body"].get("total_count") for result in results] == [0, None, 1, None, 2]


def test_head_and_options_have_no_body(reference: Client) -> None:
    results = run(reference, [{"method": method, "path": "/v2/resources"} for method in ("HEAD", "OPTIONS")])
    assert [(result["status"], result["body"]) for result in results] == [(200, None), (204, None)]
    assert results[1]["headers"]["allow"] == "GET, HEAD, POST, OPTIONS"


def test_if_match_guards_an_operation(reference: Client, tenant: Tenant) -> None:  # B116 B210
    (resource_id,) = seeding.fill(tenant, 1)
    etag = reference.get(f"/resources/{resource_id}").headers["ETag"]
    twice = [change(resource_id, name=name) | {"if_match": etag} for name in ("First", "Second")]
    assert statuses(run(reference, twice)) == [200, 412]
    assert reference.get(f"/resources/{resource_id}").json()["name"] == "First"


def test_a_nested_batch_is_refused(reference: Client) -> None:  # B117
    inner = {"operations": [create()]}
    results = run(reference, [{"method": "POST", "path": f"/{each}/batch", "body": inner} for each in ("v1", "v2")])
    assert statuses(results) == [400, 400]
    assert [result["body"]["error"]["param"] for result in results] == ["path", "path"]
    assert reference.get("/resources").json()["total_count"] == 0


ELSEWHERE = [
    "http://example.com/v2/resources",
    "https://169.254.169.254/latest/meta-data",
    "//example.com/v2/resources",
    "file:///etc/passwd",
    "x/v2/resources",
    "v2/resources",
    "/",
    "?",
    "/v1/../",
    "/v1/../v2/resources",
    "/v2/../healthz",
    "/v2/resources/../batch",
    "/v2/resources/..",
    "/v2/resources/%2e%2e/batch",
    "/v2/%2e%2e/v2/resources",
    "/v2%2fresources",
    "/%76%32/resources",
    "/v2/resources%2f",
    "/v2/resources/",
    "/v2//resources",
    "/v2\\resources",
    "/v2/resources\r\nX-Injected: 1",
    "/v2/resources HTTP/1.1",
    "/v2/resources#here",
    "/healthz",
    "/docs",
    "/v3/resources",
    "/v2/nothing",
    "/v2/resources/ä",
    "/v2/resources/%00",
    "/v2/resources/%ff",
    "/v2/resources?x=%ff",
    "/v2/resources?nothing=1",
    "/v2/resources?limit=1&limit=1",
    "/v2/resources?" + "&" * 10_000,
    "/v2/resources?type=" + "x" * 60_000,
    "/v2/resources/" + "x" * 60_000,
]


def test_a_path_leads_to_this_api_alone(reference: Client) -> None:  # B117
    results = run(reference, [read(path) for path in ELSEWHERE])
    found = dict(zip((path[:60] for path in ELSEWHERE), statuses(results), strict=True))
    assert {path: status for path, status in found.items() if status not in (400, 404)} == {}


@pytest.mark.parametrize("method", ["get", "FETCH", "TRACE", "CONNECT", "GET /v2/resources HTTP/1.1", "ä", " ", "\r\n"])
def test_a_method_that_is_none(reference: Client, method: str) -> None:  # B117
    assert statuses(run(reference, [{"method": method, "path": "/v2/resources"}, create()])) == [405, 201]


@pytest.mark.parametrize(
    "body", [{"name": "a\0b", "type": "production"}, {"": {"": [[[{}]]]}}, {"name": 1e300}, {"x" * 1000: None}]
)
def test_a_body_is_judged_by_its_operation(reference: Client, body: dict[str, Any]) -> None:  # B116
    refused, made = run(reference, [{**create(), "body": body}, create()])
    assert (refused["status"], made["status"]) == (400, 201)
    assert {item["in"] for item in refused["body"]["error"]["errors"]} == {"body"}


def test_scopes_are_those_of_each_operation(tenant: Tenant) -> None:  # B116
    with tenant.client("/v2", key=tenant.key("resources:read")) as client:
        results = run(client, [read("/v2/resources"), create(), read("/v2/projects")])
        (sentenced,) = run(client, [create()], atomic=True)
    assert statuses(results) == [200, 403, 403]
    assert "resources:write" in results[1]["body"]["error"]["message"]
    assert results[1]["headers"]["www-authenticate"].startswith("Bearer")
    assert sentenced["status"] == 403
    with tenant.client("/v2", key=tenant.key()) as client:
        assert client.get("/resources").json()["total_count"] == 0


@pytest.mark.parametrize("atomic", [False, True])
def test_objects_of_others_are_not_there(tenant: Tenant, stranger: Tenant, *, atomic: bool) -> None:  # B022 B116
    (theirs,), (in_test_mode,) = seeding.fill(stranger, 1), seeding.fill(tenant, 1, mode="test")
    with tenant.client("/v2") as client:
        for resource_id in (theirs, in_test_mode, "res_01kb2m9p4bf4ks8f0xm0q5e3yt"):
            for operation in (change(resource_id, name="Mine"), delete(resource_id), read(delete(resource_id)["path"])):
                (result,) = run(client, [operation], atomic=atomic)
                assert (result["status"], code(result)) == (404, "not_found")
    with stranger.client("/v2") as client:
        assert client.get(f"/resources/{theirs}").status_code == 200


def test_a_batch_in_test_mode_makes_test_data(tenant: Tenant, v2: Client) -> None:
    with tenant.client("/v2", mode="test") as client:
        run(client, [create()])
        assert client.get("/resources").json()["total_count"] == 1
    assert v2.get("/resources").json()["total_count"] == 0


def test_the_body_as_a_whole_has_a_bound(reference: Client, server: Server) -> None:
    most = server.app.contract.document.raw["x-max-body-bytes"]
    large = create() | {"body": {"name": "x" * (most // 100), "type": "production"}}
    assert send(reference, [large] * 100).status_code == 413


def test_an_operation_without_a_body_that_needs_one(reference: Client) -> None:
    (result,) = run(reference, [{"method": "POST", "path": "/v2/resources"}])
    assert (result["status"], code(result)) == (400, "parameter_missing")


def test_a_batch_is_not_a_form(reference: Client) -> None:
    answer = reference.post("/batch", data={"operations[0][method]": "GET"})
    assert answer.status_code == 415
