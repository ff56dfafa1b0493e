"""One run: its plan, and what it has found so far."""

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.conditions import Conditions
from benchmarks.report import Row


@dataclass(frozen=True)
class Plan:
    """How long everything is measured."""

    rounds: int
    turn: float
    latency: float
    first_requests: int
    all_requests: int
    many: int
    flow: float
    journey: float
    load: float


DEFAULT = Plan(
    rounds=9,
    turn=0.8,
    latency=20,
    first_requests=10_000,
    all_requests=100_000,
    many=1_000_000,
    flow=20,
    journey=20,
    load=20,
)
QUICK = Plan(
    rounds=3, turn=0.4, latency=6, first_requests=2_000, all_requests=20_000, many=100_000, flow=6, journey=6, load=6
)


@dataclass
class Run:
    """One run: its plan, the processors it uses, and what it has found so far."""

    plan: Plan
    folder: Path
    processor: int | None
    rows: list[Row] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    careful: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def note(self, what: str, conditions: Conditions) -> None:
        """Remember the conditions of a measurement."""
        self.about["conditions"][what] = {**asdict(conditions), "good": conditions.trouble <= 1}
        if conditions.trouble > 1:
            self.careful.append(f"{what} ({conditions})")

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what happens now, and afterwards how long it took."""
        begin = time.perf_counter()
        print(f"[{begin - self.started:4.0f} s] {what} …", end="", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            print(f" {time.perf_counter() - begin:.1f} s", file=sys.stderr, flush=True)
