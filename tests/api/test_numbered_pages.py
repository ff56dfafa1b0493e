"""Lists of `/v1`: pages with numbers, filters and sorting."""

from __future__ import annotations

import pytest

from tests.api import seeding
from tests.serving import Client, Server, Tenant, ids


def meta(page: int, per_page: int, total: int, pages: int, *, has_next: bool, has_previous: bool) -> dict[str, object]:
    return {
        "page": page,
        "per_page": per_page,
        "total_items": total,
        "total_pages": pages,
        "has_next": has_next,
        "has_previous": has_previous,
    }


def test_pages_of_250_items(v1: Client, tenant: Tenant) -> None:  # A041 A046 A047
    newest_first = seeding.fill(tenant, 250)[::-1]
    seen: list[str] = []
    for page in range(1, 6):
        answer = v1.get("/resources", params={"page": page, "per_page": 50})
        expected = meta(page, 50, 250, 5, has_next=page < 5, has_previous=page > 1)
        assert (answer.status_code, answer.json()["meta"]) == (200, expected)
        seen += ids(answer)
    assert seen == newest_first
    beyond = v1.get("/resources", params={"page": 6, "per_page": 50})
    assert (beyond.status_code, ids(beyond)) == (200, [])
    assert beyond.json()["meta"] == meta(6, 50, 250, 5, has_next=False, has_previous=True)


def test_the_first_twenty_are_shown_by_default(v1: Client, tenant: Tenant) -> None:  # A042 A043
    made = seeding.fill(tenant, 21)
    answer = v1.get("/resources")
    assert ids(answer) == made[:0:-1]
    assert answer.json()["meta"] == meta(1, 20, 21, 2, has_next=True, has_previous=False)


def test_at_most_a_hundred_are_shown(v1: Client, tenant: Tenant) -> None:  # A044
    seeding.fill(tenant, 101)
    answer = v1.get("/resources", params={"per_page": 100})
    assert len(ids(answer)) == 100
    assert answer.json()["meta"] == meta(1, 100, 101, 2, has_next=True, has_previous=False)


@pytest.mark.parametrize(("number", "pages"), [(49, 1), (50, 1), (51, 2), (99, 2), (100, 2), (101, 3)])
def test_the_number_of_pages(v1: Client, tenant: Tenant, number: int, pages: int) -> None:  # A046 A047
    seeding.fill(tenant, number)
    last = v1.get("/resources", params={"page": pages, "per_page": 50})
    assert last.json()["meta"] == meta(pages, 50, number, pages, has_next=False, has_previous=pages > 1)
    assert len(ids(last)) == number - 50 * (pages - 1)


