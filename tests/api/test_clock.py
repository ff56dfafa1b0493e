"""The clock of test mode: it goes forward only, and what depends on the time follows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.parallel import at_once
from tests.serving import Client, Server, Tenant

DAY = 86_400
MOST_AT_ONCE = 400 * DAY
MOST_AHEAD = 3_650 * DAY
BODY = {"name": "A resource", "type": "production"}
# What is remembered of a caller may be so old, and the reset comes as soon, in seconds.
PATIENCE = 10


@pytest.fixture(params=["/v1", "/v2"])
def test_mode(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of either contract with a test key."""
    with tenant.client(request.param, mode="test") as client:
        yield client


def data(answer: httpx2.Response) -> dict[str, Any]:
    """The object in an answer of either contract."""
    body = answer.json()
    found: dict[str, Any] = body.get("data", body)
    return found


def seconds(moment: int | str) -> int:
    """A time of either contract in unix seconds."""
    if isinstance(moment, int):
        return moment
    return int(time.mktime(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone)


def moment(client: Client, unix: int) -> int | str:
    """A time as the client's contract writes it."""
    return unix if "v2" in str(client.base_url) else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix))


def advance(client: Client, by: int) -> dict[str, Any]:
    """Move the clock, which the next request of the process knows of."""
    answer = client.post("/test/clock", json={"advance_seconds": by})
    assert answer.status_code == 200, answer.text
    return data(answer)


def eventually(look: Callable[[], bool]) -> None:
    """Return once it is so."""
    ends = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < ends, "nothing changed"
        time.sleep(0.02)


def total(client: Client) -> int:
    """How many resources there are."""
    body = client.get("/resources").json()
    count: int = body["meta"]["total_items"] if "meta" in body else body["total_count"]
    return count


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_it_begins_at_the_real_time(test_mode: Client, server: Server) -> None:
    clock = data(test_mode.get("/test/clock"))
    assert abs(seconds(clock["now"]) - server.clock.now()) <= 1
    assert clock["offset_seconds"] == 0
    assert clock.get("object") in ("test_clock", None)


def test_it_is_moved_by_seconds_and_to_a_time(test_mode: Client, server: Server) -> None:
    moved = data(test_mode.post("/test/clock", json={"advance_seconds": 100}))
    assert moved["offset_seconds"] == 100
    assert abs(seconds(moved["now"]) - server.clock.now() - 100) <= 1
    target = server.clock.now() + 3 * DAY
    for answer in (
        test_mode.post("/test/clock", json={"to": moment(test_mode, target)}),
        test_mode.post("/test/clock", data={"to": moment(test_mode, target + 5)}),
    ):
        moved = data(answer)
        assert abs(moved["offset_seconds"] - 3 * DAY) <= PATIENCE
    assert seconds(moved["now"]) == target + 5
    assert data(test_mode.get("/test/clock"))["offset_seconds"] == moved["offset_seconds"]


def test_it_does_not_go_back(test_mode: Client, server: Server) -> None:
    clock = data(test_mode.post("/test/clock", json={"advance_seconds": 100}))
    refused = test_mode.post("/test/clock", json={"to": moment(test_mode, server.clock.now() + 50)})
    assert refused.status_code == 400
    message = error_of(refused)["message"]
    assert "goes forward only" in message
    assert str(clock["now"]) in message
    assert data(test_mode.get("/test/clock"))["offset_seconds"] == 100


@pytest.mark.parametrize(
    "body", [{}, {"advance_seconds": 0}, {"advance_seconds": -1}, {"advance_seconds": MOST_AT_ONCE + 1}, {"by": 1}]
)
def test_a_move_that_cannot_be_is_refused(test_mode: Client, body: dict[str, Any]) -> None:
    assert test_mode.post("/test/clock", json=body).status_code == 400
    assert data(test_mode.get("/test/clock"))["offset_seconds"] == 0


def test_it_takes_one_of_the_two(test_mode: Client, server: Server) -> None:
    both = {"advance_seconds": 1, "to": moment(test_mode, server.clock.now() + 100)}
    assert test_mode.post("/test/clock", json=both).status_code == 400


@pytest.mark.parametrize(
    "to", ["", "2031-01-01", "2031-02-30T00:00:00Z", "2031-01-01T00:00:60Z", "2031-01-01T00:00:00+01:00", "x" * 20, 5]
)
def test_what_is_no_time_is_refused(tenant: Tenant, to: Any) -> None:
    with tenant.client("/v1", mode="test") as client:
        answer = client.post("/test/clock", json={"to": to})
    assert (answer.status_code, error_of(answer)["details"]["field"]) == (400, "to")


def test_it_goes_so_far_and_no_further(test_mode: Client, server: Server) -> None:
    far = moment(test_mode, server.clock.now() + MOST_AT_ONCE + 60)
    assert "at most 400 days ahead" in error_of(test_mode.post("/test/clock", json={"to": far}))["message"]
    moved = 0
    while moved + MOST_AT_ONCE <= MOST_AHEAD:
        moved += MOST_AT_ONCE
        assert test_mode.post("/test/clock", json={"advance_seconds": MOST_AT_ONCE}).status_code == 200
    refused = test_mode.post("/test/clock", json={"advance_seconds": MOST_AT_ONCE})
    assert "at most 3650 days ahead of the real time" in error_of(refused)["message"]
    assert data(test_mode.get("/test/clock"))["offset_seconds"] == moved


