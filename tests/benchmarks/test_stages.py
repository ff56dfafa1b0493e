"""What is taken out of our server for a comparison."""

import pytest

from benchmarks.peers import ours_bare_stages
from benchmarks.peers.ours_bare_stages import PathVersion, StageMissing
from gateway.exchange import Exchange
from gateway.pipeline import ErrorLinks, Pipeline


class Stage:
    def __call__(self, exchange: Exchange) -> None:
        pass


class Limit(Stage):
    pass


class Recorder:
    def record(self, exchange: Exchange) -> None:
        raise AssertionError("recorded")


class FindOperation(Stage):
    pass


class Execute(Stage):
    pass


def pipeline(*stages: Stage) -> Pipeline:
    return Pipeline(stages, [], [Recorder().record], ErrorLinks("http://localhost"))


@pytest.fixture
def _everything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours_bare_stages, "TAKEN_OUT", ("Limit", "Recorder"))


@pytest.mark.usefixtures("_everything_is_built")
def test_stages_are_taken_out_and_the_version_is_the_paths() -> None:
    stripped = pipeline(FindOperation(), Limit(), Execute())
    ours_bare_stages.strip(stripped)
    assert [type(stage) for stage in stripped.stages] == [PathVersion, Execute]
    assert not stripped.closing


@pytest.mark.usefixtures("_everything_is_built")
@pytest.mark.parametrize(
    ("missing", "stages"), [("Limit", (FindOperation(), Execute())), ("FindOperation", (Limit(), Execute()))]
)
def test_a_stage_that_is_not_there_ends_the_start(missing: str, stages: tuple[Stage, ...]) -> None:
    with pytest.raises(StageMissing, match=rf"no {missing}; it has .*Execute"):
        ours_bare_stages.strip(pipeline(*stages))
