"""Requests that are under way for as long as a test wants."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.serving import Tenant

# The version of each contract in which every limit of a plan holds.
VERSIONS = {"v1": "2023-11-01", "v2": "2024-01-15"}


def head(host: str, key: str, *, length: int = 2) -> bytes:
    """The head of a create whose body is yet to come; the server says when it waits for that."""
    lines = [
        "POST /v2/resources HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        "Expect: 100-continue",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


@contextlib.contextmanager
def at(url: str, key: str, count: int) -> Iterator[list[socket.socket]]:
    """This many requests of a key at a server that waits for their bodies."""
    place = urlsplit(url)
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection((place.hostname, place.port), timeout=30))
            connection.sendall(head(place.netloc, key))
            received = connection.recv(100)
            assert received.startswith(b"HTTP/1.1 100 "), received
            connections.append(connection)
        yield connections


@contextlib.contextmanager
def live(tenant: Tenant, count: int) -> Iterator[list[socket.socket]]:
    """This many requests of a tenant that are under way."""
    with at(tenant.server.url, tenant.live_key, count) as connections:
        yield connections
