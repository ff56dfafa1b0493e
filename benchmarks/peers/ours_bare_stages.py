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
TAKEN_OUT = ("Limit", "Settle", "SettleVersion", "Recorder")
VERSION_CHOICE = "FindOperation"


class StageMissing(Exception):
    """The pipeline lacks a stage that is to be taken out."""


class PathVersion:
    """Takes the operation that the path's own contract has, and the numbers of the plan."""

    def __call__(self, exchange: Exchange) -> None:
        """Settle the operation; what no contract has, the stages before have refused."""
        exchange.operation = exchange.match.node.operations[exchange.contract.name][exchange.method]
        exchange.plan = exchange.compiled.plans[exchange.caller.plan]


def strip(pipeline: Pipeline) -> None:
    """Take the stages out of a pipeline; raises StageMissing where one of them is not there."""
    there = {name_of(part) for part in (*pipeline.stages, *pipeline.closing)}
    if missing := {VERSION_CHOICE, *TAKEN_OUT} - there:
        raise StageMissing(f"The pipeline has no {', '.join(sorted(missing))}; it has {', '.join(sorted(there))}.")
    kept = [stage for stage in pipeline.stages if name_of(stage) not in TAKEN_OUT]
    pipeline.stages = [PathVersion() if name_of(stage) == VERSION_CHOICE else stage for stage in kept]
    pipeline.closing = [close for close in pipeline.closing if name_of(close) not in TAKEN_OUT]


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
