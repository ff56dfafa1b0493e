"""One real server for the whole run, on the engine that `--engine` names; each test makes tenants of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.receiving import Receiver, receiving
from tests.serving import Client, Server, Tenant, running
from tests.tables import database_url


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=["sqlite", "postgresql"], default="sqlite", help="the database to test on")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what never gets to a database: SQLite's run has it, and nothing in it could differ."""
    if config.getoption("--engine") == "postgresql":
        left_out = [item for item in items if item.get_closest_marker("before_storage")]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def engine(pytestconfig: pytest.Config) -> str:
    """The database engine of this run."""
    return str(pytestconfig.getoption("--engine"))


@pytest.fixture(scope="session")
def fresh_database(engine: str) -> Iterator[Callable[[], str]]:
    """Makes new databases with all tables and no rows, on the engine of this run."""
    with database_url(engine) as make:
        yield make


@pytest.fixture(scope="session")
def server(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """The server, on a real socket, whose answers are held against openapi.yaml before they are sent."""
    with running(fresh_database()) as started:
        yield started


@pytest.fixture(scope="session")
def delivering(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that may send to receivers on this machine."""
    with running(fresh_database(), webhook_allowed_networks="127.0.0.0/8") as started:
        yield started


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks that takes whatever comes."""
    with receiving() as started:
        yield started


@pytest.fixture(autouse=True)
def _still_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """Puts a server's clock back after a test that moved it."""
    yield
    for name in {"server", "delivering"} & set(request.fixturenames):
        request.getfixturevalue(name).clock.offset = 0


@pytest.fixture
def tenant(server: Server) -> Tenant:
    """An account of the test's own, with keys for both modes."""
    return server.tenant()


@pytest.fixture
def v1(tenant: Tenant) -> Iterator[Client]:
    """A client of `/v1` with a live key of the tenant."""
    with tenant.client("/v1") as client:
        yield client


@pytest.fixture
def v2(tenant: Tenant) -> Iterator[Client]:
    """A client of `/v2` with a live key of the tenant."""
    with tenant.client("/v2") as client:
        yield client


@pytest.fixture(params=["path", "header"])
def reference(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of the Resource API reference, both ways to reach it: at `/v2`, and at `/v1` as printed, by version."""
    if request.param == "path":
        made = tenant.client("/v2")
    else:
        made = tenant.client("/v1", headers={"API-Version": "2024-01-15"})
    with made as client:
        yield client
