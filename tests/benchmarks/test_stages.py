"""What is taken out of our server for a comparison."""

from typing import Any, cast

import pytest

from benchmarks.peers import ours_bare_stages
from benchmarks.peers.ours_bare_stages import StageMissing, TakePlan
from gateway.exchange import Exchange
from gateway.pipeline import ErrorLinks, Pipeline


class Part:
    def __call__(self, exchange: Exchange) -> None:
        pass

    def close(self, exchange: Exchange) -> None:
        pass


class Limit(Part):
    pass


class SettleVersion(Part):
    pass


class Settle(Part):
    pass


class Recorder(Part):
    pass


class Execute(Part):
    pass


def pipeline(*stages: Part) -> Pipeline:
    closing, nothing = [Limit().close, Recorder().close], cast(Any, None)
    return Pipeline(stages, [Execute()], closing, nothing, ErrorLinks("http://localhost"))


def test_stages_are_taken_out_or_replaced() -> None:
    stripped = ours_bare_stages.stripped(pipeline(SettleVersion(), Limit(), Settle(), Execute()))
    assert [type(stage) for stage in stripped.stages] == [TakePlan, Execute]
    assert [type(each) for each in stripped.finishing] == [Execute]
    assert not stripped.closing


def test_a_stage_that_is_not_there_ends_the_start() -> None:
    with pytest.raises(StageMissing, match=r"no Settle, SettleVersion; it has Execute, Limit, Recorder\."):
        ours_bare_stages.stripped(pipeline(Limit(), Execute()))
