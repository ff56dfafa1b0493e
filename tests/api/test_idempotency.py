"""Idempotency keys: a request that is sent again has one effect and one answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2
import pytest

from domain import resources
from tests.api import seeding
from tests.api.parallel import at_once
from tests.api.recorded import types_of
from tests.serving import Client, Server, Tenant

KEY = "Idempotency-Key"
BODY = {"name": "A resource", "type": "production"}
NEARLY_A_DAY = 23 * 3600 + 59 * 60
MORE_THAN_A_DAY = 24 * 3600 + 60


def create(client: Client, key: str, **fields: Any) -> httpx2.Response:
    """Send a creation with a key in the header."""
    return client.post("/resources", json={**BODY, **fields}, headers={KEY: key})


def is_replay(answer: httpx2.Response, of: httpx2.Response) -> bool:
    """Whether an answer is an earlier one again, and says so."""
    same = (answer.status_code, answer.content) == (of.status_code, of.content)
    return same and answer.headers.get("Idempotent-Replayed") == "true"


def total(client: Client) -> int:
    """How many resources there are."""
    body = client.get("/resources").json()
    count: int = body["meta"]["total_items"] if "meta" in body else body["total_count"]
    return count


def test_a_repeated_creation(reference: Client, tenant: Tenant) -> None:  # B072 B074 B075
    first = create(reference, "order_12345_create_resource")
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first.headers
    for _ in range(3):
        again = create(reference, "order_12345_create_resource")
        assert is_replay(again, first)
        assert (again.headers["Location"], again.headers["ETag"]) == (first.headers["Location"], first.headers["ETag"])
        assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert total(reference) == 1
    assert types_of(tenant) == ["resource.created"]


def test_other_keys_and_no_key_are_other_requests(reference: Client) -> None:  # B072
    for key in ("a", "b", "A", "a ", '"c"'):
        assert create(reference, key.strip()).status_code == 201
    assert reference.post("/resources", json=BODY).status_code == 201
    assert reference.post("/resources", json=BODY).status_code == 201
    # "a " is "a" without the space that is no part of a header's value.
    assert total(reference) == 6


@pytest.mark.parametrize("form", ["json", "data"])
def test_the_key_may_stand_in_the_body(reference: Client, tenant: Tenant, form: str) -> None:  # B064
    sent: dict[str, Any] = {form: {**BODY, "idempotency_key": "unique_key_123"}}
    first = reference.post("/resources", **sent)
    assert first.status_code == 201
    assert is_replay(reference.post("/resources", **sent), first)
    assert total(reference) == 1
    assert types_of(tenant) == ["resource.created"]


def test_the_header_wins_over_the_body(reference: Client) -> None:  # B064
    first = create(reference, "in-header", idempotency_key="in-body")
    assert is_replay(create(reference, "in-header", idempotency_key="in-body"), first)
    other = create(reference, "another-header", idempotency_key="in-body")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]
    # The body's key was not used up.
    assert create(reference, "in-body").status_code == 201
    assert total(reference) == 3


def test_the_key_in_the_body_is_the_key_of_the_header(reference: Client) -> None:  # B064
    first = create(reference, "one-key")
    again = reference.post("/resources", json={**BODY, "idempotency_key": "one-key"})
    assert is_replay(again, first)


def test_a_quoted_key_is_the_bare_key(reference: Client) -> None:  # B072
    first = create(reference, '"8e03978e-40d5-43dd-bc93-6894a57f9324"')
    assert is_replay(create(reference, "8e03978e-40d5-43dd-bc93-6894a57f9324"), first)
    assert total(reference) == 1


@pytest.mark.parametrize(
    "sent", [{"name": "Another"}, {"type": "staging"}, {"metadata": {"team": "platform"}}], ids=str
)
def test_another_request_with_the_key_is_refused(reference: Client, sent: dict[str, Any]) -> None:  # B074
    first = create(reference, "a-key")
    refused = create(reference, "a-key", **sent)
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "idempotency_error")
    assert refused.json()["error"]["code"] == "idempotency_key_reused"
    assert "Idempotent-Replayed" not in refused.headers
    assert total(reference) == 1
    assert is_replay(create(reference, "a-key"), first)


def test_another_operation_or_object_with_the_key_is_refused(reference: Client) -> None:  # B074
    made, other = create(reference, "a-key").json(), reference.create()
    place = f"/resources/{made['id']}"
    assert reference.patch(place, json={"name": "A resource"}, headers={KEY: "a-key"}).status_code == 422
    assert reference.delete(place, headers={KEY: "a-key"}).status_code == 422
    assert reference.patch(place, json={"name": "Renamed"}, headers={KEY: "b-key"}).status_code == 200
    answer = reference.patch(f"/resources/{other['id']}", json={"name": "Renamed"}, headers={KEY: "b-key"})
    assert answer.status_code == 422
    assert reference.get(f"/resources/{other['id']}").json() == other


def test_the_other_contracts_request_is_another_one(v1: Client, v2: Client) -> None:  # B074
    made = create(v1, "a-key").json()["data"]
    assert create(v2, "a-key").status_code == 422
    assert v1.delete(f"/resources/{made['id']}", headers={KEY: "b-key"}).status_code == 204
    assert v2.delete(f"/resources/{made['id']}", headers={KEY: "b-key"}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        ({"json": {**BODY, "metadata": {"a": "1", "b": "2"}}}, {"json": {"metadata": {"b": "2", "a": "1"}, **BODY}}),
        ({"json": BODY}, {"content": b' {"type":"production","name":"A resource"} '}),
        ({"json": BODY}, {"data": BODY}),
    ],
    ids=["order of keys", "spaces", "form"],
)
def test_the_same_request_may_be_written_otherwise(  # B074
    reference: Client, sent: dict[str, Any], again: dict[str, Any]
) -> None:
    reference.headers[KEY] = "a-key"
    first = reference.post("/resources", **sent)
    headers = {"Content-Type": "application/json"} if "content" in again else {}
    assert is_replay(reference.post("/resources", headers=headers, **again), first)


def test_a_repeated_change(reference: Client, tenant: Tenant) -> None:  # B074 B075
    made = reference.create()
    place = f"/resources/{made['id']}"
    first = reference.patch(place, json={"name": "First"}, headers={KEY: "change"})
    reference.patch(place, json={"name": "Second"})
    assert is_replay(reference.patch(place, json={"name": "First"}, headers={KEY: "change"}), first)
    assert reference.get(place).json()["name"] == "Second"
    assert types_of(tenant) == ["resource.created", "resource.updated", "resource.updated"]


def test_a_repeated_deletion(reference: Client, tenant: Tenant) -> None:  # B074 B075
    made = reference.create()
    first = reference.delete(f"/resources/{made['id']}", headers={KEY: "deletion"})
    assert first.status_code == 200
    assert is_replay(reference.delete(f"/resources/{made['id']}", headers={KEY: "deletion"}), first)
    assert reference.delete(f"/resources/{made['id']}").status_code == 404
    assert types_of(tenant) == ["resource.created", "resource.deleted"]


def test_put_and_an_answer_without_a_body(v1: Client, tenant: Tenant) -> None:  # B074 B075
    place = f"/resources/{v1.create()['id']}"
    changed = v1.put(place, json={"name": "Renamed"}, headers={KEY: "change"})
    gone = v1.delete(place, headers={KEY: "deletion"})
    assert is_replay(v1.put(place, json={"name": "Renamed"}, headers={KEY: "change"}), changed)
    again = v1.delete(place, headers={KEY: "deletion"})
    assert is_replay(again, gone)
    assert (again.status_code, again.content) == (204, b"")
    assert len(types_of(tenant)) == 3


def test_a_repeat_of_a_conditional_change_is_not_held_against_the_new_version(reference: Client) -> None:
    made = reference.create()
    place = f"/resources/{made['id']}"
    headers = {KEY: "change", "If-Match": reference.get(place).headers["ETag"]}
    first = reference.patch(place, json={"name": "Renamed"}, headers=headers)
    assert first.status_code == 200
    assert is_replay(reference.patch(place, json={"name": "Renamed"}, headers=headers), first)


def test_a_repeated_creation_after_the_deletion(reference: Client) -> None:  # B065
    first = create(reference, "a-key")
    reference.delete(f"/resources/{first.json()['id']}")
    assert is_replay(create(reference, "a-key"), first)
    assert total(reference) == 0


def test_a_refused_request_does_not_use_up_its_key(reference: Client, tenant: Tenant) -> None:
    invalid = [create(reference, "a-key", name="ab"), create(reference, "a-key", type="gone")]
    assert [answer.status_code for answer in invalid] == [400, 400]
    made = create(reference, "a-key")
    assert (made.status_code, "Idempotent-Replayed" in made.headers) == (201, False)
    place = f"/resources/{made.json()['id']}"
    assert reference.delete("/resources/123", headers={KEY: "b-key"}).status_code == 404
    stale = {KEY: "b-key", "If-Match": '"9-0"'}
    assert reference.patch(place, json={"name": "Renamed"}, headers=stale).status_code == 412
    with tenant.client("/v2", key=tenant.key("resources:read")) as reader:
        assert reader.delete(place, headers={KEY: "b-key"}).status_code == 403
    assert create(reference, "a-key", name="Another").status_code == 422
    assert reference.delete(place, headers={KEY: "b-key"}).status_code == 200


def test_a_failed_request_does_not_use_up_its_key(reference: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("It cannot be done.")

    with monkeypatch.context() as patch:
        patch.setattr(resources, "create", fail)
        assert create(reference, "a-key").status_code == 500
    made = create(reference, "a-key")
    assert (made.status_code, "Idempotent-Replayed" in made.headers) == (201, False)
    assert total(reference) == 1


def test_each_account_and_mode_has_keys_of_its_own(tenant: Tenant, stranger: Tenant) -> None:  # B076
    made = []
    for owner in (tenant, stranger):
        for mode in ("live", "test"):
            with owner.client("/v2", mode=mode) as client:
                first = create(client, "a-key", name=f"In {mode}")
                assert (first.status_code, "Idempotent-Replayed" in first.headers) == (201, False)
                assert is_replay(create(client, "a-key", name=f"In {mode}"), first)
                assert total(client) == 1
                made.append(first.json()["id"])
    assert len(set(made)) == 4


def test_all_keys_of_an_account_share_them(tenant: Tenant, v2: Client) -> None:  # B076
    first = create(v2, "a-key")
    with tenant.client("/v2", key=tenant.key()) as client:
        assert is_replay(create(client, "a-key"), first)


def test_a_replay_needs_the_scope_too(tenant: Tenant, v2: Client) -> None:
    create(v2, "a-key")
    with tenant.client("/v2", key=tenant.key("resources:read")) as reader:
        assert create(reader, "a-key").status_code == 403


def test_a_key_is_kept_for_24_hours(reference: Client, server: Server, tenant: Tenant) -> None:  # B073
    first = create(reference, "a-key")
    server.clock.offset = NEARLY_A_DAY
    assert is_replay(create(reference, "a-key"), first)
    server.clock.offset = MORE_THAN_A_DAY
    second = create(reference, "a-key", name="Another name")
    assert (second.status_code, "Idempotent-Replayed" in second.headers) == (201, False)
    assert second.json()["id"] != first.json()["id"]
    assert is_replay(create(reference, "a-key", name="Another name"), second)
    assert types_of(tenant) == ["resource.created", "resource.created"]


def test_a_replay_does_not_prolong_its_key(reference: Client, server: Server) -> None:  # B073
    first = create(reference, "a-key")
    for offset in (12 * 3600, NEARLY_A_DAY):
        server.clock.offset = offset
        assert is_replay(create(reference, "a-key"), first)
    server.clock.offset = MORE_THAN_A_DAY
    assert create(reference, "a-key").json()["id"] != first.json()["id"]


@pytest.mark.parametrize("number", [2, 50])
def test_parallel_identical_requests(reference: Client, tenant: Tenant, number: int) -> None:  # B065
    answers = at_once([partial(create, reference, "a-key")] * number)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert total(reference) == 1
    assert types_of(tenant) == ["resource.created"]


def test_parallel_different_requests_with_one_key(reference: Client, tenant: Tenant) -> None:  # B065
    names = ["One name", "Other name"] * 25
    answers = at_once([partial(create, reference, "a-key", name=name) for name in names])
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} == {201, 422}
    assert len(done) == 25
    assert len({answer.content for answer in done}) == 1
    assert total(reference) == 1
    assert types_of(tenant) == ["resource.created"]


@pytest.mark.parametrize("number", [2, 50])
def test_parallel_refused_requests(reference: Client, tenant: Tenant, number: int) -> None:
    answers = at_once([partial(create, reference, "a-key", name="ab")] * number)
    assert {answer.status_code for answer in answers} == {400}
    assert types_of(tenant) == []
    assert create(reference, "a-key").status_code == 201


def test_parallel_identical_changes_and_deletions(reference: Client, tenant: Tenant) -> None:  # B065
    place = f"/resources/{seeding.fill(tenant, 1)[0]}"
    changed = at_once([partial(reference.patch, place, json={"name": "Renamed"}, headers={KEY: "change"})] * 20)
    gone = at_once([partial(reference.delete, place, headers={KEY: "deletion"})] * 20)
    for answers in (changed, gone):
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
    assert types_of(tenant) == ["resource.created", "resource.updated", "resource.deleted"]
