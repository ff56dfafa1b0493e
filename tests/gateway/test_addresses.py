"""Where requests come from, and what becomes of addresses that send bad keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from domain import key_form
from gateway import addresses
from gateway.addresses import Addresses, FailedAttempts
from tests.serving import Server, running

PER_MINUTE = 3


def scope(address: str | None, *forwarded: str) -> dict[str, object]:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return {"client": (address, 1) if address else None, "headers": headers}


@pytest.mark.parametrize(
    ("connection", "forwarded", "found"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["198.51.100.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("::1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], ""),
    ],
)
def test_the_address_is_the_nearest_that_no_trusted_proxy_has(
    connection: str | None, forwarded: list[str], found: str
) -> None:
    trusted = Addresses(addresses.networks("10.0.0.0/8 ::1"))
    assert trusted.of(scope(connection, *forwarded)) == found


def test_nobody_is_trusted_unless_a_setting_says_so() -> None:
    assert Addresses(addresses.networks("")).of(scope("127.0.0.1", "198.51.100.1")) == "127.0.0.1"


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/33'.* Give addresses and networks such as 10\.0\.0\.0/8"):
        addresses.networks("10.0.0.0/8 10.0.0.0/33")


def test_attempts_come_back_with_time_and_are_forgotten() -> None:
    attempts = FailedAttempts(60)
    for _ in range(60):
        assert attempts.wait("192.0.2.1", 1000) == 0
        attempts.record("192.0.2.1", 1000)
    assert (attempts.wait("192.0.2.1", 1000), attempts.wait("192.0.2.2", 1000)) == (1, 0)
    assert (attempts.wait("192.0.2.1", 1001), attempts.wait("192.0.2.1", 1100)) == (0, 0)
    for number in range(500):
        attempts.record(f"198.51.100.{number}", 2000 + number)
    assert len(attempts._young) + len(attempts._old) <= 2 * 61


def test_neighbours_in_ipv6_are_one() -> None:
    attempts = FailedAttempts(1)
    attempts.record("2001:db8::1", 1000)
    assert attempts.wait("2001:db8::2", 1000) > 0
    assert attempts.wait("2001:db8:0:1::1", 1000) == 0


@pytest.fixture(scope="module")
def guarded(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that looks up few bad keys, behind a proxy that is trusted."""
    url = fresh_database()
    with running(url, failed_authentications_per_minute=PER_MINUTE, trusted_proxies="127.0.0.1/32") as started:
        yield started


def ask(server: Server, address: str, key: str, path: str = "/v2/resources") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": address}
    return httpx2.get(server.url + path, headers=headers)


def test_an_address_that_guesses_is_stopped(guarded: Server) -> None:
    with guarded.clock.stopped():
        found = [ask(guarded, "192.0.2.1", key_form.generate("live")) for _ in range(PER_MINUTE + 1)]
        assert [answer.status_code for answer in found] == [401] * PER_MINUTE + [429]
        refused = found[-1]
        assert refused.json()["error"]["code"] == "authentication_attempts_exceeded"
        assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Reason"]) == ("20", "authentication")
        assert "X-RateLimit-Limit" not in refused.headers
        assert ask(guarded, "192.0.2.2", "nothing").status_code == 401, "another address"
        assert ask(guarded, "192.0.2.1", "nothing", "/v1/resources").json()["error"]["retry_after"] == 20
        guarded.clock.offset = 20
        assert ask(guarded, "192.0.2.1", "nothing").status_code == 401
    guarded.clock.offset = 0


def test_a_key_that_was_good_lately_goes_on_working(guarded: Server) -> None:
    tenant = guarded.tenant()
    with guarded.clock.stopped():
        assert ask(guarded, "192.0.2.3", tenant.live_key).status_code == 200
        for _ in range(PER_MINUTE):
            ask(guarded, "192.0.2.3", "nothing")
        assert ask(guarded, "192.0.2.3", tenant.live_key).status_code == 200
        assert ask(guarded, "192.0.2.3", tenant.test_key).status_code == 429, "one that was not used before"
        assert httpx2.get(f"{guarded.url}/v2/resources", headers={"X-Forwarded-For": "192.0.2.3"}).status_code == 401
