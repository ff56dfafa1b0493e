"""Our server without its limits and its request log, and with the path alone deciding the version.

What is taken out is taken out here: the product has no setting for it.
"""

import sys
from typing import Any
from unittest import mock

from contract.application import Application
from gateway import app, server
from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.settings import Settings
from gateway.stages import Stage


class TakePlan:
    """What is left of the limits: the plan, which an answer shows."""

    def __call__(self, exchange: Exchange) -> None:
        """Take the plan as it is."""
        exchange.plan = exchange.compiled.plans[exchange.caller.plan]


# The classes of what is taken out of the pipeline, and what stands in the place of a stage. One that is not in the
# pipeline ends the start: taking nothing out would measure nothing.
TAKEN_OUT: dict[str, Stage | None] = {
    "Limit": TakePlan(),
    "SettleVersion": None,
    "Settle": None,
    "Recorder": None,
}


class StageMissing(Exception):
    """The pipeline lacks something that is to be taken out."""


def stripped(pipeline: Pipeline) -> Pipeline:
    """A pipeline without the stages; raises StageMissing where one of them is not there."""
    there = {name_of(part) for part in (*pipeline.stages, *pipeline.finishing, *pipeline.closing)}
    if missing := TAKEN_OUT.keys() - there:
        raise StageMissing(f"The pipeline has no {', '.join(sorted(missing))}; it has {', '.join(sorted(there))}.")
    put = [TAKEN_OUT.get(name_of(stage), stage) for stage in pipeline.stages]
    return Pipeline(
        [stage for stage in put if stage is not None],
        [each for each in pipeline.finishing if name_of(each) not in TAKEN_OUT],
        [each for each in pipeline.closing if name_of(each) not in TAKEN_OUT],
        pipeline.downloads,
        pipeline.links,
    )


def name_of(part: Any) -> str:
    """The class of a part of the pipeline, or of the object whose method it is."""
    return type(getattr(part, "__self__", part)).__name__


def create_app(settings: Settings) -> Application:
    """Build the server as it is shipped, and strip its pipeline."""
    built = app.create_app(settings)
    assert isinstance(built.contract.serve, Pipeline)
    built.contract.serve = stripped(built.contract.serve)
    return built


if __name__ == "__main__":
    with mock.patch.object(server, "create_app", create_app):
        sys.exit(server.main())
