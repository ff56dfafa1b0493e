"""A running server for tests, and clients of it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
import uvicorn

from contract.application import Application
from contract.document import Document
from contract.middleware import HandlerResolver
from domain import accounts, api_keys
from domain.api_keys import KeyOptions
from gateway.app import create_app
from gateway.server import configuration
from gateway.settings import Settings
from storage.database import Transaction
from tests.beside import Beside

# Every test has the same address, and many of them send keys that are not good.
ENDLESS_ATTEMPTS = {"failed_authentications_per_minute": 1_000_000}
# Wherever a test moves the clock, resources stay pending, unless it wants to see them become active.
NEVER_PROVISIONED = {"provisioning_step_seconds": 1e9}


class MovableClock:
    """The time plus an offset in seconds that a test sets; it can be stopped."""

    def __init__(self) -> None:
        self.offset: float = 0
        self._stopped_at: float | None = None

    def now(self) -> int:
        return int(self.time())

    def time(self) -> float:
        return (self._stopped_at or time.time()) + self.offset

    @contextlib.contextmanager
    def stopped(self, at: float | None = None) -> Iterator[None]:
        """Time stands still meanwhile, but for the offset; `at` is in unix seconds."""
        self._stopped_at = at or time.time()
        try:
            yield
        finally:
            self._stopped_at = None


class Connections(httpx2.BaseTransport):
    """Connections to a server that stay open when the clients that used them are closed."""

    def __init__(self) -> None:
        # Less than the server keeps an idle connection, so that none is used as it closes.
        limits = httpx2.Limits(max_connections=None, keepalive_expiry=30)
        self._transport = httpx2.HTTPTransport(verify=False, limits=limits)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._transport.handle_request(request)

    def close_all(self) -> None:
        """Hang up; `close` is what each client does."""
        self._transport.close()


class Client(httpx2.Client):
    """An HTTP client whose requests start at a contract's path, such as `/v2`."""

    def create(self, **fields: Any) -> dict[str, Any]:
        """Create a resource and return it."""
        answer = self.post("/resources", json={"name": "A resource", "type": "production", **fields})
        assert answer.status_code == 201, answer.text
        body = answer.json()
        created: dict[str, Any] = body.get("data", body)
        return created


@dataclasses.dataclass
class Tenant:
    """An account, its keys in both modes, and clients that use them."""

    server: Server
    account_id: str
    live_key: str
    test_key: str

    def client(
        self, path: str, *, mode: str = "live", key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Client:
        """A client that starts at `path` and sends the key of `mode`, or another one."""
        sent = key or (self.live_key if mode == "live" else self.test_key)
        return Client(
            base_url=self.server.url + path,
            headers={"Authorization": f"Bearer {sent}", **(headers or {})},
            timeout=30,
            transport=self.server.connections,
        )

    def key(self, *scopes: str, mode: str = "live", **options: Any) -> str:
        """Another key of the account."""
        return self.server.key(self.account_id, KeyOptions(mode=mode, scopes=scopes or ["*"], **options))


@dataclasses.dataclass
class Server:
    """A server that runs in a thread of this process."""

    url: str
    settings: Settings
    clock: MovableClock
    app: Application
    database: Beside
    connections: Connections

    @property
    def port(self) -> int:
        """The port on the loopback address."""
        return self.settings.port

    def tenant(self, plan: str = "scale", **limits: int | None) -> Tenant:
        """A new account with a live and a test key, both with every scope; `limits` are agreed with it."""
        now = self.clock.now()

        def unit(tx: Transaction) -> Tenant:
            account = accounts.create(tx, now, "Tenant", plan, "us")
            if limits:
                accounts.agree(tx, account.id, limits, [])
            live, test = (
                api_keys.issue(tx, now, account.id, KeyOptions(mode=mode, scopes=["*"])) for mode in ("live", "test")
            )
            return Tenant(self, account.id, live, test)

        return self.database.write(unit)

    def agree(self, account_id: str, **limits: int | None) -> None:
        """Agree on other limits with an account; keys that are remembered keep the old ones for half a second."""
        self.database.write(lambda tx: accounts.agree(tx, account_id, limits, []))

    def key(self, account_id: str, options: KeyOptions) -> str:
        """A new key for an account."""
        now = self.clock.now()
        return self.database.write(lambda tx: api_keys.issue(tx, now, account_id, options))

    def exchange(self, *parts: bytes) -> bytes:
        """Send bytes as they are over a connection of their own, and return what comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            for part in parts:
                connection.sendall(part)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received


@contextlib.contextmanager
def running(
    database_url: str, *, document: Document | None = None, resolver: HandlerResolver | None = None, **options: Any
) -> Iterator[Server]:
    """A server on a free port with a migrated database; `options` are settings."""
    clock = MovableClock()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        given = {"check_answers": True, "data_dir": Path(folder), **ENDLESS_ATTEMPTS, **NEVER_PROVISIONED, **options}
        settings = Settings(port=port, database_url=database_url, **given)
        app = create_app(settings, document=document, clock=clock, resolver=resolver)
        served = uvicorn.Server(configuration(settings, app))
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listening]})
        thread.start()
        beside, connections = Beside(settings.database), Connections()
        try:
            yield Server(f"http://127.0.0.1:{port}", settings, clock, app, beside, connections)
        finally:
            connections.close_all()
            served.should_exit = True
            thread.join(30)
            listening.close()
            beside.close()


def ids(answer: httpx2.Response) -> Sequence[str]:
    """The ids of the objects in a list answer of either contract."""
    return [item["id"] for item in answer.json()["data"]]
