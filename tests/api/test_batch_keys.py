"""Batches with an idempotency key: whatever happens, each effect is there once, and repeats get one answer."""

from __future__ import annotations

from functools import partial

import pytest

from domain import resources
from storage import database
from tests.api import recorded, seeding
from tests.api.batches import KEY, change, create, delete, read, run, send, statuses, told
from tests.api.parallel import at_once
from tests.serving import Client, Server, Tenant

ASKED = [create("First"), create("ab"), create("Second"), read("/v2/resources?limit=1")]
MORE_THAN_A_DAY = 24 * 3600 + 60


def test_a_repeat_gets_the_same_answer(reference: Client, tenant: Tenant) -> None:  # B116
    first, again = (send(reference, ASKED, {KEY: "a-key"}) for _ in range(2))
    assert statuses(told(first)["results"]) == [201, 400, 201, 200]
    assert "Idempotent-Replayed" not in first.headers
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert recorded.types_of(tenant) == ["resource.created"] * 2


def test_without_a_key_a_repeat_is_another_batch(reference: Client) -> None:
    run(reference, ASKED)
    run(reference, ASKED)
    assert reference.get("/resources").json()["total_count"] == 4


def test_another_batch_with_the_same_key_is_refused(reference: Client, tenant: Tenant) -> None:
    run(reference, ASKED, headers={KEY: "a-key"})
    answer = send(reference, ASKED[:1], {KEY: "a-key"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(recorded.types_of(tenant)) == 2


def test_the_key_of_another_request_is_refused_before_anything_runs(reference: Client) -> None:
    reference.post("/projects", json={"name": "Data", "slug": "data"}, headers={KEY: "a-key"})
    assert send(reference, ASKED, {KEY: "a-key"}).status_code == 422
    assert reference.get("/resources").json()["total_count"] == 0


def test_fifty_at_once_have_one_effect(reference: Client, tenant: Tenant) -> None:  # B116
    answers = at_once([partial(send, reference, ASKED, {KEY: "a-key"})] * 50)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert recorded.types_of(tenant) == ["resource.created"] * 2


def test_a_key_is_kept_for_24_hours(reference: Client, server: Server) -> None:  # B073
    run(reference, ASKED[:1], headers={KEY: "a-key"})
    server.clock.offset = MORE_THAN_A_DAY
    answer = send(reference, ASKED[:1], {KEY: "a-key"})
    assert "Idempotent-Replayed" not in answer.headers
    assert reference.get("/resources").json()["total_count"] == 2


def test_a_key_of_the_longest_kind(reference: Client) -> None:
    for key in ("~" * 255, f'"{"!" * 253}"'):
        first, again = (send(reference, [create()], {KEY: key}) for _ in range(2))
        assert again.content == first.content
    assert reference.get("/resources").json()["total_count"] == 2


def test_accounts_and_modes_have_keys_of_their_own(tenant: Tenant, stranger: Tenant) -> None:  # B076
    for owner, mode in ((tenant, "live"), (tenant, "test"), (stranger, "live")):
        with owner.client("/v2", mode=mode) as client:
            assert statuses(run(client, [create()], headers={KEY: "a-key"})) == [201]
            assert client.get("/resources").json()["total_count"] == 1


def test_a_repeat_shows_nobody_what_he_may_not_read(v2: Client, tenant: Tenant) -> None:  # B116
    asked = [read("/v2/resources"), create()]
    run(v2, asked, headers={KEY: "a-key"})
    for key in (tenant.key("projects:read"), tenant.key()):
        with tenant.client("/v2", key=key) as other:
            answer = send(other, asked, {KEY: "a-key"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert send(v2, asked, {KEY: "a-key"}).headers["Idempotent-Replayed"] == "true"


def test_keys_of_operations(reference: Client, tenant: Tenant) -> None:  # B116
    by_field, by_body = create("First", idempotency_key="one"), create("Second")
    by_body["body"]["idempotency_key"] = "two"
    made = run(reference, [by_field, by_body])
    again = run(reference, [by_field, by_body], headers={KEY: "a-key"})
    assert [result["body"] for result in again] == [result["body"] for result in made]
    assert {result["headers"]["idempotent-replayed"] for result in again} == {"true"}
    single = reference.post("/resources", json=by_field["body"], headers={KEY: "one"})
    assert (single.json(), single.headers["Idempotent-Replayed"]) == (made[0]["body"], "true")
    assert statuses(run(reference, [create("Another", idempotency_key="one")])) == [422]
    assert recorded.types_of(tenant) == ["resource.created"] * 2


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize("key", ["a-key", '"a-key"'])
def test_the_key_of_the_batch_is_none_of_its_operations(reference: Client, key: str, *, atomic: bool) -> None:
    by_field, by_body = create(idempotency_key=key), create()
    by_body["body"]["idempotency_key"] = "a-key"
    answer = send(reference, [create(), by_field, by_body], {KEY: "a-key"}, atomic=atomic)
    assert answer.status_code == 400
    assert [item["param"] for item in answer.json()["error"]["errors"]] == [
        "operations.1.idempotency_key",
        "operations.2.body.idempotency_key",
    ]
    assert reference.get("/resources").json()["total_count"] == 0


def test_what_failed_for_a_passing_reason_is_tried_again(
    reference: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_busy(*_: object) -> None:
        raise database.Unavailable("busy")

    first, second = seeding.fill(tenant, 2)
    asked = [create("First"), delete(first), change(second, name="Other")]
    with monkeypatch.context() as patch:
        patch.setattr(resources, "delete", be_busy)
        before = run(reference, asked, headers={KEY: "a-key"})
    assert statuses(before) == [201, 503, 200]
    after = run(reference, asked, headers={KEY: "a-key"})
    assert statuses(after) == [201, 204, 200]
    assert [after[index]["body"] for index in (0, 2)] == [before[index]["body"] for index in (0, 2)]
    assert send(reference, asked, {KEY: "a-key"}).headers["Idempotent-Replayed"] == "true"
    assert recorded.types_of(tenant)[2:] == ["resource.created", "resource.updated", "resource.deleted"]
