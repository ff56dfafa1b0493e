"""How an answer is written to a connection: in one piece or in parts, and never with a header that is two."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from http import client as http
from typing import Any

import pytest
import uvicorn

from gateway.protocol import BoundedProtocol

Pairs = list[tuple[bytes, bytes]]
PARTS = [b"one ", b"two ", b"three"]
# So long that a connection with nothing on it is closed, in seconds.
KEPT = 1


def start(status: int, *headers: tuple[bytes, bytes], lines: tuple[bytes, ...] = ()) -> dict[str, Any]:
    """The beginning of an answer."""
    return {"type": "http.response.start", "status": status, "headers": list(headers), "gateway.lines": lines}


def sized(body: bytes) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % len(body))


ANSWERS: dict[str, list[dict[str, Any]]] = {
    "/whole": [
        start(200, sized(b"hello"), (b"x-own", b"1"), lines=(b"x-line: ", b"2\r\n")),
        {"type": "http.response.body", "body": b"hello"},
    ],
    "/parts": [
        start(200, (b"x-own", b"1"), lines=(b"x-line: ", b"2\r\n")),
        *({"type": "http.response.body", "body": part, "more_body": True} for part in PARTS),
        {"type": "http.response.body"},
    ],
    "/sized-parts": [
        start(200, sized(b"".join(PARTS)), (b"x-own", b"1"), lines=(b"x-line: ", b"2\r\n")),
        *({"type": "http.response.body", "body": part, "more_body": True} for part in PARTS),
        {"type": "http.response.body"},
    ],
    "/unchanged": [start(304, (b"x-own", b"1"), lines=(b"x-line: ", b"2\r\n")), {"type": "http.response.body"}],
    "/nothing": [start(204, (b"x-own", b"1"), lines=(b"x-line: ", b"2\r\n")), {"type": "http.response.body"}],
    "/split-value": [
        start(200, sized(b"hello"), (b"x-own", b"1\r\nset-cookie: a=b")),
        {"type": "http.response.body", "body": b"hello"},
    ],
    "/split-name": [
        start(200, sized(b"hello"), (b"x-own: 1\r\nset-cookie", b"a=b")),
        {"type": "http.response.body", "body": b"hello"},
    ],
    "/nul": [start(200, sized(b"hello"), (b"x-own", b"\0")), {"type": "http.response.body", "body": b"hello"}],
}
BODIES = {
    "/whole": b"hello",
    "/parts": b"".join(PARTS),
    "/sized-parts": b"".join(PARTS),
    "/unchanged": b"",
    "/nothing": b"",
}


async def app(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Gives the answer that a path names, after the body of the request."""
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0)
    for message in ANSWERS[scope["path"]]:
        await send(dict(message))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server gives these answers, as ours does."""
    listening = socket.create_server(("127.0.0.1", 0))
    options: dict[str, Any] = {"loop": "uvloop", "lifespan": "off", "log_level": "critical", "server_header": False}
    served = uvicorn.Server(uvicorn.Config(app, http=BoundedProtocol, timeout_keep_alive=KEPT, **options))
    thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
    thread.start()
    yield int(listening.getsockname()[1])
    served.should_exit = True
    thread.join(30)


@pytest.fixture
def connection(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as made:
        yield made


def ask(connection: socket.socket, path: str, method: str = "GET", version: str = "1.1", header: str = "") -> Any:
    """The answer to a request, read to its end."""
    connection.sendall(f"{method} {path} HTTP/{version}\r\nHost: localhost\r\n{header}\r\n".encode())
    answer = http.HTTPResponse(connection, method=method)
    answer.begin()
    return answer, answer.read()


def until_closed(connection: socket.socket) -> bytes:
    """What comes until the server hangs up."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            received += part
    return received


class Received(io.BytesIO):
    """Bytes of several answers, for a reader of one that takes them from a socket and closes it."""

    def makefile(self, _mode: str) -> Received:
        return self

    def close(self) -> None:
        """Stay open for the next answer."""


@pytest.mark.parametrize("path", BODIES)
def test_whole_or_in_parts_a_client_reads_the_same(connection: socket.socket, path: str) -> None:
    for _ in range(3):
        answer, body = ask(connection, path)
        assert (body, answer.headers["X-Own"], answer.headers["X-Line"]) == (BODIES[path], "1", "2")
        assert parsedate_to_datetime(answer.headers["Date"]).tzname() == "UTC"
        assert not answer.will_close


@pytest.mark.parametrize("path", BODIES)
def test_head_has_the_head_alone(connection: socket.socket, path: str) -> None:
    full = ask(connection, path)[0].headers
    answer, body = ask(connection, path, "HEAD")
    assert body == b""
    assert (answer.headers["Content-Length"], answer.headers["X-Line"]) == (full["Content-Length"], "2")
    assert ask(connection, "/whole")[1] == b"hello", "the next answer begins where it should"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(("version", "header"), [("1.0", ""), ("1.1", "Connection: close\r\n")])
def test_a_client_that_wants_one_answer_gets_one(
    connection: socket.socket, path: str, version: str, header: str
) -> None:
    answer, body = ask(connection, path, version=version, header=header)
    assert (body, answer.headers["X-Own"], answer.headers["X-Line"]) == (BODIES[path], "1", "2")
    assert connection.recv(1) == b""


@pytest.mark.parametrize("path", ["/split-value", "/split-name", "/nul"])
def test_no_header_is_two(connection: socket.socket, path: str) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    received = until_closed(connection)
    assert b"set-cookie" not in received
    assert b"x-own" not in received
    assert b"hello" not in received


def test_requests_sent_at_once_are_answered_in_turn(connection: socket.socket) -> None:
    paths = [*BODIES] * 3
    connection.sendall(b"".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in paths))
    received: Any = Received(until_closed(connection))
    for path in paths:
        answer = http.HTTPResponse(received)
        answer.begin()
        assert answer.read() == BODIES[path]
    assert received.read() == b""


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(connection: socket.socket) -> None:
    ask(connection, "/whole")
    # Half a request is not idle; what it waits for is the client's affair.
    connection.sendall(b"GET /whole HTTP/1.1\r\nHost: loc")
    connection.settimeout(1.5 * KEPT)
    with pytest.raises(TimeoutError):
        connection.recv(1)
    connection.settimeout(10)
    connection.sendall(b"alhost\r\n\r\n")
    answer = http.HTTPResponse(connection)
    answer.begin()
    assert answer.read() == b"hello"
    assert connection.recv(1) == b""
