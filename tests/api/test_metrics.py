"""Metrics of resources, as each contract shows them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain import metrics
from domain.calls import Call, Means
from domain.metrics import Execution
from gateway import administration
from storage import tables
from storage.database import Transaction
from storage.scope import Scope
from tests.api import recorded
from tests.api.seeding import ALLOWANCE, SEAL, fill
from tests.serving import Client, Server, Tenant

HOUR = 3_600
DAY = 24 * HOUR
OK, FAILED = Execution(20_000, is_error=False), Execution(90_000, is_error=True)


def execute(tenant: Tenant, resource_id: str, executions: Sequence[Execution], mode: str = "live") -> None:
    """Have executions of a resource end now."""

    def unit(tx: Transaction) -> None:
        call = Call(tx, Scope(tenant.account_id, mode), tenant.server.clock.now(), "req_0", ALLOWANCE, Means(SEAL))
        metrics.record(call, resource_id, executions)

    administration.write(tenant.server.settings, unit)


def noon(server: Server) -> None:
    """Move the clock on to the next noon in UTC, so that an hour ago was today."""
    server.clock.offset += DAY / 2 - server.clock.now() % DAY


def test_full_metrics_of_one_resource(server: Server, tenant: Tenant, reference: Client) -> None:
    made = reference.create()["id"]
    noon(server)
    execute(tenant, made, [OK] * 57 + [FAILED] * 3)
    shown = reference.get(f"/resources/{made}").json()["metrics"]
    assert shown["lifetime"] == {"requests": 60, "success_rate": 95.0, "errors": 3}  # B086
    day = shown["last_24h"]
    assert {name: day[name] for name in shown["lifetime"]} == shown["lifetime"]  # B087
    assert isinstance(day["avg_latency_ms"], int)
    assert 19 <= day["avg_latency_ms"] <= day["p95_latency_ms"] <= day["p99_latency_ms"]  # B088
    assert day["p95_latency_ms"] == pytest.approx(20, abs=1)
    assert day["p99_latency_ms"] == pytest.approx(90, abs=2)
    assert reference.get(f"/resources/{made}", params={"expand[]": "metrics"}).json()["metrics"] == shown  # B080
    changed = reference.patch(f"/resources/{made}", json={"name": "Another name"}).json()
    assert changed["metrics"] == shown


def test_short_metrics_in_lists(server: Server, tenant: Tenant, reference: Client) -> None:
    busy, idle = reference.create()["id"], reference.create()["id"]
    noon(server)
    execute(tenant, busy, [FAILED])
    server.clock.offset += DAY
    execute(tenant, busy, [OK, OK, FAILED])
    listed = {each["id"]: each["metrics"] for each in reference.get("/resources").json()["data"]}
    # Only those of today.
    assert listed[busy] == {"requests_today": 3, "success_rate": 66.67, "avg_latency_ms": 43}  # B040 B041 B042
    assert listed[idle] == {"requests_today": 0, "success_rate": 100, "avg_latency_ms": 0}
    full = reference.get("/resources", params={"expand[]": "metrics"}).json()["data"]
    for each in full:
        assert each["metrics"] == reference.get(f"/resources/{each['id']}").json()["metrics"]
    assert {each["id"]: each["metrics"]["lifetime"]["requests"] for each in full} == {busy: 4, idle: 0}


def test_a_long_list_with_executions(tenant: Tenant, v2: Client) -> None:
    made = fill(tenant, 45)
    for number, resource_id in enumerate(made):
        execute(tenant, resource_id, [OK] * (number % 3))
    shown = v2.get("/resources", params={"limit": 100}).json()["data"]
    assert {each["id"]: each["metrics"]["requests_today"] for each in shown} == {
        resource_id: number % 3 for number, resource_id in enumerate(made)
    }
    full = v2.get("/resources", params={"limit": 100, "expand[]": "metrics"}).json()["data"]
    assert [each["metrics"]["lifetime"]["requests"] for each in full] == [
        each["metrics"]["requests_today"] for each in shown
    ]


def test_an_execution_is_a_new_representation_and_no_new_revision(tenant: Tenant, v2: Client) -> None:
    made = v2.create()["id"]
    before = v2.get(f"/resources/{made}").headers["ETag"]
    execute(tenant, made, [OK])
    after = v2.get(f"/resources/{made}", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before
    assert v2.get(f"/resources/{made}", headers={"If-None-Match": after.headers["ETag"]}).status_code == 304
    changed = v2.patch(f"/resources/{made}", json={"name": "Another name"}, headers={"If-Match": before})
    assert changed.status_code == 200
    assert recorded.types_of(tenant).count("resource.updated") == 1


def test_metrics_go_with_their_resource(tenant: Tenant, v1: Client, v2: Client) -> None:
    made = [v2.create()["id"] for _ in range(2)]
    for each in made:
        execute(tenant, each, [OK])
    hours = tables.metrics_hourly

    def kept(tx: Transaction) -> list[str]:
        found = hours.select().where(hours.c.account_id == tenant.account_id)
        return [row.resource_id for row in tx.execute(found)]

    assert v2.delete(f"/resources/{made[0]}").status_code == 200
    assert recorded.read(tenant.server, kept) == made[1:]
    assert v1.delete(f"/resources/{made[1]}").status_code == 204
    assert recorded.read(tenant.server, kept) == []


def test_modes_are_measured_apart(tenant: Tenant) -> None:
    with tenant.client("/v2", mode="test") as sandbox:
        made = sandbox.create()["id"]
        execute(tenant, made, [OK])
        assert sandbox.get(f"/resources/{made}").json()["metrics"]["lifetime"]["requests"] == 0
        execute(tenant, made, [OK], "test")
        assert sandbox.get(f"/resources/{made}").json()["metrics"]["lifetime"]["requests"] == 1
