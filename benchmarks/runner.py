"""The whole run: what is measured in which order, with a line of progress for each step."""

import argparse
import contextlib
import itertools
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks import (
    client,
    contenders,
    delivery,
    latency,
    memory,
    processing,
    report,
    rounds,
    seeding,
    servers,
    startup,
    work,
)
from benchmarks.contenders import BARE, CONNEXION, FASTAPI, STRIPPED, Contender
from benchmarks.report import Target
from benchmarks.rounds import Play
from benchmarks.run import DEFAULT, QUICK, Run
from benchmarks.servers import Server, Start

STORED = 20_000
ENOUGH = 40_000
# Nothing was measured: neither the success nor the miss of a finished run.
BROKEN = 2
READS = [Target("get", FASTAPI, 7), Target("get", CONNEXION, 4), Target("get", BARE, 0.35)]
LISTS = [Target("list", FASTAPI, 8)]
PATCHES = [Target("patch", FASTAPI, 4)]
CREATES = [Target("create", FASTAPI, 4), Target("delete", FASTAPI, None)]
# What the limits, the request log and the choice of the version may cost together: a quarter.
STAGES = {operation: Target(operation, STRIPPED, 0.75) for operation in ("get", "list", "create")}
# How much slower everything may become with many resources: 1.3 times.
STEADY = 0.77
FEW = 1_000
BROKEN_BY = (
    client.LoadError,
    contenders.AdministrationError,
    contenders.UnequalError,
    delivery.LostError,
    processing.UnfinishedError,
    servers.ServerError,
)
PACKAGES = ("uvicorn", "connexion", "fastapi", "pydantic", "sqlalchemy", "aiosqlite", "orjson", "pysqlite3")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Compare the server with peers in one run.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, about 2 minutes")
    parser.add_argument("--check", action="store_true", help="end with 1 when a target is missed")
    parser.add_argument("--postgresql", metavar="URL", help="compare many and few resources on this server too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    given = parser.parse_args(arguments)
    if sys.platform != "linux":
        parser.error("the load client needs epoll and /proc, so the benchmark runs on Linux only.")
    pair = servers.processors()
    if pair:
        os.sched_setaffinity(0, {pair[1]})
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            run = Run(QUICK if given.quick else DEFAULT, Path(name), pair[0] if pair else None)
            measure(run)
            if given.postgresql:
                compete_with_many(run, given.postgresql)
                work.deliver(run, given.postgresql)
    except BROKEN_BY as error:
        print(f"bench: {error}", file=sys.stderr)
        return BROKEN
    print(report.table(run.rows), report.summary(run.rows), *remarks(run), sep="\n")
    if given.json:
        given.json.write_text(report.as_json(run.rows, run.about))
    return report.exit_code(run.rows, given.check)


def measure(run: Run) -> None:
    """Measure everything."""
    run.about = describe(run.processor)
    with run.step("how fast the load client is"):
        run.about["client_requests_per_second"] = capacity(run)
    with run.step(f"{startup.STARTS} starts of our server"):
        times = startup.measure(run.processor)
    with contextlib.ExitStack() as running:
        everyone = assemble(run, running)
        ours = everyone[0]
        compete(run, everyone)
        run.rows.append(report.startup_row(times))
        for other in everyone[1:]:
            other.server.stop()
        compete_without_stages(run, ours)
        with run.step(f"latencies at 10,000 operations a minute for {run.plan.latency:.0f} s"):
            found = latency.measure(ours, run.plan.latency)
        run.note("latencies", found.conditions)
        run.rows += [report.latency_row(one) for one in found.operations]
        with run.step(f"memory over {run.plan.all_requests:,} requests"):
            growth = memory.measure(ours, run.plan.first_requests, run.plan.all_requests)
        run.rows.append(report.memory_row(growth))
    work.deliver(run)
    work.process(run)
    compete_with_many(run)


def capacity(run: Run) -> float:
    """Return how many requests a second the client makes of a server that does next to nothing."""
    port = servers.free_port()
    command = [sys.executable, "-m", "benchmarks.peers.trivial", str(port)]
    request = client.build("GET", "/v2/resources/res_00000000000000000000000000", "k" * 40)
    with Server("trivial", Start(port, command, run.folder, run.processor)) as server:
        server.wait_for(request)
        return max(client.closed_loop(port, itertools.repeat(request), 0.5).rate for _ in range(3))


def assemble(run: Run, running: contextlib.ExitStack) -> list[Contender]:
    """Start and fill ours and its peers, ours first."""
    with run.step(f"storing {STORED:,} resources in ours"):
        server = contenders.our_server(run.folder / "ours", run.processor)
        everyone = [contenders.seeded(server, STORED)]
        running.enter_context(server).wait_for(contenders.HEALTH)
    with run.step("starting and filling the peers"):
        for name, module, stored in (
            (FASTAPI, "fastapi_orm", STORED),
            (CONNEXION, "connexion_stock", 0),
            (BARE, "bare", STORED),
        ):
            server = running.enter_context(contenders.peer_server(name, module, run.folder, run.processor, stored))
            everyone.append(contenders.peer(server, STORED))
        for other in everyone[1:]:
            contenders.check_equal(everyone[0], other, "/v2/resources/{id}")
        contenders.check_equal(everyone[0], everyone[1], "/v2/resources?limit=20")
    return everyone


def compete(run: Run, everyone: list[Contender]) -> None:
    """Let the contenders do each operation in turns."""
    turn = run.plan.turn
    play(run, "get", rounds.get(turn), everyone, READS)
    play(run, "list", rounds.list_first_page(turn), everyone[:2], LISTS)
    play(run, "create and delete", rounds.create_and_delete(turn), everyone[:2], CREATES)
    play(run, "patch", rounds.patch(turn), everyone[:2], PATCHES)


def compete_without_stages(run: Run, ours: Contender) -> None:
    """Compare ours with itself without some stages, on the same data."""
    with contextlib.ExitStack() as running:
        with run.step("starting ours without stages"):
            server = contenders.our_server(run.folder / "stripped", run.processor, STRIPPED)
            both = [ours, contenders.twin(server, ours)]
            running.enter_context(server).wait_for(contenders.HEALTH)
        contenders.check_equal(ours, both[1], "/v2/resources/{id}")
        turn = run.plan.turn
        play(run, "get", rounds.get(turn), both, [STAGES["get"]])
        play(run, "list", rounds.list_first_page(turn), both, [STAGES["list"]])
        play(run, "create", rounds.create_and_delete(turn), both, [STAGES["create"]])


def compete_with_many(run: Run, postgresql: str = "") -> None:
    """Compare ours holding many resources with ours holding few, on SQLite or on a PostgreSQL server."""
    engine = "PostgreSQL" if postgresql else "SQLite"
    with contextlib.ExitStack() as running:
        both = []
        for count in (run.plan.many, FEW):
            with run.step(f"storing {count:,} resources in a database of their own on {engine}"):
                name, database = f"{count:,} on {engine}", ""
                if postgresql:
                    database = running.enter_context(seeding.database_on(postgresql, f"bench_{os.getpid()}_{count}"))
                server = contenders.our_server(run.folder / f"{engine}-{count}", run.processor, name, database)
                both.append(contenders.seeded(server, count))
                running.enter_context(server).wait_for(contenders.HEALTH)
        many, few = (one.name for one in both)
        for operation, made in (
            ("get", rounds.get),
            ("list", rounds.list_first_page),
            ("filtered list", rounds.list_from_the_middle),
            ("create", rounds.create_and_delete),
        ):
            for one in both:
                seeding.warm(contenders.database_of(one.server))
            play(run, operation, made(run.plan.turn), both, [Target(operation, few, STEADY, many)])


def play(run: Run, what: str, turn: Play, competing: list[Contender], targets: list[Target]) -> None:
    """Play the rounds of some operations and note what came out."""
    names = ", ".join(one.name for one in competing)
    with run.step(f"{what}: {run.plan.rounds} rounds of {names}"):
        match = rounds.play(competing, turn, run.plan.rounds)
    run.about["repeated_rounds"] += match.repeated
    run.note(f"{what} of {names}", rounds.worst(match.counted))
    run.rows += [report.ratio_row(match, target) for target in targets]


def describe(processor: int | None) -> dict[str, Any]:
    """Say what a reader of the figures must know about the machine and the packages."""
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "processors": os.cpu_count(),
        "pinned": processor is not None,
        "load_at_start": os.getloadavg()[0],
        "repeated_rounds": 0,
        "conditions": {},
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def remarks(run: Run) -> list[str]:
    """Say what limits the figures' worth in this run."""
    found = ["Beside each rate: the server's processor time for one request. In brackets: the range over the rounds."]
    if run.about["client_requests_per_second"] < ENOUGH:
        found.append(
            f"Careful: the load client made {run.about['client_requests_per_second']:,.0f} requests/s at most on this "
            f"machine ({ENOUGH:,} wanted), so fast servers may be measured too slow."
        )
    if not run.about["pinned"]:
        found.append("Careful: server and client could not be kept on processors of their own.")
    if repeated := run.about["repeated_rounds"]:
        found.append(f"{repeated} rounds were played again because other programs or the disk disturbed them.")
    if run.careful:
        found.append(f"Careful: the machine was not calm during {'; '.join(run.careful)}. Run again when it is.")
    return found
