"""Servers on which things go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from contract.middleware import HandlerResolver
from tests.contract.troubles import DEADLINE
from tests.serving import Server, running

FAILING = "tests.contract.handlers_failing"


@pytest.fixture(scope="session")
def failing(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server whose handlers fail when a test wants it, and that waits for no lock."""
    with running(fresh_database(), resolver=HandlerResolver(FAILING), busy_timeout=0.05) as started:
        yield started


@pytest.fixture(scope="session")
def guarded(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that looks up few bad keys."""
    with running(fresh_database(), failed_authentications_per_minute=2) as started:
        yield started


@pytest.fixture(scope="session")
def hasty(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server that gives a request hardly any time."""
    with running(fresh_database(), resolver=HandlerResolver(FAILING), request_deadline=DEADLINE) as started:
        yield started
