"""A receiver of webhooks on a real socket, which answers as a test says and remembers what it got."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import orjson

# At most so many seconds are waited for anything.
PATIENCE = 30


class Received(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


Answer = Callable[["Handler"], None]


def status(code: int, body: bytes = b"ok", **headers: str) -> Answer:
    """Answers with a status."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(body)

    return answer


def reset(handler: Handler) -> None:
    """Breaks the connection off."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.connection.close()


class Handler(BaseHTTPRequestHandler):
    """Hands each request to its receiver."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.receiver.got(Received(self.path, headers, body))(self)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class Listener(ThreadingHTTPServer):
    """Knows its receiver."""

    daemon_threads = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, *_: Any) -> None:
        """A connection that broke is what many tests are about."""


class Receiver:
    """What came, and what to answer: the next of `answers`, and when these are used up `usual`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.usual: Answer = status(200)
        self.answers: list[Answer] = []
        self.requests: list[Received] = []
        self._lock = threading.Lock()

    def got(self, received: Received) -> Answer:
        """Remember a request, and say how to answer it."""
        with self._lock:
            self.requests.append(received)
            return self.answers.pop(0) if self.answers else self.usual

    def wait_for(self, count: int) -> Sequence[Received]:
        """What came once there is so much of it."""
        until(lambda: len(self.requests) >= count, lambda: f"{len(self.requests)} of {count} came")
        return list(self.requests)


def until(is_true: Callable[[], Any], says: Callable[[], str] = lambda: "it did not happen") -> Any:
    """Wait until something is true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := is_true()):
        assert time.monotonic() < deadline, says()
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of the loopback address."""
    listener = Listener(("127.0.0.1", 0), Handler)
    if tls is not None:
        listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    receiver = listener.receiver = Receiver(f"{scheme}://127.0.0.1:{listener.server_port}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