@pytest.mark.parametrize("page", [1, 2, 9007199254740991])
def test_an_empty_list_has_no_pages(v1: Client, page: int) -> None:  # A048
    answer = v1.get("/resources", params={"page": page})
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    assert answer.json()["meta"] == meta(page, 20, 0, 0, has_next=False, has_previous=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("page", "per_page") for value in ("0", "-1", "abc", "1.5", "", "1e2")]
    + [("per_page", "101"), ("page", "9007199254740992")],
)
def test_what_is_no_page_is_refused(v1: Client, name: str, value: str) -> None:  # A044 A045
    answer = v1.get("/resources", params={name: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == name


def test_filters_hold_together(v1: Client, tenant: Tenant) -> None:  # A049
    both = seeding.fill(tenant, 2, status="active", type="processor")
    active = seeding.fill(tenant, 3, status="active")
    processors = seeding.fill(tenant, 4, type="processor")
    for params, expected in (
        ({"status": "active", "type": "processor"}, both),
        ({"status": "active"}, both + active),
        ({"type": "processor"}, both + processors),
        ({"status": "paused", "type": "processor"}, []),
    ):
        answer = v1.get("/resources", params=params)
        assert sorted(ids(answer)) == sorted(expected)
        assert answer.json()["meta"]["total_items"] == len(expected)


@pytest.mark.parametrize("status", ["pending", "active", "paused", "archived"])
def test_every_status_is_a_filter(v1: Client, tenant: Tenant, status: str) -> None:  # A049
    made = {each: seeding.fill(tenant, 1, status=each) for each in ("pending", "active", "paused", "archived")}
    assert ids(v1.get("/resources", params={"status": status})) == made[status]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorted_by_time_of_creation(v1: Client, tenant: Tenant, server: Server, order: str) -> None:  # A050
    made = []
    for offset in (0, 100, 200):
        server.clock.offset = offset
        made += seeding.fill(tenant, 3)
    shown = ids(v1.get("/resources", params={"sort": "created_at", "order": order}))
    assert shown == (made if order == "asc" else made[::-1])


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorted_by_time_of_creation_after_the_clock_went_back(  # A050
    v1: Client, tenant: Tenant, server: Server, order: str
) -> None:
    for offset in (7200, 0, 3600):
        server.clock.offset = offset
        seeding.fill(tenant, 2)
    shown = v1.get("/resources", params={"sort": "created_at", "order": order}).json()["data"]
    assert shown == sorted(shown, key=lambda each: (each["created_at"], each["id"]), reverse=order == "desc")


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sorted_by_name(v1: Client, tenant: Tenant, order: str) -> None:  # A051
    names = ["beta", "Alpha", "alpha", "élan", "zeta", "Zeta", "10 ways", "2 ways", "日本語", "alpha"]
    for name in names:
        seeding.fill(tenant, 1, name=name)
    shown = v1.get("/resources", params={"sort": "name", "order": order}).json()["data"]
    assert sorted(names) == sorted(each["name"] for each in shown)
    assert shown == sorted(shown, key=lambda each: (each["name"], each["id"]), reverse=order == "desc")


def test_sorted_by_time_of_change(v1: Client, server: Server) -> None:  # A050
    made = [v1.create()["id"] for _ in range(3)]
    for offset, each in enumerate((made[1], made[0], made[2]), start=1):
        server.clock.offset = 100 * offset
        v1.put(f"/resources/{each}", json={"name": "Renamed"})
    assert ids(v1.get("/resources", params={"sort": "updated_at"})) == [made[2], made[0], made[1]]


@pytest.mark.parametrize("sort", ["created_at", "updated_at", "name"])
def test_ties_keep_their_order_over_pages(v1: Client, tenant: Tenant, sort: str) -> None:  # A050
    made = seeding.fill(tenant, 45, name="The same name")
    shown: list[str] = []
    for page in (1, 2, 3):
        shown += ids(v1.get("/resources", params={"sort": sort, "order": "asc", "page": page}))
    assert shown == made


def test_the_combined_example(v1: Client, tenant: Tenant) -> None:  # A052
    for name, status in (("b-one", "active"), ("c-one", "pending"), ("a-one", "active")):
        seeding.fill(tenant, 1, name=name, status=status)
    answer = v1.get("/resources?status=active&sort=name&order=asc&page=1&per_page=25")
    assert [each["name"] for each in answer.json()["data"]] == ["a-one", "b-one"]
    assert answer.json()["meta"] == meta(1, 25, 2, 1, has_next=False, has_previous=False)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("sort", "size", ["created_at", "updated_at", "name"]),
        ("sort", "created", ["created_at"]),
        ("order", "up", ["asc", "desc"]),
        ("order", "DESC", ["asc", "desc"]),
        ("status", "gone", ["pending", "active", "paused", "archived"]),
        ("type", "gone", ["production", "staging", "development", "processor"]),
    ],
)
def test_a_refused_choice_is_told_the_allowed_ones(
    v1: Client, name: str, value: str, allowed: list[str]
) -> None:  # A053
    answer = v1.get("/resources", params={name: value})
    error = answer.json()["error"]
    assert (answer.status_code, error["details"]) == (400, {"field": name, "reason": "unknown_value"})
    assert [each for each in allowed if each not in error["message"]] == []