def test_live_mode_has_none(tenant: Tenant) -> None:
    for path in ("/v1", "/v2"):
        with tenant.client(path) as live:
            answers = [live.get("/test/clock"), live.post("/test/clock", json={"advance_seconds": 1})]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert "Live mode has no test clock" in error_of(answers[0])["message"]


def test_moves_at_once_add_up(test_mode: Client) -> None:
    moves = [lambda: test_mode.post("/test/clock", json={"advance_seconds": 10}).status_code for _ in range(8)]
    assert at_once(moves) == [200] * 8
    assert data(test_mode.get("/test/clock"))["offset_seconds"] == 80


def test_a_repeated_move_is_made_once(test_mode: Client) -> None:
    for _ in range(3):
        again = test_mode.post("/test/clock", json={"advance_seconds": 10}, headers={"Idempotency-Key": "move"})
        assert data(again)["offset_seconds"] == 10


def test_new_objects_and_answers_have_its_time(tenant: Tenant, server: Server) -> None:
    with tenant.client("/v1", mode="test") as client, tenant.client("/v2", mode="test") as other:
        now = seconds(advance(client, 2 * DAY)["now"])
        answer = client.post("/resources", json=BODY)
        assert 0 <= seconds(answer.json()["meta"]["timestamp"]) - now <= PATIENCE
        assert 0 <= seconds(answer.json()["data"]["created_at"]) - now <= PATIENCE
        assert 0 <= other.create()["created"] - now <= PATIENCE
    with tenant.client("/v2") as live:
        assert abs(live.create()["created"] - server.clock.now()) <= 1


def test_other_accounts_have_their_own(tenant: Tenant, stranger: Tenant) -> None:
    with tenant.client("/v2", mode="test") as mine, stranger.client("/v2", mode="test") as theirs:
        advance(mine, DAY)
        assert data(theirs.get("/test/clock"))["offset_seconds"] == 0


def test_an_idempotency_key_holds_for_24_hours(tenant: Tenant, server: Server) -> None:  # B073
    # From the middle of a day, as the daily reset would be in the way.
    server.clock.offset = DAY - server.clock.now() % DAY + 10
    with tenant.client("/v2", mode="test") as client:
        first = client.post("/resources", json=BODY, headers={"Idempotency-Key": "one"})
        again = client.post("/resources", json=BODY, headers={"Idempotency-Key": "one"})
        assert (again.json()["id"], again.headers["Idempotent-Replayed"]) == (first.json()["id"], "true")
        made = first.json()["created"]
        advance(client, made + DAY - 60 - client.get("/test/clock").json()["now"] - 30)
        again = client.post("/resources", json=BODY, headers={"Idempotency-Key": "one"})
        assert again.json()["id"] == first.json()["id"]
        advance(client, 120)
        fresh = client.post("/resources", json=BODY, headers={"Idempotency-Key": "one"})
        assert fresh.status_code == 201
        assert fresh.json()["id"] != first.json()["id"]


def test_keys_expire_by_the_real_time(tenant: Tenant, server: Server) -> None:
    key = tenant.key(mode="test", expires=server.clock.now() + 3600)
    with tenant.client("/v2", key=key) as client:
        advance(client, DAY)
        assert client.get("/resources").status_code == 200


def test_keys_end_by_the_real_time(tenant: Tenant, server: Server) -> None:
    with tenant.client("/v2", mode="test") as client:
        advance(client, 300 * DAY)
        made = {"name": "A key", "scopes": ["resources:read"]}
        soon = client.post("/api-keys", json={**made, "expires": server.clock.now() + 3600})
        assert soon.status_code == 201, soon.text
        revoked = client.post("/api-keys", json=made).json()
        assert client.delete(f"/api-keys/{revoked['id']}").status_code == 200
        rotated = client.post("/api-keys", json=made).json()
        client.post(f"/api-keys/{rotated['id']}/rotate", json={"overlap_seconds": 0})
        for key in (revoked["key"], rotated["key"]):
            with tenant.client("/v2", key=key) as ended:
                assert ended.get("/resources").status_code == 401


def test_test_data_is_gone_after_midnight(tenant: Tenant, stranger: Tenant, server: Server) -> None:  # A087
    server.clock.offset = DAY - server.clock.now() % DAY + 10
    with tenant.client("/v2", mode="test") as client, tenant.client("/v2") as live:
        others = stranger.client("/v2", mode="test")
        kept = [other.create()["id"] for other in (live, others)]
        project = client.post("/projects", json={"name": "A project", "slug": "one"}).json()["id"]
        client.create(project=project)
        endpoint = client.post("/webhooks", json={"url": "https://example.com/hook", "events": ["*"]})
        assert client.post("/test/clock", json={"advance_seconds": DAY}).status_code == 200
        eventually(lambda: total(client) == 0)
        eventually(lambda: client.get(f"/projects/{project}").status_code == 404)
        assert client.get("/projects").json()["total_count"] == 0
        assert client.get(f"/webhooks/{endpoint.json()['id']}").status_code == 200
        assert [live.get(f"/resources/{kept[0]}").status_code, others.get(f"/resources/{kept[1]}").status_code] == [
            200
        ] * 2
        made = client.create()["id"]
        assert client.get(f"/resources/{made}").status_code == 200
        assert total(client) == 1
        others.close()


def test_each_day_of_the_server_deletes_test_data(tenant: Tenant, server: Server) -> None:  # A087
    with tenant.client("/v2", mode="test") as client, tenant.client("/v2") as live:
        client.create()
        live.create()
        server.clock.offset = DAY
        eventually(lambda: total(client) == 0)
        assert total(live) == 1
