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

# The classes of what is taken out of the pipeline. One that is not in it ends the start: taking nothing out would
# measure nothing.
TAKEN_OUT = ("Limit", "Settle", "Recorder")
# Those of them that the server does not have yet.
NOT_YET = frozenset({"Limit"})
VERSION_CHOICE = "ChooseVersion"


class StageMissing(Exception):
    """The pipeline lacks a stage that is to be taken out."""


class PathVersion:
    """Takes the operation that the path's own contract has."""

    def __call__(self, exchange: Exchange) -> None:
        """Settle the operation; what no contract has, the stages before have refused."""
        exchange.operation = exchange.match.node.operations[exchange.contract.name][exchange.method]


def strip(pipeline: Pipeline) -> None:
    """Take the stages out of a pipeline; raises StageMissing where one of them is not there."""
    there = {name_of(part) for part in (*pipeline.stages, *pipeline.finishing, pipeline.record)}
    if missing := {VERSION_CHOICE, *TAKEN_OUT} - NOT_YET - there:
        raise StageMissing(f"The pipeline has no {', '.join(sorted(missing))}; it has {', '.join(sorted(there))}.")
    kept = [stage for stage in pipeline.stages if name_of(stage) not in TAKEN_OUT]
    pipeline.stages = [PathVersion() if name_of(stage) == VERSION_CHOICE else stage for stage in kept]
    pipeline.finishing = [finish for finish in pipeline.finishing if name_of(finish) not in TAKEN_OUT]
    pipeline.record = lambda _: None


def name_of(part: Any) -> str:
    """The class of a part of the pipeline, or of the object whose method it is."""
    return type(getattr(part, "__self__", part)).__name__


def create_app(settings: Settings) -> Application:
    """Build the server as it is shipped, and strip its pipeline."""
    built = app.create_app(settings)
    assert isinstance(built.contract.serve, Pipeline)
    strip(built.contract.serve)
    return built


if __name__ == "__main__":
    with mock.patch.object(server, "create_app", create_app):
        sys.exit(server.main())
