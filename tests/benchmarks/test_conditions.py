import os
import threading
from pathlib import Path

import pytest

from benchmarks import conditions
from benchmarks.conditions import Conditions, Watch
from benchmarks.servers import Server, Start


class Idle(Server):
    """A server without a process."""

    def cpu_seconds(self) -> float:
        return 1.0


def idle(folder: Path, processor: int | None = None) -> Server:
    return Idle("idle", Start(0, [], folder, processor))


@pytest.mark.parametrize(
    ("disturbance", "slowest_store", "trouble"), [(0.05, 0.01, 0.5), (0.2, 0.01, 2.0), (0.05, 0.5, 10.0)]
)
def test_the_worse_condition_decides(disturbance: float, slowest_store: float, trouble: float) -> None:
    assert Conditions(disturbance, slowest_store).trouble == pytest.approx(trouble)


def test_conditions_are_said_in_words() -> None:
    assert str(Conditions(0.123, 0.0456)) == "others took 12% of a processor, storing 4 KiB took 46 ms"


def test_the_slowest_store_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times, enough = [0.0, 0.03], threading.Event()

    def slow(_: int) -> None:
        if times:
            enough.wait(times.pop(0))
        else:
            enough.set()

    monkeypatch.setattr(conditions, "PAUSE", 0.0)
    monkeypatch.setattr(os, "fdatasync", slow)
    with Watch(idle(tmp_path)) as watch:
        assert enough.wait(30)
    assert watch.conditions.slowest_store >= 0.03


def test_a_watch_stores_once_at_least(tmp_path: Path) -> None:
    with Watch(idle(tmp_path)) as watch:
        pass
    assert watch.conditions.slowest_store > 0
    assert watch.conditions.disturbance == 0
    assert watch.server_cpu == 0


def test_what_nobody_of_ours_used_is_disturbance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter([10.0, 20.0, 1000.0, 20.0])
    monkeypatch.setattr(conditions, "busy_seconds", lambda _: next(busy))
    with Watch(idle(tmp_path, processor=0)) as watch:
        pass
    assert watch.conditions.disturbance > 1


def test_the_machine_knows_its_processors() -> None:
    assert conditions.busy_seconds(min(os.sched_getaffinity(0))) > 0
    with pytest.raises(Exception, match="does not know processor 9999"):
        conditions.busy_seconds(9999)
