"""What is under way when a server is stopped or its clock jumps is finished once, or done by the next server."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from storage import tables
from storage.database import Transaction
from tests.faults import load
from tests.faults.platform import Platform
from tests.faults.test_databases import BATCHES, begin, events_at, targeted
from tests.receiving import Handler, Receiver, status, until
from tests.serving import Client, running

A_MOMENT = 0.5


def held_from(now_ms: int) -> Callable[[Transaction], int]:
    """Counts what is held beyond a time, so that nobody else would begin it."""

    def count(tx: Transaction) -> int:
        return sum(
            tx.execute(
                sa.select(sa.func.count()).where(table.c.due_ms > now_ms, table.c.token.is_not(None))
            ).scalar_one()
            for table in (tables.tasks, tables.deliveries)
        )

    return count


def test_a_server_is_stopped_under_load(platform: Platform) -> None:
    """What it does is finished, what it holds is given back, and the next one goes on at once."""

    def slowly(handler: Handler) -> None:
        threading.Event().wait(A_MOMENT)
        status(200)(handler)

    platform.receiver.usual = slowly
    with platform.serving(FAULT_AHEAD=platform.ahead(0)) as first:
        platform.subscribe()
        with platform.load.going_on():
            until(lambda: targeted(platform.receiver) > 1)
            assert first.stop() == -signal.SIGTERM
            now_ms = platform.now_ms(0)
            assert platform.database.read(held_from(now_ms)) == 0
            platform.receiver.usual = status(200)
            # Its clock is not ahead of the first one's, so that no lease has ended.
            with platform.serving(FAULT_AHEAD=platform.ahead(0)) as second:
                platform.load.finish()
                load.wait_for_rest(platform.database)
                load.check_all_was_done_once(platform.database, platform.load, platform.receiver)
                assert second.stop() == -signal.SIGTERM
    assert "error" not in first.errors + second.errors
    sent = Counter(each.headers["idempotency-key"] for each in platform.receiver.requests if each.path == "/target")
    assert set(sent.values()) == {1}, "what had begun was finished"


def test_the_clock_jumps_forward(fresh_database: Callable[[], str], receiver: Receiver) -> None:
    """No lease ends of it as long as its holder lives, and what waits for its time is done at once."""
    let_go = threading.Event()

    def hold_targets(handler: Handler) -> None:
        if handler.path == "/target":
            let_go.wait(30)
        status(200)(handler)

    options = {"provisioning_step_seconds": 0.01, "webhook_allowed_networks": "127.0.0.0/8"}
    with running(fresh_database(), **options) as server, server.tenant().client("/v2", mode="test") as client:
        assert client.post("/webhooks", json={"url": f"{receiver.url}/events", "events": ["*"]}).status_code == 201
        receiver.wait_for(1)
        receiver.answers = [status(503)]
        receiver.usual = hold_targets
        failed = client.create()["id"]
        (refused,) = until(lambda: [each for each in pending(client) if each["response_status"] == 503])
        job = begin(client, receiver)
        until(lambda: targeted(receiver) == BATCHES)
        server.clock.offset = 3_600
        # The second attempt was to be made five seconds later.
        until(lambda: client.get(f"/deliveries/{refused['id']}").json()["status"] == "succeeded")
        let_go.set()
        until(lambda: client.get(f"/jobs/{job}").json()["status"] == "succeeded")
        told = until(lambda: events_at(receiver, job, failed))
        assert targeted(receiver) == BATCHES
        assert {each for each, count in told.items() if count > 1} == {refused["event"]}


def pending(client: Client) -> list[dict[str, Any]]:
    """The deliveries that are not done."""
    found: list[dict[str, Any]] = client.get("/deliveries?status=pending").json()["data"]
    return found
