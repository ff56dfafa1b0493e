"""Whichever moment a process is killed at: nothing is lost, done twice or stuck, and every idempotency key works."""

from __future__ import annotations

import contextlib
import signal

from tests.faults import load
from tests.faults.dying import POINTS
from tests.faults.platform import Platform
from tests.gateway.processes import eventually


def test_one_server_after_the_other_is_killed(platform: Platform) -> None:  # B178
    """Each dies at another point of its work, under load; what it held is taken up by the next."""
    deaths = {}
    with contextlib.ExitStack() as stack:
        for number, point in enumerate(POINTS):
            with platform.serving(FAULT_AT=point, FAULT_AHEAD=platform.ahead(number)) as process:
                if not number:
                    platform.subscribe()
                    stack.enter_context(platform.load.going_on())
                deaths[point] = eventually(lambda: platform.load.are_well() and process.popen.poll(), within=60)
        last = stack.enter_context(platform.serving(FAULT_AHEAD=platform.ahead(len(POINTS))))
        platform.load.finish()
        load.wait_for_rest(platform.database)
        load.check_all_was_done_once(platform.database, platform.load, platform.receiver)
        assert last.stop() == -signal.SIGTERM
    assert deaths == dict.fromkeys(POINTS, -signal.SIGKILL)
    assert "error" not in last.errors
