"""uvicorn's HTTP protocol, whose own refusals are JSON like every other answer."""

from __future__ import annotations

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REFUSAL = orjson.dumps(
    {
        "status": "error",
        "error": {
            "code": "INVALID_REQUEST",
            "message": "The request is not valid HTTP. Check its first line and its headers.",
        },
    }
)


class JsonRefusals(HttpToolsProtocol):
    """Answers bytes that are not HTTP, which reach no application, with 400 in the shape of the stable contract."""

    def send_400_response(self, msg: str) -> None:
        """Refuse the bytes and close the connection."""
        head = [
            b"HTTP/1.1 400 Bad Request",
            b"content-type: application/json",
            b"content-length: %d" % len(REFUSAL),
            b"connection: close",
        ]
        self.transport.write(b"\r\n".join([*head, b"", REFUSAL]))
        self.transport.close()
