"""Four processes that serve and two that work, on one PostgreSQL and one Valkey: one worker is killed, one stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests import engines
from tests.faults import load
from tests.faults.platform import LEASE_SECONDS, Platform
from tests.gateway.processes import SECONDS_TO_ACT
from tests.receiving import until


@pytest.fixture
def valkey() -> Iterator[str]:
    with engines.valkey_server() as url:
        yield url


@pytest.fixture
def shared(engine: str, platform: Platform) -> Platform:
    """The platform, where processes can share it."""
    if engine != "postgresql":
        pytest.skip("several processes need PostgreSQL")
    return platform


def test_workers_come_and_go_under_load(shared: Platform, valkey: str) -> None:  # B107
    servers = shared.serving("--workers", "4", "--valkey", valkey, API_WORK="false")
    now = {"FAULT_AHEAD": "0"}
    with servers as process, shared.working(**now) as stopped, shared.working(**now) as killed:
        shared.subscribe()
        with shared.load.going_on():
            until(lambda: len(shared.receiver.requests) > 20)
            killed.kill()
            with shared.working(FAULT_AHEAD=str(LEASE_SECONDS)) as last:
                stopped.send_signal(signal.SIGTERM)
                assert stopped.wait(SECONDS_TO_ACT) == 0
                shared.load.finish()
                load.wait_for_rest(shared.database)
                load.check_all_was_done_once(shared.database, shared.load, shared.receiver)
                last.send_signal(signal.SIGTERM)
                assert last.wait(SECONDS_TO_ACT) == 0
        assert "error" not in process.errors
