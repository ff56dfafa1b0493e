"""Sends an answer in one write, where uvicorn's own cycle writes twice and tries two patterns on every header."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

CONTROLS = bytes([*range(32), 127])
NO_BODY = (204, 304)


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
            await super().send(start)  # type: ignore[arg-type]
        await super().send(message)

    def _send_whole(self, start: dict[str, Any], body: bytes) -> bool:
        """Send an answer whose length its head says; False where uvicorn has to send it, part by part."""
        lines = [STATUS_LINE[start["status"]], *[b"%b: %b\r\n" % pair for pair in start["headers"]]]
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        is_complete = b"\r\ncontent-length: %d\r\n" % len(body) in head or (start["status"] in NO_BODY and not body)
        if self.disconnected or self.flow.write_paused or not is_complete:
            return False
        # Each line ends in two control characters, and has no other.
        if len(head.translate(None, CONTROLS)) != len(head) - 2 * len(lines):
            raise InvalidHeader
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"%b\r\n%b" % (head, body))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True
