"""Our server without its limits and its request log, and with the path alone deciding the version.

What is taken out is taken out here: the product has no setting for it.
"""

import sys
from collections.abc import Sequence
from typing import Any, TypeVar
from unittest import mock

from contract.application import Application
from gateway import app, server
from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.settings import Settings

# The classes of what is taken out of the pipeline. One that is not in it ends the start: taking nothing out would
# measure nothing.
TAKEN_OUT = ("Limit", "Record")
# Those of them that the server does not have yet.
NOT_YET = frozenset({"Limit", "Record"})
VERSION_CHOICE = "ChooseVersion"

T = TypeVar("T")


class StageMissing(Exception):
    """The pipeline lacks a stage that is to be taken out."""


class PathVersion:
    """Takes the operation that the path's own contract has."""

    def __call__(self, exchange: Exchange) -> None:
        """Settle the operation; what no contract has, the stages before have refused."""
        exchange.operation = exchange.match.node.operations[exchange.contract.name][exchange.method]


def strip(pipeline: Pipeline) -> None:
    """Take the stages out of a pipeline; raises StageMissing where one of them is not there."""
    parts: list[Any] = [*pipeline.stages, *pipeline.finishing]
    there = {type(part).__name__ for part in parts}
    if missing := {VERSION_CHOICE, *TAKEN_OUT} - NOT_YET - there:
        raise StageMissing(f"The pipeline has no {', '.join(sorted(missing))}; it has {', '.join(sorted(there))}.")
    kept = without(pipeline.stages)
    pipeline.stages = [PathVersion() if type(stage).__name__ == VERSION_CHOICE else stage for stage in kept]
    pipeline.finishing = without(pipeline.finishing)


def without(parts: Sequence[T]) -> list[T]:
    """The parts that stay."""
    return [part for part in parts if type(part).__name__ not in TAKEN_OUT]


def create_app(settings: Settings) -> Application:
    """Build the server as it is shipped, and strip its pipeline."""
    built = app.create_app(settings)
    assert isinstance(built.contract.serve, Pipeline)
    strip(built.contract.serve)
    return built


if __name__ == "__main__":
    with mock.patch.object(server, "create_app", create_app):
        sys.exit(server.main())
