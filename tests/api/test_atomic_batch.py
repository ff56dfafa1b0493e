"""Atomic batches: everything or nothing."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from domain import resources
from storage import database
from tests.api import recorded, seeding
from tests.api.batches import KEY, change, code, create, delete, read, run, send, statuses, told
from tests.api.parallel import at_once
from tests.serving import Client, Tenant


def test_all_of_it(reference: Client, tenant: Tenant) -> None:
    first, second = seeding.fill(tenant, 2)
    asked = [create(), change(first, name="Other"), delete(second), read("/v2/resources")]
    found = told(send(reference, asked, atomic=True))
    assert statuses(found["results"]) == [201, 200, 204, 200]
    assert found["results"][3]["body"]["total_count"] == 2, "what the batch did before is seen in it"
    assert found["summary"] | {"duration_ms": 0} == {"total": 4, "successful": 4, "failed": 0, "duration_ms": 0}
    assert reference.get("/resources").json()["total_count"] == 2
    assert recorded.types_of(tenant)[2:] == ["resource.created", "resource.updated", "resource.deleted"]


REFUSED_BEFORE = [create("ab"), read("/v2/nothing"), {"method": "FETCH", "path": "/v2/resources"}]
REFUSED_WITHIN = [delete("123"), change("123", name="Other"), read("/v2/resources/123")]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("failing", [*REFUSED_BEFORE, *REFUSED_WITHIN])
def test_nothing_of_it(v2: Client, tenant: Tenant, failing: dict[str, Any], place: int) -> None:
    (resource_id,) = seeding.fill(tenant, 1)
    asked = [create(), change(resource_id, name="Other")]
    asked.insert(place, failing)
    found = told(send(v2, asked, atomic=True))
    (alone,) = run(v2, [failing])
    assert (found["results"][place]["status"], code(found["results"][place])) == (alone["status"], code(alone))
    others = [result for index, result in enumerate(found["results"]) if index != place]
    assert [(result["status"], code(result)) for result in others] == [(424, "batch_rolled_back")] * 2
    assert {result["body"]["error"]["type"] for result in others} == {"dependency_error"}
    assert found["summary"] | {"duration_ms": 0} == {"total": 3, "successful": 0, "failed": 3, "duration_ms": 0}
    assert [item["name"] for item in v2.get("/resources").json()["data"]] == ["Resource 0"]
    assert len(recorded.types_of(tenant)) == 1


def test_each_that_is_refused_before_it_begins_says_why(v1: Client) -> None:
    results = run(v1, [create("ab", contract="v1"), create(contract="v1"), read("/v1/nothing")], atomic=True)
    assert [code(result) for result in results] == ["INVALID_REQUEST", "BATCH_ROLLED_BACK", "NOT_FOUND"]


def test_a_conflict_within_it(v2: Client) -> None:
    project = {"method": "POST", "path": "/v2/projects", "body": {"name": "Data", "slug": "data"}}
    results = run(v2, [project, create(), project], atomic=True)
    assert [code(result) for result in results] == ["batch_rolled_back", "batch_rolled_back", "already_exists"]
    assert v2.get("/projects").json()["total_count"] == 0
    assert statuses(run(v2, [project, create()], atomic=True)) == [201, 201]


def test_a_stale_etag_within_it(v2: Client, tenant: Tenant) -> None:
    (resource_id,) = seeding.fill(tenant, 1)
    etag = v2.get(f"/resources/{resource_id}").headers["ETag"]
    twice = [change(resource_id, name=name) | {"if_match": etag} for name in ("First", "Second")]
    assert statuses(run(v2, twice, atomic=True)) == [424, 412]
    assert v2.get(f"/resources/{resource_id}").headers["ETag"] == etag


def test_a_fault_of_the_server_within_it(v2: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a detail of the inside")

    with monkeypatch.context() as patch:
        patch.setattr(resources, "delete", fail)
        answer = send(v2, [create(), delete("123"), create()], {KEY: "a-key"}, atomic=True)
    assert [code(result) for result in told(answer)["results"]] == [
        "batch_rolled_back",
        "internal_error",
        "batch_rolled_back",
    ]
    assert "a detail of the inside" not in answer.text
    assert v2.get("/resources").json()["total_count"] == 0
    assert statuses(run(v2, [create()], headers={KEY: "a-key"}, atomic=True)) == [201]


def test_a_busy_database_refuses_the_whole(v2: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def be_busy(*_: object) -> None:
        raise database.Unavailable("a detail of the inside", retry_after=7)

    with monkeypatch.context() as patch:
        patch.setattr(resources, "delete", be_busy)
        answer = send(v2, [create(), delete("123")], {KEY: "a-key"}, atomic=True)
        each = told(send(v2, [delete("123"), create()], {KEY: "b-key"}))["results"]
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert (statuses(each), each[0]["headers"]) == ([503, 201], {"retry-after": "7"})
    assert v2.get("/resources").json()["total_count"] == 1


def test_a_repeat_gets_the_same_answer(reference: Client, tenant: Tenant) -> None:
    asked = [create(), read("/v2/resources")]
    first, again = (send(reference, asked, {KEY: "a-key"}, atomic=True) for _ in range(2))
    assert statuses(told(first)["results"]) == [201, 200]
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert send(reference, asked[:1], {KEY: "a-key"}, atomic=True).status_code == 422
    assert send(reference, asked, {KEY: "a-key"}, atomic=False).status_code == 422
    assert recorded.types_of(tenant) == ["resource.created"]


def test_a_batch_that_was_rolled_back_leaves_its_key_free(reference: Client) -> None:
    operations = [create(idempotency_key="inner"), delete("123")]
    for _ in range(2):
        answer = send(reference, operations, {KEY: "a-key"}, atomic=True)
        assert (statuses(told(answer)["results"]), "Idempotent-Replayed" in answer.headers) == ([424, 404], False)
    answer = send(reference, operations[:1], {KEY: "a-key"}, atomic=True)
    (result,) = told(answer)["results"]
    assert (result["status"], "idempotent-replayed" in result["headers"]) == (201, False)


def test_keys_of_operations_within_it(reference: Client, tenant: Tenant) -> None:
    once = create(idempotency_key="inner")
    first, same = run(reference, [once, once], atomic=True)
    (again,) = run(reference, [once], atomic=True)
    assert first["body"] == same["body"] == again["body"]
    assert same["headers"]["idempotent-replayed"] == again["headers"]["idempotent-replayed"] == "true"
    assert statuses(run(reference, [create(), create("Another", idempotency_key="inner")], atomic=True)) == [424, 422]
    assert recorded.types_of(tenant) == ["resource.created"]


def test_fifty_at_once_with_one_key(reference: Client, tenant: Tenant) -> None:
    asked = [create("First"), create("Second")]
    answers = at_once([lambda: send(reference, asked, {KEY: "a-key"}, atomic=True)] * 50)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert recorded.types_of(tenant) == ["resource.created", "resource.created"]


def test_batches_that_meet_end_all_the_same(v2: Client, tenant: Tenant) -> None:
    """Two that change the same objects in opposite orders would wait for each other for ever."""
    ids = seeding.fill(tenant, 4)

    def changes(name: str, order: list[str]) -> list[dict[str, Any]]:
        return [change(resource_id, name=name) for resource_id in order]

    asked = [changes(f"Name {number}", ids if number % 2 else ids[::-1]) for number in range(12)]
    answers = at_once([partial(send, v2, each, atomic=True) for each in asked])
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert 200 in {answer.status_code for answer in answers}
    assert len({item["name"] for item in v2.get("/resources").json()["data"]}) == 1
