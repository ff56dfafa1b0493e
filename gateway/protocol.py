"""uvicorn's HTTP protocol with a bound on the head of a request, and with refusals in JSON like every other answer."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.answering import EXTENSIONS, Cycle, lines_of

LARGEST_HEAD = 65_536
NOT_HTTP = "The request is not valid HTTP. Check its first line and its headers."
TOO_LARGE = f"The request's path and headers are larger than {LARGEST_HEAD} bytes."


class HeadTooLarge(Exception):
    """The first line and the headers together are larger than we take."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses what reaches no application, in the shape of the stable contract, and closes the connection.

    The parser shows a header only when it is whole, so the bytes that came since the last whole head are counted. Only
    where they are many is it looked up whether they are the head or the body behind it.
    """

    _received = 0
    _is_too_large = False
    # Since when the connection is idle; None while bytes of a request are there.
    _idle_since: float | None = None
    _keep_alive_timer: asyncio.TimerHandle | None = None

    def on_headers_complete(self) -> None:
        """Take a whole head, unless it is too large."""
        if self._received > LARGEST_HEAD and self._head_size() > LARGEST_HEAD:
            self._is_too_large = True
            raise HeadTooLarge
        version = self.parser.get_http_version()
        scope: Any = self.scope
        scope["http_version"] = version
        scope["extensions"] = EXTENSIONS
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["raw_path"], scope["query_string"] = target(self.url)
        path = scope["raw_path"].decode("ascii")
        scope["path"] = unquote(path) if "%" in path else path
        # Before the first request there is none, whatever the annotation says.
        before: Any = self.cycle
        self.cycle = self._cycle(version)
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _cycle(self, version: str) -> Cycle:
        return Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    def on_message_complete(self) -> None:
        """Count the next head from its beginning."""
        self._received = 0
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes. Behind a whole head they are a body, which the gateway bounds."""
        self._received += len(data)
        self._idle_since = None
        super().data_received(data)
        if self._received > LARGEST_HEAD and not self.transport.is_closing():
            self._check_open_head()

    def on_response_complete(self) -> None:
        """Go on with the next request that waits, or begin to be idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle_since = self.loop.time()
            if self._keep_alive_timer is None:
                self._keep_alive_timer = self.loop.call_later(self.timeout_keep_alive, self._close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._keep_alive_timer is not None:
            self._keep_alive_timer.cancel()
        super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        """Close the connection if it has been idle for long; else look again when it may have been.

        One timer goes on through all requests: to set and cancel one for each costs several times what a look does.
        """
        since = self._idle_since
        left = self.timeout_keep_alive - (0 if since is None else self.loop.time() - since)
        if left <= 0:
            self._keep_alive_timer = None
            self.timeout_keep_alive_handler()
        else:
            self._keep_alive_timer = self.loop.call_later(left, self._close_if_idle)

    def send_400_response(self, msg: str) -> None:
        """Refuse bytes that the parser does not take."""
        if self._is_too_large:
            self.refuse(431, "Request Header Fields Too Large", TOO_LARGE)
        else:
            self.refuse(400, "Bad Request", NOT_HTTP)

    def refuse(self, status: int, phrase: str, message: str) -> None:
        """Answer and close the connection."""
        body = orjson.dumps({"status": "error", "error": {"code": "INVALID_REQUEST", "message": message}})
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        self.transport.write(b"".join((f"HTTP/1.1 {status} {phrase}\r\n".encode(), lines_of(headers), b"\r\n", body)))
        self.transport.close()

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _check_open_head(self) -> None:
        # Before the first request there is none, whatever the annotation says.
        request: Any = self.cycle
        if request is not None and request.more_body:
            self._received = 0
        else:
            self.refuse(431, "Request Header Fields Too Large", TOO_LARGE)


def target(url: bytes) -> tuple[bytes, bytes]:
    """The path and the query string of what a request asks for; httptools reads what is not just these two."""
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)
    return parsed.path, parsed.query or b""
