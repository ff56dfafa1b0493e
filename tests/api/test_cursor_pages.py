"""Lists of the Resource API reference: cursors, filters and expansions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api import seeding
from tests.serving import Client, Server, Tenant, ids

NOWHERE = "res_01kb2m9p4bf4ks8f0xm0q5e3yt"


def pages(client: Client, after: Callable[[], None] = lambda: None, **params: Any) -> Iterator[dict[str, Any]]:
    """Every page of a list, one after the other as the reference prints it; `after` is called behind each."""
    cursor: dict[str, str] = {}
    while True:
        answer = client.get("/resources", params={**params, **cursor})
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        yield page
        if not page["has_more"]:
            return
        assert page["data"], "a page that says that there are more has items"  # B180
        cursor = {"starting_after": page["data"][-1]["id"]}
        after()


def test_a_list_item(reference: Client) -> None:  # B023 B038 B039 B040 B041 B042 B045
    made = reference.create(name="Production Resource", metadata={"order_id": "6789"})
    body = reference.get("/resources").json()
    assert body.keys() == {"object", "data", "has_more", "total_count"}
    assert (body["object"], body["has_more"], body["total_count"]) == ("list", False, 1)
    item = body["data"][0]
    assert item.items() >= {"id": made["id"], "object": "resource", "created": made["created"]}.items()
    assert item.items() >= {"name": "Production Resource", "status": "pending"}.items()
    assert item["metadata"] == {"order_id": "6789"}
    assert item["metrics"].keys() == {"requests_today", "success_rate", "avg_latency_ms"}
    assert isinstance(item["metrics"]["requests_today"], int)
    assert isinstance(item["metrics"]["avg_latency_ms"], int)
    assert 0 <= item["metrics"]["success_rate"] <= 100
    assert round(item["metrics"]["success_rate"], 2) == item["metrics"]["success_rate"]


def test_twenty_are_shown_by_default(reference: Client, tenant: Tenant) -> None:  # B024 B043 B044
    newest_first = seeding.fill(tenant, 21)[::-1]
    body = reference.get("/resources").json()
    assert [item["id"] for item in body["data"]] == newest_first[:20]
    assert (body["has_more"], body["total_count"]) == (True, 21)


@pytest.mark.parametrize(("limit", "shown"), [(1, 1), (2, 2), (99, 99), (100, 100)])
def test_as_many_as_the_limit_are_shown(reference: Client, tenant: Tenant, limit: int, shown: int) -> None:  # B025 B026
    seeding.fill(tenant, 101)
    body = reference.get("/resources", params={"limit": limit}).json()
    assert (len(body["data"]), body["has_more"], body["total_count"]) == (shown, True, 101)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "1.5", ""])
def test_what_is_no_limit_is_refused(reference: Client, limit: str) -> None:  # B026
    answer = reference.get("/resources", params={"limit": limit})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "limit")


def test_a_page_starts_strictly_after_its_cursor(reference: Client, tenant: Tenant) -> None:  # B027 B043
    newest_first = seeding.fill(tenant, 7)[::-1]
    for index, cursor in enumerate(newest_first, start=1):
        body = reference.get("/resources", params={"starting_after": cursor, "limit": 3}).json()
        assert [item["id"] for item in body["data"]] == newest_first[index : index + 3]
        assert body["has_more"] is (len(newest_first) - index > 3)
        assert body["total_count"] == 7


def test_a_cursor_may_name_what_is_gone(reference: Client, tenant: Tenant) -> None:  # B028
    newest_first = seeding.fill(tenant, 5)[::-1]
    for gone in (newest_first[1], newest_first[4]):
        assert reference.delete(f"/resources/{gone}").status_code == 200
    left = [newest_first[0], newest_first[2], newest_first[3]]
    assert ids(reference.get("/resources", params={"starting_after": newest_first[1]})) == left[1:]
    assert ids(reference.get("/resources", params={"starting_after": newest_first[4]})) == []


def test_a_cursor_is_a_place_and_opens_nothing(  # B028
    reference: Client, tenant: Tenant, stranger: Tenant
) -> None:
    older = seeding.fill(tenant, 2)
    theirs = seeding.fill(stranger, 1)[0]
    seeding.fill(tenant, 2)
    assert ids(reference.get("/resources", params={"starting_after": theirs})) == older[::-1]


@pytest.mark.parametrize(
    "cursor", ["", "x", "123", NOWHERE[:-1], NOWHERE + "0", NOWHERE.upper(), "job" + NOWHERE[3:], NOWHERE[:-1] + "u"]
)
def test_a_malformed_cursor_is_refused(reference: Client, cursor: str) -> None:  # B028
    answer = reference.get("/resources", params={"starting_after": cursor})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "starting_after")


@pytest.mark.parametrize("spelling", ["created[{}]", "created.{}"])
def test_times_of_creation_are_bounded_inclusively(  # B029 B030 B031 B032 B033 B044
    reference: Client, server: Server, spelling: str
) -> None:
    made = {}
    for offset in (0, 1000, 2000):
        server.clock.offset = offset
        created = reference.create()
        made[created["id"]] = created["created"]
    newest_first = sorted(made, reverse=True)
    first, second, third = sorted(made.values())
    for gte, lte, expected in (
        (second, None, newest_first[:2]),
        (second + 1, None, newest_first[:1]),
        (None, second, newest_first[1:]),
        (None, second - 1, newest_first[2:]),
        (second, second, newest_first[1:2]),
        (first, third, newest_first),
        (third, first, []),
        (third + 1, None, []),
        (None, first - 1, []),
    ):
        bounds = {spelling.format(name): bound for name, bound in (("gte", gte), ("lte", lte)) if bound is not None}
        body = reference.get("/resources", params=bounds).json()
        assert [item["id"] for item in body["data"]] == expected
        assert (body["has_more"], body["total_count"]) == (False, len(expected))


@pytest.mark.parametrize("status", ["active", "pending", "archived"])
def test_a_status_filters_and_counts(reference: Client, tenant: Tenant, status: str) -> None:  # B034 B044
    made = {
        each: seeding.fill(tenant, number, status=each)
        for number, each in enumerate(("active", "pending", "archived", "paused"), start=2)
    }
    body = reference.get("/resources", params={"status": status, "limit": 1}).json()
    assert (len(body["data"]), body["has_more"], body["total_count"]) == (1, True, len(made[status]))
    assert [item["id"] for page in pages(reference, status=status, limit=1) for item in page["data"]] == (
        made[status][::-1]
    )


@pytest.mark.parametrize("status", ["paused", "deleted", "ACTIVE", "", "active,pending"])
def test_another_status_is_refused(reference: Client, status: str) -> None:  # B035
    answer = reference.get("/resources", params={"status": status})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "status")


def test_filters_hold_together(reference: Client, tenant: Tenant, server: Server) -> None:  # B029 B034 B044
    seeding.fill(tenant, 2, status="active")
    server.clock.offset = 1000
    wanted = seeding.fill(tenant, 3, status="active")
    seeding.fill(tenant, 4)
    params = {"status": "active", "created[gte]": f"{server.clock.now() - 100}"}
    body = reference.get("/resources", params=params).json()
    assert [item["id"] for item in body["data"]] == wanted[::-1]
    assert body["total_count"] == 3


@pytest.mark.parametrize("spelling", ["expand[]", "expand[0]"])
def test_expanding_on_the_list(reference: Client, spelling: str) -> None:  # B036 B037
    made = reference.create()
    plain = reference.get("/resources").json()["data"][0]
    assert {"logs", "related_resources"} & plain.keys() == set()
    full = reference.get("/resources", params={spelling: "metrics"}).json()["data"][0]
    assert full["metrics"].keys() == {"lifetime", "last_24h"}
    several = reference.get("/resources", params={"expand[]": ["metrics", "logs", "related_resources"]}).json()
    assert several["data"][0]["metrics"].keys() == {"lifetime", "last_24h"}
    assert several["data"][0]["related_resources"] == []
    assert [entry["method"] for entry in several["data"][0]["logs"]] == ["POST"]
    assert several["data"][0]["id"] == made["id"]


def test_logs_on_the_list_are_each_resources_own(reference: Client) -> None:  # B036
    created = [reference.post("/resources", json={"name": "A resource", "type": "production"}) for _ in range(3)]
    made, first = [answer.json() for answer in created], [answer.headers["X-Request-Id"] for answer in created]
    sent = [reference.patch(f"/resources/{made[n]['id']}", json={"name": f"Renamed {n}"}) for n in (1, 2, 1)]
    renamed = [answer.headers["X-Request-Id"] for answer in sent]
    shown = reference.get("/resources", params={"expand[]": "logs"}).json()["data"]
    assert {item["id"]: [entry["request_id"] for entry in item["logs"]] for item in shown} == {
        made[0]["id"]: [first[0]],
        made[1]["id"]: [renamed[2], renamed[0], first[1]],
        made[2]["id"]: [renamed[1], first[2]],
    }


@pytest.mark.parametrize("path", ["/resources", "/resources/{id}"])
def test_an_unknown_expansion_is_told_the_three(reference: Client, path: str) -> None:  # B083
    place = path.format(id=reference.create()["id"])
    answer = reference.get(place, params={"expand[]": "everything"})
    assert answer.status_code == 400
    for each in ("metrics", "logs", "related_resources"):
        assert each in answer.json()["error"]["message"]


@pytest.mark.parametrize(("number", "limit"), [(0, 1), (1, 1), (3, 1), (3, 2), (4, 2), (20, 20), (21, 20)])
def test_iterating_shows_each_once_and_ends(  # B043 B179 B180
    reference: Client, tenant: Tenant, number: int, limit: int
) -> None:
    made = seeding.fill(tenant, number)
    found = list(pages(reference, limit=limit))
    assert [item["id"] for page in found for item in page["data"]] == made[::-1]
    assert len(found) == max(1, -(-number // limit))


def test_1547_items_are_16_pages(reference: Client, tenant: Tenant) -> None:  # B044 B182
    made = seeding.fill(tenant, 1547)
    found = list(pages(reference, limit=100))
    assert [len(page["data"]) for page in found] == [100] * 15 + [47]
    assert [item["id"] for page in found for item in page["data"]] == made[::-1]
    assert {page["total_count"] for page in found} == {1547}


def test_iterating_while_others_write(reference: Client, tenant: Tenant) -> None:  # B180 B181
    made = seeding.fill(tenant, 60)
    # From both ends and the middle, ahead of the iteration and behind it, the cursor's own object among them.
    doomed = [made[index] for index in (59, 0, 49, 48, 30, 39, 1, 2, 29, 9)]
    deleted = []

    def write() -> None:
        seeding.fill(tenant, 3)
        for gone in doomed[:2]:
            assert reference.delete(f"/resources/{gone}").status_code == 200
        deleted.extend(doomed[:2])
        del doomed[:2]

    seen = [item["id"] for page in pages(reference, write, limit=10) for item in page["data"]]
    assert len(seen) == len(set(seen))
    assert set(made) - set(deleted) <= set(seen) <= set(made)
    assert seen == sorted(seen, reverse=True)


def test_a_list_that_is_emptied_ends(reference: Client, tenant: Tenant) -> None:  # B180
    made = seeding.fill(tenant, 4)

    def empty() -> None:
        for each in made:
            reference.delete(f"/resources/{each}")

    assert [len(page["data"]) for page in pages(reference, empty, limit=2)] == [2, 0]
