"""Rules about operations that end: they say since when, until when, and what follows."""

import datetime
from collections.abc import Iterator

from contract import deprecation
from contract import document as documents
from contract.document import Finding, OperationNode
from contract.rules.survey import Survey

LEAST_NOTICE = datetime.timedelta(days=180)


def announced(survey: Survey) -> Iterator[Finding]:
    """An operation that is deprecated says when it ends, in x-deprecated, and no other does."""
    for operation in survey.operations:
        is_marked, is_dated = operation.operation.get("deprecated") is True, "x-deprecated" in operation.operation
        if is_marked and not is_dated:
            place = documents.join(operation.pointer, "deprecated")
            message = "the operation is deprecated, but does not say until when"
            yield survey.document.finding(place, message, "Add x-deprecated with since and sunset.")
        elif is_dated and not is_marked:
            place = documents.join(operation.pointer, "x-deprecated")
            message = "the operation has x-deprecated, but is not deprecated"
            yield survey.document.finding(place, message, "Add 'deprecated: true'.")


def noticed(survey: Survey) -> Iterator[Finding]:
    """A deprecated operation lasts for 180 days at least after it was announced that it ends."""
    for operation in _ending(survey):
        place = documents.join(operation.pointer, "x-deprecated")
        declared = operation.operation["x-deprecated"]
        try:
            since, sunset = (deprecation.midnight(declared[name]) for name in ("since", "sunset"))
        except ValueError:
            message = f"no calendar has both {declared['since']} and {declared['sunset']}"
            yield survey.document.finding(place, message, "Write days as YYYY-MM-DD.")
            continue
        if sunset - since < LEAST_NOTICE:
            first = (since + LEAST_NOTICE).date()
            message = f"the sunset is {(sunset - since).days} days after the deprecation"
            yield survey.document.finding(place, message, f"Let 180 days pass: {first} is the first day to end on.")


def succeeded(survey: Survey) -> Iterator[Finding]:
    """The successor of a deprecated operation is another one, whose path has no other variables."""
    for operation in _ending(survey):
        name = operation.operation["x-deprecated"].get("successor")
        if name is None:
            continue
        place = documents.join(operation.pointer, "x-deprecated", "successor")
        successor = survey.operation_ids.get(name)
        if successor is None or successor.operation is operation.operation:
            yield survey.document.finding(place, f"{name} is no other operation", "Name one, or leave it out.")
        elif more := _variables(successor) - _variables(operation):
            message = f"the path of {name} needs {', '.join(sorted(more))}, which {operation.path} does not have"
            yield survey.document.finding(place, message, "Name another operation, or leave it out.")


def _ending(survey: Survey) -> Iterator[OperationNode]:
    return (each for each in survey.operations if "x-deprecated" in each.operation)


def _variables(operation: OperationNode) -> set[str]:
    return {segment[1:-1] for segment in operation.path.split("/") if segment.startswith("{")}
