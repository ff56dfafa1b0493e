"""Sends an answer in one write, where uvicorn's own cycle writes twice and tries two patterns on every header.

It offers an extension of ASGI: beside `headers`, the start of an answer may have whole lines of the head, in pieces.
They are made of constants and numbers, so they are not looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

CONTROLS = bytes([*range(32), 127])
NO_BODY = (204, 304)
LINES = "gateway.lines"
EXTENSIONS: dict[str, dict[str, Any]] = {LINES: {}}


class InvalidHeader(Exception):
    """A header of an answer has a control character, so that a client could take a part of it for something else."""


class Cycle(RequestResponseCycle):
    """A request and its answer. The head waits for the first part of the body; where that is all, both go together."""

    held: dict[str, Any] | None = None

    async def send(self, message: Any) -> None:
        """Take a part of the answer, as ASGI gives it."""
        if message["type"] == "http.response.start" and not self.response_started:
            self.held = message
            return
        start = self.held
        if start is not None:
            self.held = None
            body = message.get("body", b"")
            if not message.get("more_body", False) and self._send_whole(start, body):
                return
            start["headers"] = [*start["headers"], *pairs_of(b"".join(start.pop(LINES, ())))]
            await super().send(start)  # type: ignore[arg-type]
        await super().send(message)

    def _send_whole(self, start: dict[str, Any], body: bytes) -> bool:
        """Send an answer whose length its head says; False where uvicorn has to send it, part by part."""
        pairs = start["headers"]
        own = lines_of(pairs)
        is_complete = b"content-length: %d\r\n" % len(body) in own or (start["status"] in NO_BODY and not body)
        if not is_complete or not self.keep_alive or self.disconnected or self.flow.write_paused:
            return False
        # Each line ends in two control characters, and has no other.
        if len(own.translate(None, CONTROLS)) != len(own) - 2 * len(pairs):
            raise InvalidHeader
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        head = STATUS_LINE[start["status"]] + lines_of(self.default_headers)
        self.transport.write(b"".join((head, own, *start.get(LINES, ()), b"\r\n", body)))
        self.message_event.set()
        self.on_response()
        return True


def lines_of(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Names and values as lines of a head."""
    return b"".join([b"%b: %b\r\n" % pair for pair in pairs])


def pairs_of(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Lines of a head as names and values."""
    found = (line.partition(b": ") for line in lines.split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in found]
