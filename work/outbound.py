"""Sends to addresses that customers chose, and never into a network that is out of bounds.

Every address that a name leads to is held against `domain/destinations.py`, and once more the one that is connected
to, just before the connection is made: nobody can change a name's address in between. Redirects are not followed,
cookies not kept, proxies of the environment not used, answers not unpacked.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple

from domain import destinations
from domain.destinations import Network

if TYPE_CHECKING:
    import aiohttp

USER_AGENT = "Platform-API/1.0"
KEEP_ALIVE_SECONDS = 15
NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
NO_HEADERS_OF_ITS_OWN = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class Limits(NamedTuple):
    """How long an exchange may take in all, in seconds, and how many bytes of the answer are read."""

    seconds: float
    most_bytes: int


class Reply(NamedTuple):
    """What came of a request: a status with the first bytes of the answer, or an error of `ERRORS`.

    Both where the answer broke off after its status. `retry_after` is the header's text; `duration_us` in microseconds.
    """

    status: int | None
    body: bytes
    retry_after: str | None
    error: str | None
    duration_us: int


ERRORS = {
    "timeout": "The receiver did not answer in time.",
    "destination_not_allowed": "The address leads into a network that may not be reached.",
    "name_not_found": "The name of the host was not found.",
    "tls_failed": "No secure connection: the certificate or the protocol was not accepted.",
    "connection_failed": "The receiver could not be connected to.",
    "connection_lost": "The connection ended before the answer was there.",
    "invalid_answer": "The receiver's answer was not HTTP.",
}


class Blocked(OSError):
    """An address that may not be reached."""


class _Seen:
    """What was received so far."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.retry_after: str | None = None
        self.body = bytearray()


class Lookups:
    """Looks names up in threads of its own, each name once at a time, as the servers of some names never answer."""

    MOST = 64

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(self.MOST, thread_name_prefix="lookup")
        self._under_way: dict[tuple[str, int], asyncio.Future[list[tuple[int, str]]]] = {}

    async def addresses(self, host: str, family: int) -> list[tuple[int, str]]:
        """The addresses of a name, each with its family."""
        key = (host, family)
        if key not in self._under_way:
            running = asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, family)
            running.add_done_callback(partial(self._done, key))
            self._under_way[key] = running
        # Who gives up waiting does not end it for the others.
        return await asyncio.shield(self._under_way[key])

    def _done(self, key: tuple[str, int], running: asyncio.Future[Any]) -> None:
        del self._under_way[key]
        # Where nobody waited for it any more, nobody misses the error.
        running.cancelled() or running.exception()

    def close(self) -> None:
        """Let the threads go, without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Outbound:
    """A client for one event loop; it may be given the private networks that may be reached all the same."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = allowed
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self._lookups = Lookups()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Reply:
        """Send a body; whatever the receiver does becomes a Reply, and only a cancellation is raised."""
        session = self._session or await self._opened()
        started = time.perf_counter()
        seen, error = _Seen(), None
        sent = {"User-Agent": USER_AGENT, "Accept": "*/*", **headers}
        try:
            async with (
                asyncio.timeout(limits.seconds),
                session.post(url, data=body, headers=sent, allow_redirects=False) as response,
            ):
                await _receive(response, limits.most_bytes, seen)
        except Exception as failure:  # noqa: BLE001 - what a stranger's server makes a client raise has no end
            error = _name(failure)
        duration_us = int((time.perf_counter() - started) * 1_000_000)
        return Reply(seen.status, bytes(seen.body), seen.retry_after, error, duration_us)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._lookups.close()

    async def _opened(self) -> aiohttp.ClientSession:
        """The session, which whoever comes first opens."""
        async with self._opening:
            if self._session is None:
                # Its import takes a good part of a start, and most servers send nothing for a while.
                await asyncio.to_thread(importlib.import_module, "aiohttp")
                self._session = self._open()
        return self._session

    def _require(self, address: str) -> None:
        if not destinations.may_reach(ip_address(address), self._allowed):
            raise Blocked(f"{address} may not be reached")

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        lookups, require = self._lookups, self._require

        class Resolver(aiohttp.abc.AbstractResolver):
            """Refuses a name as soon as one of its addresses may not be reached."""

            async def resolve(
                self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
            ) -> list[aiohttp.abc.ResolveResult]:
                found = await lookups.addresses(host, family)
                for _, address in found:
                    require(address)
                return [_found(host, address, port, of) for of, address in found]

            async def close(self) -> None:
                """Hold nothing."""

        def connectable(info: Any) -> socket.socket:
            require(info[4][0])
            return socket.socket(info[0], info[1], info[2])

        connector = aiohttp.TCPConnector(
            socket_factory=connectable,
            resolver=Resolver(),
            use_dns_cache=False,
            limit=0,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            skip_auto_headers=NO_HEADERS_OF_ITS_OWN,
        )


async def _receive(response: aiohttp.ClientResponse, most: int, seen: _Seen) -> None:
    seen.status, seen.retry_after = response.status, response.headers.get("Retry-After")
    while len(seen.body) < most and (part := await response.content.read(most - len(seen.body))):
        seen.body += part
    if not response.content.at_eof():
        # The rest is not waited for, however long it is.
        response.close()


def _look_up(host: str, family: int) -> list[tuple[int, str]]:
    found = socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    return [(int(each[0]), str(each[4][0])) for each in found]


def _found(host: str, address: str, port: int, family: int) -> aiohttp.abc.ResolveResult:
    return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": NUMERIC}


def _name(failure: BaseException) -> str:
    """The error of `ERRORS` that a failure is."""
    import aiohttp

    causes: list[BaseException] = []
    cause: BaseException | None = failure
    while cause is not None and len(causes) < 10:
        causes.append(cause)
        cause = getattr(cause, "os_error", None) or cause.__cause__ or cause.__context__
    kinds: tuple[tuple[str, type[BaseException] | tuple[type[BaseException], ...]], ...] = (
        ("destination_not_allowed", (Blocked, aiohttp.InvalidURL)),
        ("timeout", TimeoutError),
        ("tls_failed", ssl.SSLError),
        ("name_not_found", (aiohttp.ClientConnectorDNSError, socket.gaierror)),
        ("connection_failed", aiohttp.ClientConnectorError),
        ("invalid_answer", (aiohttp.ClientResponseError, aiohttp.ClientPayloadError, ValueError)),
    )
    return next((name for name, kind in kinds if any(isinstance(each, kind) for each in causes)), "connection_lost")
