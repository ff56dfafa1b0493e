"""Requests written byte by byte, for what no client library would send."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Request(NamedTuple):
    """A request whose `target` and `headers` go out as they are; `sized` adds a true Content-Length."""

    method: str
    target: str
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    sized: bool = True

    def written(self, key: str | None) -> bytes:
        """The bytes of the request; text is written as latin-1, so that `ÿ` is one byte."""
        headers = [("Host", "localhost"), *self.headers]
        if key is not None:
            headers.append(("Authorization", f"Bearer {key}"))
        if self.sized and self.body:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1") + self.body


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    is_last: bool

    def json(self) -> Any:
        """The body, which must be JSON and say so."""
        assert self.headers["Content-Type"] == JSON, (self.headers["Content-Type"], self.body[:200])
        return json.loads(self.body)


class Connection:
    """A connection that stays open between requests."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def send(self, request: Request, key: str | None) -> None:
        """Send a request."""
        with contextlib.suppress(ConnectionError):
            # A server that refuses a request need not read all of it.
            self._socket.sendall(request.written(key))

    def ask(self, request: Request, key: str | None) -> Answer:
        """Send a request and read its answer."""
        self.send(request, key)
        response = http.client.HTTPResponse(self._socket, method=request.method)
        response.begin()
        return Answer(response.status, response.headers, response.read(), response.will_close)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextlib.contextmanager
def connected(port: int) -> Iterator[Connection]:
    """A connection that is closed in the end."""
    connection = Connection(port)
    try:
        yield connection
    finally:
        connection.close()


def ask(port: int, request: Request, key: str | None) -> Answer:
    """Send a request over a connection of its own."""
    with connected(port) as connection:
        return connection.ask(request, key)


def get(target: str, *headers: tuple[str, str]) -> Request:
    """A GET."""
    return Request("GET", target, headers=headers)


def post(target: str, body: bytes | str, media_type: str | None = JSON, *headers: tuple[str, str]) -> Request:
    """A POST of a body."""
    content = [] if media_type is None else [("Content-Type", media_type)]
    return Request("POST", target, body if isinstance(body, bytes) else body.encode(), [*content, *headers])


def chunked(body: bytes, size: int = 65536) -> bytes:
    """A body in chunks."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
