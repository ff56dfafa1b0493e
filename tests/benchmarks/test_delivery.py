"""What reaches a receiver, and how it is judged."""

import subprocess
import sys
import time
from collections.abc import Iterator

import orjson
import pytest

from benchmarks import client, delivery, receiver, report
from benchmarks.client import Timed
from benchmarks.conditions import Conditions
from benchmarks.delivery import Flow, Journey
from benchmarks.servers import ROOT, Server, Start, free_port

CALM = Conditions()


def event(name: str) -> bytes:
    body = orjson.dumps({"data": {"object": {"name": name}, "previous_attributes": {"name": "before"}}})
    return b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.receiver", str(port)]
    with Server("receiver", Start(port, command, tmp_path_factory.mktemp("receiver"))) as server:
        server.wait_for(client.build("GET", "/", "none"))
        yield server


def test_the_receiver_notes_each_name_once_with_its_first_byte(running: Server) -> None:
    began = time.perf_counter()
    requests = [client.Request(event(name), b"200") for name in ("a", "b", "a")]
    client.closed_loop(running.port, requests, 10, connections=1)
    changed = [Timed(name, 0, 0, 0) for name in ("a", "b")]
    found = delivery.arrivals(running, changed)
    assert found.keys() == {"a", "b"}
    assert began < found["a"] <= found["b"] < time.perf_counter()


def test_what_does_not_arrive_ends_the_run(running: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 0.0)
    with pytest.raises(delivery.LostError, match="1 of 1 events"):
        delivery.arrivals(running, [Timed("never", 0, 0, 0)])


def test_requests_are_found_in_what_has_arrived() -> None:
    whole = event("a")
    assert receiver.whole(whole) == receiver.whole(whole + whole) == len(whole)
    assert receiver.whole(whole[:20]) == 0
    assert receiver.whole(b"GET / HTTP/1.1\r\n\r\n") == 18


def changed(count: int, per_second: float) -> list[Timed]:
    """Changes that are sent when they are due and answered 10 ms later."""
    return [Timed(str(n), n / per_second, n / per_second, n / per_second + 0.01) for n in range(count)]


def test_a_flow_that_keeps_up_has_no_backlog() -> None:
    sent = changed(10_000, 1_000)
    flow = delivery.flow_of(sent, {each.operation: each.received + 0.02 for each in sent}, 0.0005, CALM)
    assert flow.holds
    assert flow.committed == pytest.approx(1_000, rel=0.01)
    assert flow.waiting_late == pytest.approx(20, abs=2)


def test_a_flow_that_falls_behind_is_seen() -> None:
    sent = changed(10_000, 1_000)
    slower = {each.operation: number / 900 + 0.02 for number, each in enumerate(sent)}
    flow = delivery.flow_of(sent, slower, 0.0005, CALM)
    assert not flow.holds
    assert flow.delivered == pytest.approx(900, rel=0.01)
    assert flow.waiting_late > flow.waiting_early + delivery.NOISE


def test_a_backlog_that_grows_is_a_miss_though_all_is_delivered() -> None:
    assert Flow(1000, 990, 20, 120, 0.0005).holds
    assert not Flow(1000, 990, 20, 121, 0.0005).holds
    assert not Flow(979, 979, 0, 0, 0.0005).holds


def test_a_journey_is_timed_from_its_request() -> None:
    sent = changed(100, 100)
    journey = delivery.journey_of(sent, {each.operation: each.sent + 0.03 for each in sent}, CALM)
    assert (journey.median, journey.ninety_ninth) == pytest.approx((30, 30))
    assert journey.median_from_answer == pytest.approx(20)
    assert journey.holds


@pytest.mark.parametrize(("median", "last", "holds"), [(50, 500, True), (51, 100, False), (10, 501, False)])
def test_both_percentiles_have_a_bar(median: float, last: float, holds: bool) -> None:
    journey = Journey(100, median, last, 5.0)
    assert report.journey_row(journey, "SQLite").holds is holds
    assert report.journey_row(journey, "PostgreSQL").holds is None
    assert report.journey_row(journey, "SQLite").target == "<= 50.0 / 500.0 ms"


def test_only_sqlite_has_a_bar_for_the_flow() -> None:
    flow = Flow(1000, 400, 20, 900, 0.0005)
    assert report.flow_row(flow, "SQLite").holds is False
    assert report.flow_row(flow, "PostgreSQL").holds is None
    assert report.flow_row(flow, "SQLite").measured == "400/s delivered, 20 then 900 waited"


def test_the_receiver_needs_nothing_of_ours() -> None:
    listing = "import sys, benchmarks.receiver; print([name for name in sys.modules if name.startswith('storage')])"
    done = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
