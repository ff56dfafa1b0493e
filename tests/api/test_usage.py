"""Usage: the requests of the month, what the plan allows of them, and calls of deprecated operations."""

from __future__ import annotations

import time
from typing import Any

import pytest

from contract import document as documents
from gateway.settings import ROOT
from tests.serving import Client, Server, Tenant

DAY = 86_400


def usage_of(client: Client) -> dict[str, Any]:
    """The usage that a client sees."""
    answer = client.get("/usage")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    shown: dict[str, Any] = body.get("data", body)
    return shown


def middle_of_month(server: Server) -> None:
    """Move the clock to the 15th of next month, so that no test meets the end of a month."""
    now = time.gmtime(server.clock.now())
    days = 32 - now.tm_mday + 14
    moved = server.clock.now() + days * DAY
    server.clock.offset += days * DAY + (15 - time.gmtime(moved).tm_mday) * DAY


def test_it_counts_what_was_admitted(v2: Client, keyless: Client, server: Server) -> None:
    middle_of_month(server)
    tag = v2.get("/resources").headers["ETag"]
    v2.get("/resources", headers={"If-None-Match": tag})
    v2.get("/resources/123")
    keyless.get("/v2/resources")
    found = usage_of(v2)
    assert found["requests"] == 2
    assert found["limits"]["requests_per_month"]["used"] == 2
    # The request for the usage itself counts too.
    assert usage_of(v2)["requests"] == 3


def test_the_month_has_its_days(v2: Client, server: Server) -> None:
    middle_of_month(server)
    v2.get("/resources")
    server.clock.offset += DAY
    for _ in range(2):
        v2.get("/resources")
    found = usage_of(v2)
    month = time.strftime("%Y-%m", time.gmtime(server.clock.now()))
    start, end = (time.gmtime(found["period"][name]) for name in ("start", "end"))
    assert time.strftime("%Y-%m-%d %T", start) == f"{month}-01 00:00:00"
    assert (end.tm_mday, end.tm_hour, (end.tm_mon - start.tm_mon) % 12) == (1, 0, 1)
    assert [each["date"] for each in found["days"]] == [f"{month}-{day:02}" for day in range(1, 17)]
    assert [each["requests"] for each in found["days"]] == [0] * 14 + [1, 2]
    server.clock.offset += 31 * DAY
    assert usage_of(v2)["requests"] == 0


def test_the_plan_is_visible(server: Server) -> None:  # B137
    plans = documents.load(ROOT / "openapi.yaml").raw["x-plans"]
    for name, plan in plans.items():
        tenant = server.tenant(plan=name)
        for contract in ("/v1", "/v2"):
            with tenant.client(contract) as client:
                found = usage_of(client)
            assert found["plan"] == name
            for limit in ("requests_per_hour", "requests_per_minute", "burst", "concurrent_requests"):
                assert found["limits"][limit] == plan[limit]
            quota = found["limits"]["requests_per_month"]
            assert quota["limit"] == plan.get("monthly_quota")
            assert quota["remaining"] == (quota["limit"] and quota["limit"] - quota["used"])


def test_test_mode_counts_towards_nothing(tenant: Tenant) -> None:  # A088
    with tenant.client("/v2", mode="test") as sandbox, tenant.client("/v2") as live:
        for _ in range(3):
            sandbox.get("/resources")
        live.get("/resources")
        in_test, in_live = usage_of(sandbox), usage_of(live)
    assert (in_test["requests"], in_live["requests"]) == (3, 1)
    assert in_test["limits"] == {
        "requests_per_hour": None,
        "requests_per_minute": None,
        "burst": None,
        "concurrent_requests": None,
        "requests_per_month": {"used": 0, "limit": None, "remaining": None},
    }
    assert in_live["limits"]["requests_per_month"]["used"] == 1


def test_times_in_the_envelope(v1: Client) -> None:
    found = usage_of(v1)
    assert found["period"]["start"].endswith("-01T00:00:00Z")
    assert found["deprecated_calls"] == []


@pytest.mark.parametrize("mode", ["live", "test"])
def test_each_sees_its_own(tenant: Tenant, stranger: Tenant, mode: str) -> None:
    with tenant.client("/v2", mode=mode) as client:
        client.get("/resources")
    with stranger.client("/v2", mode=mode) as other, tenant.client("/v2", key=tenant.key("logs:read")) as scopeless:
        assert usage_of(other)["requests"] == 0
        assert scopeless.get("/usage").status_code == 403
