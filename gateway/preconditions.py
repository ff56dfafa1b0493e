"""Conditional requests: `If-Match` before a write, `If-None-Match` after a read."""

from __future__ import annotations

import re

from gateway.exchange import Answer, Exchange

DIGEST_BYTES = 16
OURS = re.compile(r"(.+)-[0-9a-f]{32}")
TAG = re.compile(r'(W/)?"([^"]*)"')


def revisions(header: str | None) -> frozenset[str] | None:
    """The revisions of objects that an `If-Match` header accepts; None for any. A tag not of our form accepts nothing.

    Only the part before the digest counts, so that the tag of either contract and of every expansion guards a write.
    """
    if header is None or header.strip() == "*":
        return None
    ours = (OURS.fullmatch(tag) for weak, tag in TAG.findall(header) if not weak)
    return frozenset(match[1] for match in ours if match)


def has_current(header: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the current ETag; weak and strong tags are alike here."""
    return header.strip() == "*" or any(f'"{tag}"' == etag for _, tag in TAG.findall(header))


class Revalidate:
    """Answers 304 when the client has the representation already."""

    def __call__(self, exchange: Exchange) -> None:
        given = exchange.answer
        header = exchange.header_arguments.get("If-None-Match")
        if header is None or given is None or given.status != 200:
            return
        current = next((value for name, value in given.headers if name == b"etag"), b"")
        if has_current(header, current.decode()):
            exchange.answer = Answer(304, headers=[(b"etag", current)])
