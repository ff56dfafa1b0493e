"""The pages beside the API: the reference, errors and changelog, the document itself, and health."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import orjson
import structlog

from contract import problems
from contract.document import Document
from contract.middleware import Receive, Scope, Send
from docs import pages, reference
from gateway import preconditions
from gateway.exchange import Headers
from storage.database import Unavailable

log = structlog.get_logger()

HTML = "text/html; charset=utf-8"
JSON = "application/json"
YAML = "application/yaml"
HOME = "/"
HEALTH = ("/healthz", "/readyz")
# `gzip;q=0` says that gzip is not taken.
GZIP = re.compile(rb"(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)")
ERRORS = "/docs/errors"
# Below this, compression costs more than it saves.
LEAST_COMPRESSED = 1024


class Pingable(Protocol):
    """What the server needs to answer."""

    async def ping(self) -> None: ...


class Content(NamedTuple):
    """How a page is made; `render` gives None where there is no such page."""

    media_type: str
    policy: str | None
    render: Callable[[Document], bytes | None]


class Page(NamedTuple):
    """A rendered page, plain and compressed."""

    plain: bytes
    compressed: bytes
    etag: bytes


class Pages:
    """Answers what is not an operation. Rendered pages are kept until the document changes."""

    def __init__(self, document: Callable[[], Document], base_url: str, needed: Sequence[Pingable]) -> None:
        self._document = document
        self._needed = needed
        self._kept: dict[str, Page] = {}
        self._kept_for: Document | None = None
        self._contents = {
            "/docs": Content(HTML, reference.CONTENT_SECURITY_POLICY, lambda d: reference.reference(d.raw, base_url)),
            ERRORS: Content(HTML, pages.CONTENT_SECURITY_POLICY, lambda d: pages.error_index(d.raw)),
            "/docs/changelog": Content(HTML, pages.CONTENT_SECURITY_POLICY, lambda d: pages.changelog(d.raw)),
            "/openapi.yaml": Content(YAML, None, lambda d: d.text),
            "/openapi.json": Content(JSON, None, lambda d: orjson.dumps(d.raw, option=orjson.OPT_INDENT_2)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, send)
        except Exception:
            log.exception("page failed", path=scope["path"])
            message = "Something went wrong on our side."
            await _refuse(scope, send, 500, "INTERNAL_ERROR", message)

    async def _answer(self, scope: Scope, send: Send) -> None:
        path = scope["path"]
        content = self._content(path)
        if scope["method"] not in ("GET", "HEAD") and (content or path in (*HEALTH, HOME)):
            await _refuse(scope, send, 405, "METHOD_NOT_ALLOWED", "Pages can only be read: use GET or HEAD.")
        elif path in HEALTH:
            await self._health(scope, send)
        elif path == HOME:
            await _send(scope, send, 302, b"", [(b"location", b"/docs")])
        elif content is None or (page := await self._render(path, content)) is None:
            asked = problems.shortened(path)
            message = f"There is no page {asked}. The API starts at /v1 and /v2, its reference is at /docs."
            await _refuse(scope, send, 404, "NOT_FOUND", message)
        else:
            await self._page(scope, send, content, page)

    def _content(self, path: str) -> Content | None:
        if path.startswith(f"{ERRORS}/"):
            code = path.removeprefix(f"{ERRORS}/")
            return Content(HTML, pages.CONTENT_SECURITY_POLICY, lambda d: pages.error_page(d.raw, code))
        return self._contents.get(path)

    async def _page(self, scope: Scope, send: Send, content: Content, page: Page) -> None:
        given = dict(scope["headers"])
        headers = [(b"etag", page.etag), (b"cache-control", b"no-cache"), (b"vary", b"accept-encoding")]
        if preconditions.has_current(given.get(b"if-none-match", b"").decode("latin-1"), page.etag.decode()):
            await _send(scope, send, 304, b"", headers)
            return
        headers.append((b"content-type", content.media_type.encode()))
        if content.policy:
            headers.append((b"content-security-policy", content.policy.encode()))
        body = page.plain
        if len(body) >= LEAST_COMPRESSED and GZIP.search(given.get(b"accept-encoding", b"")):
            body = page.compressed
            headers.append((b"content-encoding", b"gzip"))
        await _send(scope, send, 200, body, headers)

    async def _render(self, path: str, content: Content) -> Page | None:
        document = self._document()
        if self._kept_for is not document:
            self._kept, self._kept_for = {}, document
        page = self._kept.get(path)
        if page is None:
            # The reference takes a tenth of a second, which no request of the API is to wait for.
            page = await asyncio.to_thread(_made, content, document)
            if page is not None and self._kept_for is document:
                self._kept[path] = page
        return page

    async def _health(self, scope: Scope, send: Send) -> None:
        status, state = 200, "ok"
        if scope["path"] == "/readyz":
            try:
                for each in self._needed:
                    await each.ping()
            except Unavailable as error:
                status, state = 503, str(error)
            except Exception:
                # Whatever keeps it from answering, we are not ready.
                log.exception("database does not answer")
                status, state = 503, "The database does not answer."
        headers = [(b"content-type", JSON.encode()), (b"cache-control", b"no-store")]
        await _send(scope, send, status, orjson.dumps({"status": state}), headers)


def _made(content: Content, document: Document) -> Page | None:
    body = content.render(document)
    if body is None:
        return None
    etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'.encode()
    return Page(body, gzip.compress(body, 6, mtime=0), etag)


async def _refuse(scope: Scope, send: Send, status: int, code: str, message: str) -> None:
    """An error outside every contract, in the shape of the stable one."""
    body = orjson.dumps({"status": "error", "error": {"code": code, "message": message}})
    headers = [(b"content-type", JSON.encode())]
    if status == 405:
        headers.append((b"allow", b"GET, HEAD"))
    await _send(scope, send, status, body, headers)


async def _send(scope: Scope, send: Send, status: int, body: bytes, headers: Headers) -> None:
    always = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
    if status != 304:
        always.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *always]})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
