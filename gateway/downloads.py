"""Downloads: files that are sent part by part, so that never more than one part of them is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from contract.middleware import Receive, Send
from contract.operation import LINES
from domain.downloads import Download
from gateway.exchange import Answer, Exchange
from gateway.reading import ClientGone
from storage.database import Database, Transaction

# A client that takes nothing for so long is gone.
STALLED_SECONDS = 60


class Downloads:
    """Sends what follows the first part, which the answer has already."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def send(self, exchange: Exchange, answer: Answer, send: Send) -> None:
        """Send the whole body, as fast as the client takes it; raises ClientGone when it is there no more."""
        leaving = asyncio.create_task(until_gone(exchange.receive))
        try:
            async for part in self._parts(answer):
                if leaving.done():
                    raise ClientGone
                async with asyncio.timeout(STALLED_SECONDS):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                # Reads on SQLite wait for nothing, and only here it shows that the client takes no more for now.
                await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            raise ClientGone from None
        finally:
            leaving.cancel()

    async def _parts(self, answer: Answer) -> AsyncIterator[bytes]:
        assert answer.download is not None
        yield answer.body
        for number in range(1, answer.download.count):
            yield await self.database.read(partial(read, download=answer.download, number=number))


def begun(download: Download, tx: Transaction) -> Answer:
    """The answer to a request for a file, with its first part: what can be wrong with it shows before it begins."""
    headers = [
        (b"content-type", LINES.encode()),
        (b"content-disposition", f'attachment; filename="{download.name}"'.encode()),
        (b"etag", f'"{download.id}"'.encode()),
    ]
    return Answer(200, download.read(tx, 0) if download.count else b"", headers, download)


def read(tx: Transaction, *, download: Download, number: int) -> bytes:
    """A part of a file."""
    return download.read(tx, number)


async def until_gone(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
