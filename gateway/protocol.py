"""uvicorn's HTTP protocol with a bound on the head of a request, and with refusals in JSON like every other answer."""

from __future__ import annotations

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
# The bytes that open a head may be the end of a body before it, of which a read brings up to 256 KiB.
MOST_PENDING = 8 * LARGEST_HEAD
NOT_HTTP = "The request is not valid HTTP. Check its first line and its headers."
TOO_LARGE = f"The request's path and headers are larger than {LARGEST_HEAD} bytes."


class HeadTooLarge(Exception):
    """The first line and the headers together are larger than we take."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses what reaches no application, in the shape of the stable contract, and closes the connection."""

    _head_size = 0
    _in_head = True
    _received = 0

    def on_message_begin(self) -> None:
        """Begin to count the head of another request."""
        super().on_message_begin()
        self._head_size, self._in_head = 0, True

    def on_url(self, url: bytes) -> None:
        """Count the path and the query."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop counting: what follows is the body, which the gateway bounds."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes. A header that never ends is not shown by the parser, so what came of an open head is counted."""
        self._received += len(data)
        super().data_received(data)
        if not self._in_head:
            self._received = 0
        elif self._received > MOST_PENDING and not self.transport.is_closing():
            self.refuse(431, "Request Header Fields Too Large", TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that the parser does not take."""
        if self._head_size > LARGEST_HEAD:
            self.refuse(431, "Request Header Fields Too Large", TOO_LARGE)
        else:
            self.refuse(400, "Bad Request", NOT_HTTP)

    def refuse(self, status: int, phrase: str, message: str) -> None:
        """Answer and close the connection."""
        body = orjson.dumps({"status": "error", "error": {"code": "INVALID_REQUEST", "message": message}})
        head = [
            f"HTTP/1.1 {status} {phrase}".encode(),
            b"content-type: application/json",
            b"content-length: %d" % len(body),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join([*head, b"", body]))
        self.transport.close()

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > LARGEST_HEAD:
            raise HeadTooLarge
