"""Requests that meet: none undoes another, and the totals stay right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx2

from tests.api import seeding
from tests.api.parallel import at_once
from tests.api.recorded import events_of, types_of
from tests.serving import Client, Tenant

ROUNDS = 10


def test_changes_of_different_fields_both_survive(reference: Client) -> None:  # B102
    place = f"/resources/{reference.create()['id']}"
    for number in range(ROUNDS):
        name, metadata = f"Name {number}", {"round": str(number)}
        settings = {"timeout_ms": 1000 + number}
        answers = at_once(
            [
                partial(reference.patch, place, json={"name": name}),
                partial(reference.patch, place, json={"metadata": metadata}),
                partial(reference.patch, place, json={"configuration": settings}),
            ]
        )
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        shown = reference.get(place).json()
        assert (shown["name"], shown["metadata"]) == (name, metadata)
        assert shown["configuration"] == {"retry_count": 3, "batch_size": 100, "rate_limit": 1000, **settings}


def test_changes_of_different_settings_both_survive(reference: Client) -> None:  # B095 B102
    place = f"/resources/{reference.create()['id']}"
    given = {"timeout_ms": 7500, "retry_count": 1, "batch_size": 9}
    calls = [
        partial(reference.patch, place, json={"configuration": {setting: value}}) for setting, value in given.items()
    ]
    assert {answer.status_code for answer in at_once(calls)} == {200}
    assert reference.get(place).json()["configuration"] == {**given, "rate_limit": 1000}


def test_of_changes_to_one_version_one_wins(reference: Client, tenant: Tenant) -> None:  # B210
    place = f"/resources/{reference.create()['id']}"
    for number in range(ROUNDS):
        headers = {"If-Match": reference.get(place).headers["ETag"]}
        names = [f"Name {number} of {each}" for each in range(5)]
        answers = at_once([partial(reference.patch, place, json={"name": name}, headers=headers) for name in names])
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
        won = next(answer for answer in answers if answer.status_code == 200)
        assert reference.get(place).json() == won.json()
    assert types_of(tenant) == ["resource.created"] + ["resource.updated"] * ROUNDS


def test_of_deletions_one_wins(reference: Client, tenant: Tenant) -> None:  # B104 B105
    place = f"/resources/{reference.create()['id']}"
    answers = at_once([partial(reference.delete, place)] * 10)
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 9
    assert types_of(tenant) == ["resource.created", "resource.deleted"]


def test_a_change_and_a_deletion(reference: Client, tenant: Tenant) -> None:  # B104
    for made in seeding.fill(tenant, ROUNDS):
        place = f"/resources/{made}"
        calls: list[Callable[[], httpx2.Response]] = [
            partial(reference.patch, place, json={"name": "Renamed"}),
            partial(reference.delete, place),
        ]
        changed, deleted = at_once(calls)
        assert deleted.status_code == 200
        assert changed.status_code in (200, 404)
        told = [event.type for event in events_of(tenant) if event.object_id == made]
        changes = ["resource.updated"] if changed.status_code == 200 else []
        assert told == ["resource.created", *changes, "resource.deleted"]
        assert reference.get(place).status_code == 404


def test_the_totals_stay_right(reference: Client, tenant: Tenant) -> None:  # B044
    made = seeding.fill(tenant, 20)
    calls: list[Callable[[], object]] = [partial(reference.create, name="Another")] * 20
    calls += [partial(reference.delete, f"/resources/{each}") for each in made[:10]]
    calls += [partial(reference.patch, f"/resources/{each}", json={"status": "active"}) for each in made[5:15]]
    at_once(calls)
    listed = reference.get("/resources", params={"limit": 100}).json()
    assert len(listed["data"]) == listed["total_count"] == 30
    for status in ("pending", "active"):
        found = reference.get("/resources", params={"limit": 100, "status": status}).json()
        assert len(found["data"]) == found["total_count"]
        assert len(found["data"]) == sum(item["status"] == status for item in listed["data"])


def test_ids_of_parallel_creations_are_different(reference: Client) -> None:  # B008
    made = at_once([reference.create] * 50)
    assert len({each["id"] for each in made}) == 50
