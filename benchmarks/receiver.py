"""A webhook's receiver that costs next to nothing: it answers at once and notes when which name came first.

`GET` answers with what was noted since the last `GET`: a list of names and times of their first byte. The times are
those of the system's monotonic clock, which every process on the machine shares.
"""

import asyncio
import sys
import time
from typing import cast

import orjson
import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"
ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Receiver(asyncio.Protocol):
    """One connection; `noted` belongs to all."""

    def __init__(self, noted: dict[str, float]) -> None:
        self._noted = noted
        self._partial = b""
        self._first_byte = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        if not self._partial:
            self._first_byte = time.perf_counter()
        data = self._partial + data
        while (end := whole(data)) and len(data) >= end:
            self._answer(data[:end])
            data = data[end:]
        self._partial = data

    def _answer(self, request: bytes) -> None:
        if not request.startswith(b"GET "):
            event = orjson.loads(request.partition(HEAD_END)[2])
            self._noted.setdefault(event["data"]["object"]["name"], self._first_byte)
            self._transport.write(ACCEPTED)
            return
        body = orjson.dumps(list(self._noted.items()))
        self._noted.clear()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def whole(data: bytes) -> int:
    """The length of the first request, head and body; 0 while its head has not arrived."""
    head = data.find(HEAD_END)
    if head < 0:
        return 0
    found = data[: head + 2].lower().find(LENGTH)
    if found < 0:
        return head + 4
    start = found + len(LENGTH)
    return head + 4 + int(data[start : data.index(b"\r\n", start)])


async def serve(port: int) -> None:
    """Receive until killed."""
    noted: dict[str, float] = {}
    server = await asyncio.get_running_loop().create_server(lambda: Receiver(noted), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
