"""Events as the API shows them: as webhooks receive them, filtered, page by page, and followed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.recorded import events_of
from tests.api.test_payloads import shown
from tests.receiving import until
from tests.serving import Client, Server, Tenant, ids

UNKNOWN = "evt_01kb2m9p4bf4ks8f0xm0q5e3yt"


def make(v2: Client) -> list[str]:
    """A project that is made, changed and deleted, and a user; the ids of the two."""
    project = v2.post("/projects", json={"name": "Data", "slug": "data"}).json()["id"]
    v2.patch(f"/projects/{project}", json={"name": "Platform"})
    user = v2.post("/users", json={"email": "ada@example.com"}).json()["id"]
    v2.delete(f"/projects/{project}")
    return [project, user]


def types(client: Client, **params: Any) -> list[str]:
    """The types of the events on a list."""
    answer = client.get("/events", params=params)
    assert answer.status_code == 200, answer.text
    return [event.get("type", event.get("event")) for event in answer.json()["data"]]


ALL = ["project.created", "project.updated", "user.created", "project.deleted"]


@pytest.mark.parametrize(("contract", "version"), [("v1", "2023-09-15"), ("v2", "2024-01-15")])
def test_they_look_as_webhooks_receive_them(server: Server, tenant: Tenant, contract: str, version: str) -> None:
    with tenant.client("/v2") as v2:
        make(v2)
    rows = events_of(tenant)[::-1]
    with tenant.client(f"/{contract}", headers={"API-Version": version}) as client:
        body = client.get("/events").json()
        assert body["data"] == [shown(server, row, version) for row in rows]
        one = client.get(f"/events/{rows[0].id}").json()
    assert one.get("data" if contract == "v1" else "", one) == body["data"][0]


def test_they_are_narrowed_by_type_and_object(v1: Client, v2: Client) -> None:
    project, user = make(v2)
    for client in (v1, v2):
        assert types(client) == ALL[::-1]
        assert types(client, type="project.updated") == ["project.updated"]
        assert types(client, type="project.*,user.created") == ALL[::-1]
        assert types(client, type="user.*,project.deleted") == ["project.deleted", "user.created"]
        assert types(client, type="job.*") == []
        assert types(client, type="*,job.failed") == ALL[::-1]
        assert types(client, object=user) == ["user.created"]
        assert types(client, object=project, type="project.created") == ["project.created"]
        assert types(client, object="nothing") == []
        for refused in ({"type": "project"}, {"type": "user.*,user.*"}, {"type": ""}):
            assert client.get("/events", params=refused).status_code == 400
    totals = v2.get("/events", params={"type": "project.*", "limit": 1}).json()
    assert (totals["total_count"], totals["has_more"]) == (3, True)
    assert v1.get("/events", params={"type": "project.*", "per_page": 2}).json()["meta"]["total_pages"] == 2


def test_they_are_narrowed_by_time(v1: Client, v2: Client, server: Server) -> None:
    v2.post("/projects", json={"name": "Data", "slug": "data"})
    at = v2.get("/events").json()["data"][0]["created"]
    server.clock.offset = 100
    v2.post("/projects", json={"name": "Data", "slug": "other"})
    for client in (v1, v2):
        assert len(types(client, **{"created[gte]": at + 50})) == 1
        assert len(types(client, **{"created.lte": at + 50})) == 1
        assert len(types(client, **{"created[gte]": at})) == 2


@pytest.mark.parametrize("filters", [{}, {"type": "project.*"}], ids=str)
def test_they_are_followed_in_the_order_in_which_they_came(v2: Client, filters: dict[str, str]) -> None:
    make(v2)
    wanted = [each for each in ALL if not filters or each.startswith("project.")]
    assert until(lambda: types(v2, order="asc", **filters) == wanted)
    cursor: dict[str, str] = {}
    seen: list[str] = []
    for _ in range(3):
        # Not before everything has ended that began earlier, such as work on other accounts.
        while len(seen) < len(wanted):
            page = v2.get("/events", params={"order": "asc", "limit": 2, **filters, **cursor}).json()
            assert page["total_count"] == len(wanted)
            seen += [event["type"] for event in page["data"]]
            cursor = {"starting_after": page["data"][-1]["id"]} if page["data"] else cursor
            assert not page["has_more"] or len(seen) < len(wanted)
        assert seen == wanted
        v2.post("/projects", json={"name": "Another", "slug": f"slug-{len(seen)}"})
        wanted.append("project.created")
    assert types(v2, starting_after=ids(v2.get("/events", params=filters))[0], order="asc", **filters) == []


def test_who_follows_is_told_that_his_place_is_gone(v2: Client, stranger: Tenant) -> None:
    with stranger.client("/v2") as other:
        make(other)
        foreign = ids(other.get("/events"))[0]
    for cursor in (UNKNOWN, foreign):
        answer = v2.get("/events", params={"order": "asc", "starting_after": cursor})
        assert answer.status_code == 400
        (error,) = answer.json()["error"]["errors"]
        assert (error["in"], error["param"], error["reason"]) == ("query", "starting_after", "unknown_value")
    assert v2.get("/events", params={"starting_after": UNKNOWN}).json()["data"] == []
