"""Nothing is sent into a network that is out of bounds, whatever is written in a URL and whatever a name leads to."""

from __future__ import annotations

import asyncio
import datetime
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import ssrfguard
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain import destinations
from tests.receiving import Receiver, receiving, reset, status
from work import outbound
from work.outbound import Limits, Outbound, Reply

LIMITS = Limits(seconds=5, most_bytes=1024)
LOOPBACK = ip_network("127.0.0.1/32")
BLOCKED = "destination_not_allowed"
HOSTS = (
    *("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"),  # noqa: S104 - only sent to
    *("[fc00::1]", "[fdff::1]", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1"),
    *("169.254.169.254", "169.254.170.2", "192.0.0.1", "198.18.0.1", "198.19.255.255", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]", "[64:ff9b::a00:1]", "[2002:7f00:1::]"),
    *("[fe80::1]", "[2001:db8::1]", "[2001::1]", "[3fff::1]", "[5f00::1]", "[::127.0.0.1]", "[fec0::1]"),
)
# Forms that some programs read as an address: they are refused, or looked up and not found.
NUMBERS = ("localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1", "127.0.1")
NAMES = {
    "private.example": ["127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "mixed-too.example": ["127.0.0.1", "8.8.8.8"],
}


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], list[str]]]:
    """What names lead to, instead of what the world's say; each is asked anew."""
    names: dict[str, Callable[[], list[str]]] = {}
    real = socket.getaddrinfo

    def fake(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in names:
            return real(host, port, *args, **kwargs)
        found = []
        for address in names[host]():
            is_new = ":" in address
            kind = socket.AF_INET6 if is_new else socket.AF_INET
            place = (address, port, 0, 0) if is_new else (address, port)
            found.append((kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place))
        return found

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return names


def sent(url: str, *urls: str, allowed: tuple[Any, ...] = (), limits: Limits = LIMITS) -> list[Reply]:
    """What comes of sending to some URLs, one after the other, with one client."""

    async def once() -> list[Reply]:
        client = Outbound(allowed)
        try:
            return [await client.post(each, b"{}", {}, limits) for each in (url, *urls)]
        finally:
            await client.close()

    return asyncio.run(once())


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_out_of_bounds_is_not_reached(receiver: Receiver, host: str, scheme: str) -> None:
    reply = sent(f"{scheme}://{host}:{urlsplit(receiver.url).port}/")[0]
    assert (reply.status, reply.error) == (None, BLOCKED)
    assert receiver.requests == []


@pytest.mark.parametrize("host", NUMBERS)
def test_a_number_is_no_way_around(receiver: Receiver, host: str) -> None:
    reply = sent(f"http://{host}:{urlsplit(receiver.url).port}/")[0]
    assert (reply.status, reply.error) in [(None, BLOCKED), (None, "name_not_found")]
    assert receiver.requests == []


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_of_bounds_is_not_reached(
    receiver: Receiver, looked_up: dict[str, Callable[[], list[str]]], name: str
) -> None:
    looked_up[name] = lambda: NAMES[name]
    reply = sent(f"http://{name}:{urlsplit(receiver.url).port}/")[0]
    assert (reply.status, reply.error) == (None, BLOCKED)
    assert receiver.requests == []


def test_a_name_that_changes_is_looked_at_each_time(
    receiver: Receiver, looked_up: dict[str, Callable[[], list[str]]]
) -> None:
    answers = iter([["127.0.0.1"], ["169.254.169.254"], ["127.0.0.2"]])
    looked_up["rebinding.example"] = lambda: next(answers)
    receiver.answers = [status(200, Connection="close")]
    url = f"http://rebinding.example:{urlsplit(receiver.url).port}/"
    replies = sent(url, url, url, allowed=(LOOPBACK,))
    assert [reply.error for reply in replies] == [None, BLOCKED, BLOCKED]
    assert [each.headers["host"] for each in receiver.requests] == [urlsplit(url).netloc]


def test_the_address_that_is_connected_to_is_looked_at_again(
    receiver: Receiver, looked_up: dict[str, Callable[[], list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up["rebinding.example"] = lambda: ["127.0.0.1"]
    answers = iter([True, False])
    monkeypatch.setattr(destinations, "may_reach", lambda *_: next(answers))
    reply = sent(f"http://rebinding.example:{urlsplit(receiver.url).port}/")[0]
    assert (reply.error, receiver.requests) == (BLOCKED, [])


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/x", "http://169.254.169.254/", "file:///etc/passwd", "/x"])
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_leads_nowhere(receiver: Receiver, code: int, target: str) -> None:
    receiver.usual = status(code, Location=target.format(port=urlsplit(receiver.url).port))
    reply = sent(receiver.url + "/first", allowed=(LOOPBACK,))[0]
    assert (reply.status, reply.error) == (code, None)
    assert [each.path for each in receiver.requests] == ["/first"]


@pytest.mark.parametrize("url", ["gopher://127.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "x"])
def test_what_is_no_web_address_is_not_sent_to(url: str) -> None:
    reply = sent(url, allowed=(LOOPBACK,))[0]
    assert reply.status is None
    assert reply.error in outbound.ERRORS


def test_no_address_is_allowed_that_the_registry_denies() -> None:
    policy = ssrfguard.Policy()
    chance = random.Random(8)
    found: list[IPv4Address | IPv6Address] = [IPv4Address(chance.getrandbits(32)) for _ in range(10_000)]
    starts = [
        0,
        *(0x2000 + each for each in range(0, 0x2000, 97)),
        0x2001,
        0x2002,
        0x3FFF,
        0x64,
        0xFC00,
        0xFE80,
        0xFF02,
    ]
    more = [IPv6Address(chance.choice(starts) << 112 | chance.getrandbits(112)) for _ in range(10_000)]
    allowed = [address for address in (*found, *more) if destinations.may_reach(address, ())]
    assert len(allowed) > 5_000
    assert [address for address in allowed if not policy.permits_address(address)] == []
    assert not destinations.may_reach(ip_address("::ffff:10.0.0.1"), ())


def test_strangers_answers_are_taken_as_they_come(receiver: Receiver) -> None:
    def refused_tls() -> str:
        return receiver.url.replace("http://", "https://") + "/"

    def garbage(handler: Any) -> None:
        handler.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")
        handler.close_connection = True

    def cut_off(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        handler.close_connection = True

    receiver.answers = [status(200, b"x" * 10_000_000), reset, garbage, cut_off]
    replies = sent(*[receiver.url + "/"] * 4, allowed=(LOOPBACK,))
    assert (replies[0].status, replies[0].error, replies[0].body) == (200, None, b"x" * 1024)
    assert [(reply.status, reply.error) for reply in replies[1:3]] == [
        (None, "connection_lost"),
        (None, "invalid_answer"),
    ]
    assert (replies[3].status, replies[3].body[:4]) == (200, b"half")
    assert sent(refused_tls(), allowed=(LOOPBACK,))[0].error in ("tls_failed", "connection_lost")


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = (
        made.serial_number(1).not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(1))
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    kept = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "both.pem").write_bytes(certificate.public_bytes(pem) + kept)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "both.pem")
    with receiving(tls) as unknown:
        assert [reply.error for reply in sent(unknown.url + "/", allowed=(LOOPBACK,))] == ["tls_failed"]
        assert unknown.requests == []


def test_no_answer_is_waited_for_any_longer(receiver: Receiver) -> None:
    def slow(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(20):
            time.sleep(0.05)
            handler.wfile.write(b"x")

    receiver.answers = [lambda _: time.sleep(1), slow]
    replies = sent(receiver.url, receiver.url, allowed=(LOOPBACK,), limits=Limits(0.3, 1024))
    assert [(reply.status, reply.error) for reply in replies] == [(None, "timeout"), (200, "timeout")]
    assert all(250_000 < reply.duration_us < 900_000 for reply in replies)


def test_names_that_are_never_found_hold_up_no_others(
    receiver: Receiver, looked_up: dict[str, Callable[[], list[str]]]
) -> None:
    found = threading.Event()

    def stuck() -> list[str]:
        found.wait(30)
        return ["127.0.0.1"]

    looked_up.update({f"stuck-{number}.example": stuck for number in range(40)})
    looked_up["quick.example"] = lambda: ["127.0.0.1"]
    port = urlsplit(receiver.url).port

    async def both() -> tuple[Reply, list[Reply]]:
        client = Outbound((LOOPBACK,))
        held = [f"http://stuck-{number % 40}.example:{port}/" for number in range(120)]
        waiting = asyncio.gather(*(client.post(url, b"{}", {}, Limits(1, 1)) for url in held))
        await asyncio.sleep(0.1)
        quick = await client.post(f"http://quick.example:{port}/", b"{}", {}, Limits(20, 1024))
        gone = await waiting
        found.set()
        await client.close()
        return quick, gone

    quick, gone = asyncio.run(both())
    assert (quick.status, quick.error) == (200, None)
    assert {reply.error for reply in gone} == {"timeout"}
