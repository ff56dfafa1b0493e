"""Connections that stay."""

from __future__ import annotations

import http.client

from tests.api import seeding
from tests.serving import Server, Tenant


def test_a_thousand_requests_over_one_connection(server: Server, tenant: Tenant) -> None:  # B205
    made = seeding.fill(tenant, 3)
    headers = {"Authorization": f"Bearer {tenant.live_key}"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    # A server that hangs up would otherwise go unnoticed: the connection is not opened a second time.
    connection.auto_open = 0
    statuses = set()
    for number in range(1000):
        path = ("/v1/resources", "/v2/resources/123", f"/v2/resources/{made[0]}", "/v2/resources?limit=0")[number % 4]
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        statuses.add((number % 4, answer.status))
    connection.close()
    assert statuses == {(0, 200), (1, 404), (2, 200), (3, 400)}


def test_writes_over_one_connection(server: Server, tenant: Tenant) -> None:  # B205
    headers = {"Authorization": f"Bearer {tenant.live_key}", "Content-Type": "application/x-www-form-urlencoded"}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    connection.auto_open = 0
    for _ in range(20):
        connection.request("POST", "/v2/resources", body="name=A+resource&type=staging", headers=headers)
        answer = connection.getresponse()
        location = answer.headers["Location"]
        answer.read()
        connection.request("DELETE", location, headers=headers)
        gone = connection.getresponse()
        gone.read()
        assert (answer.status, gone.status) == (201, 200)
    connection.close()
