"""The table that a person reads, and the same figures for machines."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import delivery, processing
from benchmarks.contenders import OURS
from benchmarks.delivery import Flow, Journey
from benchmarks.latency import BARS, Latency
from benchmarks.memory import Growth
from benchmarks.processing import Load
from benchmarks.rounds import Match
from benchmarks.startup import BAR, StartTimes

VERDICTS = {True: "pass", False: "MISS", None: ""}
HEADINGS = ("what", "ours", "other", "target", "measured", "")


@dataclass(frozen=True)
class Row:
    """One line of the table; `holds` is None where there is no target. `figures` are the numbers behind the text."""

    what: str
    ours: str
    other: str
    target: str
    measured: str
    holds: bool | None
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """How many times the peer's rate of an operation the contender's is to be; None where it is only reported."""

    operation: str
    peer: str
    at_least: float | None
    name: str = OURS


def ratio_row(match: Match, target: Target) -> Row:
    """Compare a rate with a peer's, by the median over the rounds of the ratio within a round."""
    operation, peer, name = target.operation, target.peer, target.name
    ratios = match.ratios(operation, name, peer)
    median = statistics.median(ratios)
    figures = {
        "operation": operation,
        "peer": peer,
        "at_least": target.at_least,
        "ratio": median,
        "ratios": ratios,
        "rates": {each: match.rate(operation, each) for each in (name, peer)},
        "server_cpu_seconds_per_request": {each: match.cpu(operation, each) for each in (name, peer)},
        "rounds": len(ratios),
    }
    return Row(
        f"{operation}: {name} / {peer}",
        _rate(match, operation, name),
        _rate(match, operation, peer),
        "(reported)" if target.at_least is None else f">= {target.at_least:g}x",
        f"{median:.2f}x ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        None if target.at_least is None else median >= target.at_least,
        figures,
    )


def startup_row(times: StartTimes) -> Row:
    """Compare the start-up time with its bar."""
    return Row(
        "start to first answer, new data",
        f"{times.median:.2f} s",
        "",
        f"< {BAR} s",
        f"{times.median:.2f} s ({min(times.fresh):.2f} to {max(times.fresh):.2f}; existing data {times.again:.2f})",
        times.median < BAR,
        {"fresh": times.fresh, "again": times.again},
    )


def memory_row(growth: Growth) -> Row:
    """Compare the memory after all requests with the memory after the first."""
    return Row(
        f"memory after {growth.all_requests:,} requests",
        f"{growth.all_bytes / 2**20:.1f} MiB",
        f"{growth.first_bytes / 2**20:.1f} MiB after {growth.first_requests:,}",
        "no growth (2 % noise)",
        f"{growth.growth:+.1%}",
        growth.holds,
        asdict(growth),
    )


def latency_row(latency: Latency) -> Row:
    """Compare the percentiles of an operation with their bars."""
    bars = BARS[latency.operation]
    return Row(
        f"{latency.operation} at 10,000/min, P50/P95/P99",
        f"{latency.requests:,} requests",
        "",
        f"<= {_milliseconds(bars)}",
        _milliseconds(latency.percentiles),
        latency.holds,
        {**asdict(latency), "bars": bars},
    )


def flow_row(flow: Flow, engine: str) -> Row:
    """Compare the events that were committed and delivered with those that were due; on PostgreSQL only reported."""
    due = delivery.MANY_PER_SECOND
    return Row(
        f"{due:,} events a second on {engine}",
        f"{flow.committed:,.0f}/s, {flow.cpu_per_event * 1e6:,.0f} us",
        "",
        f">= {due:,}/s, no backlog" if engine == "SQLite" else "(reported)",
        f"{flow.delivered:,.0f}/s delivered, {flow.waiting_early:.0f} then {flow.waiting_late:.0f} waited",
        flow.holds if engine == "SQLite" else None,
        asdict(flow),
    )


def journey_row(journey: Journey, engine: str) -> Row:
    """Compare the time to the receiver with its bars; on PostgreSQL only reported."""
    return Row(
        f"event to receiver, {delivery.FEW_PER_SECOND}/s on {engine}, P50/P99",
        f"{journey.events:,} events",
        "",
        f"<= {_milliseconds((delivery.MEDIAN_BAR, delivery.NINETY_NINTH_BAR))}" if engine == "SQLite" else "(reported)",
        f"{_milliseconds((journey.median, journey.ninety_ninth))} ({journey.median_from_answer:.1f} behind the answer)",
        journey.holds if engine == "SQLite" else None,
        asdict(journey),
    )


def load_row(load: Load) -> Row:
    """Compare the p95 of reads beside jobs with the idle one."""
    idle, busy = (statistics.median(getattr(turn, name) for turn in load.turns) for name in ("idle", "busy"))
    return Row(
        f"get's P95 beside {processing.ITEMS_PER_MINUTE:,} items/min",
        f"{busy:.1f} ms",
        f"{idle:.1f} ms idle",
        f"<= {processing.BAR:g}x",
        f"{load.ratio:.2f}x (last job {max(turn.late for turn in load.turns):.1f} s behind the last read)",
        load.holds,
        asdict(load),
    )


def table(rows: Sequence[Row]) -> str:
    """Write the rows as text in columns."""
    cells = [HEADINGS] + [(r.what, r.ours, r.other, r.target, r.measured, VERDICTS[r.holds]) for r in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Say in one line how many targets were met, and name the missed ones."""
    judged = [row for row in rows if row.holds is not None]
    missed = [row.what for row in judged if not row.holds]
    names = f" Missed: {'; '.join(missed)}." if missed else ""
    return f"{len(judged) - len(missed)} of {len(judged)} targets met.{names}"


def exit_code(rows: Sequence[Row], check: bool) -> int:
    """Return 1 where misses were to be checked and there is one, else 0."""
    return int(check and any(row.holds is False for row in rows))


def as_json(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """Write everything measured, with what is to be known about the run."""
    document = {"about": about, "rows": [{"what": row.what, "holds": row.holds, **row.figures} for row in rows]}
    return json.dumps(document, indent=2) + "\n"


def _rate(match: Match, operation: str, name: str) -> str:
    return f"{match.rate(operation, name):,.0f}/s, {match.cpu(operation, name) * 1e6:,.0f} us"


def _milliseconds(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values) + " ms"
