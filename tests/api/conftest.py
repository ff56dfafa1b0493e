"""Every answer that an API test gets is held against openapi.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partialmethod
from typing import Any

import httpx2
import pytest

from tests.api import operations
from tests.api.declared import Declared
from tests.api.stepping import STEP
from tests.serving import Client, Server, Tenant, running


@pytest.fixture(scope="session")
def declared() -> Declared:
    """What openapi.yaml declares."""
    return Declared(operations.document())


@pytest.fixture(autouse=True)
def _answers_are_declared(monkeypatch: pytest.MonkeyPatch, declared: Declared) -> None:  # A030
    def send(client: Client, request: httpx2.Request, **options: Any) -> httpx2.Response:
        answer = httpx2.Client.send(client, request, **options)
        declared.check(answer)
        return answer

    monkeypatch.setattr(Client, "send", send)


@pytest.fixture(autouse=True)
def _clients_load_no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    # The server speaks plain HTTP, and reading the certificates takes longer than a test.
    monkeypatch.setattr(Client, "__init__", partialmethod(httpx2.Client.__init__, verify=False))


@pytest.fixture
def stranger(server: Server) -> Tenant:
    """Another account."""
    return server.tenant()


@pytest.fixture
def keyless(server: Server) -> Iterator[Client]:
    """A client without a key, whose requests start at the server's root."""
    with Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def stepping(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that provisions as its clock says."""
    with running(fresh_database(), provisioning_step_seconds=STEP) as started:
        yield started


@pytest.fixture
def customer(stepping: Server) -> Iterator[Tenant]:
    """An account at the server that provisions; afterwards its clock is put back."""
    yield stepping.tenant()
    stepping.clock.offset = 0
