"""Servers on which things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from domain import maintenance
from tests.contract.troubles import DEADLINE, FailingResolver
from tests.serving import Server, running


@pytest.fixture(scope="session")
def failing(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server whose handlers fail when a test wants it, and that hardly waits for a lock."""
    with running(fresh_database(), resolver=FailingResolver(), busy_timeout=0.3) as started:
        yield started


@pytest.fixture(scope="session")
def guarded(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that looks up few bad keys."""
    with running(fresh_database(), failed_authentications_per_minute=2) as started:
        yield started


@pytest.fixture(scope="session")
def hasty(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that gives a request hardly any time."""
    with running(fresh_database(), resolver=FailingResolver(), request_deadline=DEADLINE) as started:
        yield started


@pytest.fixture(scope="session")
def closed(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that the operator has closed for maintenance."""
    with running(fresh_database()) as started:
        now = started.clock.now()
        started.database.write(lambda tx: maintenance.begin(tx, now, "Back at noon.", 120))
        yield started
