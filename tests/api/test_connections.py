"""Connections that stay."""

from __future__ import annotations

import http.client

import pytest

from gateway import reading
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


@pytest.mark.parametrize("sent", [b"", b'{"name": "A res'])
def test_a_body_that_does_not_arrive_is_given_up(
    server: Server, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(reading, "BODY_SECONDS", 0.2)
    head = "POST /v2/resources HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    key = f"Authorization: Bearer {tenant.live_key}\r\nContent-Length: 50\r\n\r\n"
    answer = server.exchange((head + key).encode() + sent)
    assert answer.startswith(b"HTTP/1.1 504 ")
    assert b'"code":"timeout"' in answer
    assert b"The body did not arrive within 0.2 seconds." in answer
