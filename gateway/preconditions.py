"""Conditional requests: `If-Match` before a write, `If-None-Match` after a read."""

from __future__ import annotations

import re

from gateway.exchange import Answer, Exchange

TAG = re.compile(r'(W/)?"([^"]*)"')


def versions(header: str | None) -> frozenset[int] | None:
    """The object versions that an `If-Match` header accepts; None for any. A tag that is not ours accepts nothing."""
    if header is None or header.strip() == "*":
        return None
    found = (tag.partition("-")[0] for weak, tag in TAG.findall(header) if not weak)
    return frozenset(int(version) for version in found if version.isdecimal() and version.isascii())


class Revalidate:
    """Answers 304 when the client has the representation already."""

    async def __call__(self, exchange: Exchange) -> None:
        given = exchange.answer
        header = exchange.header_arguments.get("If-None-Match")
        if header is None or given is None or given.status != 200:
            return
        current = next((value for name, value in given.headers if name == b"etag"), b"").decode()
        if header.strip() == "*" or f'"{current.strip(chr(34))}"' in (f'"{tag}"' for _, tag in TAG.findall(header)):
            exchange.answer = Answer(304, headers=[(b"etag", current.encode())])
