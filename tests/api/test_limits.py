"""Rate limits, concurrency and quota as a client meets them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from storage.tables import usage
from tests import under_way
from tests.serving import Client, Server, Tenant

HOUR = 3600
FREE_HOUR, FREE_MINUTE, FREE_BURST, FREE_AT_ONCE, FREE_MONTH = 100, 60, 100, 10, 10_000
NAMES = ("Limit", "Remaining", "Reset", "Reset-After")
# A quarter past some hour, so that a test that moves the clock by seconds stays in the hour, the minute and the month.
QUARTER_PAST = 1_800_000_900
MINUTELY = {"API-Version": "2023-11-01"}


@pytest.fixture
def still(server: Server) -> Iterator[Server]:
    """The server, for which time stands still."""
    with server.clock.stopped(QUARTER_PAST + 0.25):
        yield server


def told(answer: httpx2.Response) -> dict[str, int]:
    """What the headers say in numbers."""
    return {name: int(answer.headers[f"X-RateLimit-{name}"]) for name in NAMES}


def fields(answer: httpx2.Response, name: str) -> dict[str, dict[str, str]]:
    """A structured field: its items by name, each with its parameters."""
    found = {}
    for item in answer.headers[name].split(", "):
        key, *parameters = item.split(";")
        found[key.strip('"')] = dict(parameter.split("=") for parameter in parameters)
    return found


def statuses(client: Client, count: int) -> list[int]:
    return [client.get("/resources").status_code for _ in range(count)]


def check_refused(answer: httpx2.Response, reason: str) -> int:
    """A 429 that says why and for how long."""
    wait = int(answer.headers["Retry-After"])
    assert answer.status_code == 429, answer.text
    assert answer.headers["X-RateLimit-Reason"] == reason
    assert wait >= 1
    assert int(answer.headers["X-RateLimit-Reset-After"]) == wait  # B156
    return wait


def test_the_hour_of_the_free_plan(still: Server) -> None:  # A027 A031 A034 A035 A036 A038 A040 A085
    with still.tenant("free").client("/v1") as client:
        answers = [client.get("/resources") for _ in range(FREE_HOUR)]
        assert {answer.status_code for answer in answers} == {200}
        assert [told(answer)["Remaining"] for answer in answers] == list(range(FREE_HOUR - 1, -1, -1))
        for said in map(told, answers):
            assert said["Limit"] == FREE_HOUR
            assert said["Reset"] == QUARTER_PAST - 900 + HOUR
            assert said["Reset-After"] == HOUR - 900
        refused = client.get("/resources")
        wait = check_refused(refused, "rate")
        assert told(refused) == {"Limit": FREE_HOUR, "Remaining": 0, "Reset": QUARTER_PAST + 2700, "Reset-After": wait}
        error = refused.json()["error"]
        assert error == {
            "code": "RATE_LIMIT_EXCEEDED",
            "message": f"Rate limit exceeded. Try again in {wait} seconds.",
            "retry_after": wait,
        }
        still.clock.offset = wait - 1
        assert client.get("/resources").status_code == 429
        still.clock.offset = wait
        assert client.get("/resources").status_code == 200


@pytest.mark.parametrize(("plan", "hourly"), [("pro", 1_000), ("enterprise", 10_000)])
def test_the_hour_of_other_plans(still: Server, plan: str, hourly: int) -> None:  # A032 A033
    with still.tenant(plan).client("/v1") as client:
        assert told(client.get("/resources"))["Limit"] == hourly
        assert fields(client.get("/resources"), "RateLimit-Policy") == {"hour": {"q": str(hourly), "w": "3600"}}


def test_the_minute_and_the_burst_of_the_free_plan(still: Server) -> None:  # A027 B133 B134 B152-B155 B158
    with still.tenant("free").client("/v2") as client:
        answers = [client.get("/resources") for _ in range(FREE_BURST)]
        assert {answer.status_code for answer in answers} == {200}
        remaining = [told(answer)["Remaining"] for answer in answers]
        assert remaining == [*range(FREE_MINUTE - 1, -1, -1), *[0] * (FREE_BURST - FREE_MINUTE)]
        for said in map(told, answers):
            assert said["Limit"] == FREE_MINUTE
            assert QUARTER_PAST < said["Reset"] <= QUARTER_PAST + 60
            assert abs(said["Reset"] - QUARTER_PAST - said["Reset-After"]) <= 1
        refused = client.get("/resources")
        assert check_refused(refused, "rate") == 1
        assert (refused.json()["error"]["code"], told(refused)["Remaining"]) == ("rate_limit_exceeded", 0)
        still.clock.offset = 1
        assert statuses(client, 2) == [200, 429]
        still.clock.offset = 6
        assert statuses(client, 6) == [200] * 5 + [429]
        still.clock.offset = 600
        assert statuses(client, FREE_BURST + 1) == [200] * FREE_BURST + [429]


@pytest.mark.parametrize(
    ("plan", "numbers"),
    [
        ("free", (60, 100, 10, 10_000)),
        ("starter", (600, 1_000, 50, 100_000)),
        ("growth", (3_000, 5_000, 200, 1_000_000)),
        ("scale", (10_000, 15_000, 500, 10_000_000)),
        ("enterprise", (50_000, 75_000, 1_000, None)),
    ],
)
def test_a_plan_is_visible(still: Server, plan: str, numbers: tuple[int | None, ...]) -> None:  # B015 B016 B133-B151
    with still.tenant(plan).client("/v2") as client:
        answer = client.get("/resources")
        policy, left = fields(answer, "RateLimit-Policy"), fields(answer, "RateLimit")
        shown = {name: int(policy[name]["q"]) for name in policy}
        names = ("minute", "burst", "concurrency", "month")
        assert shown == {name: number for name, number in zip(names, numbers, strict=True) if number is not None}
        assert {name: int(left[name]["r"]) for name in left} == {name: number - 1 for name, number in shown.items()}
        assert policy["concurrency"]["qu"] == '"concurrent-requests"'
        assert client.create()["limits"]["max_requests_per_minute"] == numbers[0]  # B137


def test_every_answer_says_how_the_account_stands(tenant: Tenant) -> None:  # A037 B152-B155
    reader = tenant.key("resources:read")
    with tenant.client("/v2") as client, tenant.client("/v2", key=reader) as limited, tenant.client("/v1") as v1:
        made = client.create()["id"]
        etag = client.get(f"/resources/{made}").headers["ETag"]
        found = [
            client.get("/resources"),
            client.get("/resources?nothing=1"),
            client.get("/resources", headers={"API-Version": "2020-01-01"}),
            limited.post("/resources", json={}),
            client.get("/resources/123"),
            client.get("/nothing"),
            client.put("/resources"),
            client.patch(f"/resources/{made}", json={}, headers={"If-Match": '"0-0"'}),
            client.post("/resources", content="<a/>", headers={"Content-Type": "text/xml"}),
            client.get(f"/resources/{made}", headers={"If-None-Match": etag}),
            client.head("/resources"),
            v1.delete(f"/resources/{made}"),
            v1.post("/nothing"),
        ]
        assert [answer.status_code for answer in found] == [
            200,
            400,
            400,
            403,
            404,
            404,
            405,
            412,
            415,
            304,
            200,
            204,
            404,
        ]
        for answer in found:
            said = told(answer)
            assert 0 <= said["Remaining"] < said["Limit"] or answer.status_code == 304
            assert abs(said["Reset"] - time.time() - said["Reset-After"]) <= 2
            assert fields(answer, "RateLimit").keys() == fields(answer, "RateLimit-Policy").keys()


def test_without_a_good_key_nothing_is_said(tenant: Tenant, keyless: Client) -> None:
    with tenant.client("/v2", key="nothing") as stranger:
        found = [keyless.get("/v1/resources"), keyless.get("/v1/nothing"), keyless.put("/v2/resources")]
        found += [stranger.get("/resources"), stranger.get("/nothing")]
    assert [answer.status_code for answer in found] == [401, 404, 405, 401, 404]
    assert not [name for answer in found for name in answer.headers if "ratelimit" in name.lower()]


def test_keys_of_an_account_share_and_accounts_do_not(still: Server) -> None:
    tenant, other = still.tenant("free"), still.tenant("free")
    with tenant.client("/v1") as one, tenant.client("/v1", key=tenant.key()) as two, other.client("/v1") as third:
        assert told(one.get("/resources"))["Remaining"] == FREE_HOUR - 1
        assert told(two.get("/resources"))["Remaining"] == FREE_HOUR - 2
        assert told(third.get("/resources"))["Remaining"] == FREE_HOUR - 1


def test_test_mode_has_no_limits(still: Server) -> None:  # A086
    tenant = still.tenant("free", monthly_quota=0)
    for path, limit in (("/v1", FREE_HOUR), ("/v2", FREE_MINUTE)):
        with tenant.client(path, mode="test") as client:
            answers = [client.get("/resources") for _ in range(10 * limit)]
            assert {answer.status_code for answer in answers} == {200}
            assert {told(answer)["Remaining"] for answer in answers} == {limit}
    with tenant.client("/v1") as live:
        assert told(live.get("/resources"))["Remaining"] == FREE_HOUR - 1


@pytest.mark.parametrize("path", ["/v1", "/v2"])
def test_it_is_exact_under_parallel_clients(still: Server, path: str) -> None:  # A039
    tenant = still.tenant("free", concurrent_requests=1_000)

    def ask(_: int) -> list[int]:
        with tenant.client(path) as client:
            return statuses(client, 4)

    with ThreadPoolExecutor(50) as pool:
        found = [status for each in pool.map(ask, range(50)) for status in each]
    assert (found.count(200), found.count(429)) == (100, 100)


def test_so_many_at_once_and_no_more(server: Server) -> None:  # B135 B159
    tenant = server.tenant("free")
    with tenant.client("/v2") as client:
        with under_way.live(tenant, FREE_AT_ONCE) as connections:
            refused = client.get("/resources")
            assert check_refused(refused, "concurrency") == 1
            assert refused.json()["error"]["code"] == "concurrency_limit_exceeded"
            with server.tenant("free").client("/v2") as other:
                assert other.get("/resources").status_code == 200
            connections[0].sendall(b"{}")
            assert connections[0].recv(100).startswith(b"HTTP/1.1 400 ")
            assert client.get("/resources").status_code == 200
        # The others hang up.
        latest = time.monotonic() + 10
        while fields(answer := client.get("/resources"), "RateLimit")["concurrency"]["r"] != str(FREE_AT_ONCE - 1):
            assert time.monotonic() < latest, answer.headers


def used(server: Server, tenant: Tenant, requests: int, day: int) -> None:
    """Put requests of a day on record, as the ones that were counted before a restart."""
    row = {
        "account_id": tenant.account_id,
        "mode": "live",
        "day": day,
        "operation": "",
        "requests": requests,
        "last": 0,
    }
    others: list[dict[str, Any]] = [{"operation": "v1.resources.list_resources"}, {"mode": "test"}, {"day": day - 31}]
    rows = [row, *({**row, **other} for other in others)]
    server.database.write(lambda tx: tx.execute(usage.insert(), rows).rowcount)


@pytest.mark.parametrize(("path", "headers"), [("/v1", MINUTELY), ("/v2", {})])
def test_the_month_of_the_free_plan(still: Server, path: str, headers: dict[str, str]) -> None:  # B136 B160
    tenant = still.tenant("free")
    today = QUARTER_PAST // 86_400
    used(still, tenant, FREE_MONTH - 2, today)
    with tenant.client(path, headers=headers) as client:
        assert fields(client.get("/resources"), "RateLimit")["month"]["r"] == "1"
        assert client.get("/resources").status_code == 200
        refused = client.get("/resources")
        wait = check_refused(refused, "quota")
        code = {"/v1": "QUOTA_EXCEEDED", "/v2": "quota_exceeded"}[path]
        assert refused.json()["error"]["code"] == code
        next_month = time.strftime("%Y-%m-%d", time.gmtime(QUARTER_PAST + wait))
        assert next_month in refused.json()["error"]["message"]
        assert next_month.endswith("-01")
        # What the requests of this test would have put on record.
        used(still, tenant, 2, today + 1)
        still.clock.offset = wait - 1
        assert client.get("/resources").status_code == 429
        still.clock.offset = wait
        assert client.get("/resources").status_code == 200


def test_what_had_not_changed_costs_nothing(still: Server) -> None:
    tenant = still.tenant("free", requests_per_hour=5)
    for path in ("/v1", "/v2"):
        with tenant.client(path) as client:
            first = client.get("/resources")
            again = [client.get("/resources", headers={"If-None-Match": first.headers["ETag"]}) for _ in range(10)]
            assert {answer.status_code for answer in again} == {304}
            assert {told(answer)["Remaining"] for answer in again} == {told(first)["Remaining"]}
            assert told(client.get("/resources"))["Remaining"] == told(first)["Remaining"] - 1


def test_numbers_can_be_agreed_with_an_account(still: Server) -> None:  # B150
    tenant = still.tenant("enterprise", requests_per_minute=7, burst=9, concurrent_requests=3, monthly_quota=1_000)
    with tenant.client("/v2") as client:
        answer = client.get("/resources")
        assert told(answer)["Limit"] == 7
        shown = {name: int(item["q"]) for name, item in fields(answer, "RateLimit-Policy").items()}
        assert shown == {"minute": 7, "burst": 9, "concurrency": 3, "month": 1_000}
        assert client.create()["limits"]["max_requests_per_minute"] == 7
        assert statuses(client, 8) == [200] * 7 + [429]


def test_the_retry_loop_of_the_reference_ends_well(server: Server) -> None:  # B157
    with server.tenant("free", requests_per_minute=60, burst=1).client("/v2") as client:
        waits = []
        for _ in range(2):
            while (answer := client.get("/resources")).status_code == 429:
                waits.append(int(answer.headers["Retry-After"]))
                time.sleep(waits[-1])
            assert answer.status_code == 200
    assert waits == [1]
