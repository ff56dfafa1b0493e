"""Rules about responses: which are documented, their headers, bodies, examples and links."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from contract import document as documents
from contract.document import Finding, OperationNode
from contract.operation import LINES
from contract.rules.survey import Survey

_EMPTY = ("204", "304")
JSON = "application/json"


class Answer(NamedTuple):
    """A response of an operation without `$ref`, and where it is written."""

    status: str
    response: dict[str, Any]
    pointer: str


def documented(survey: Survey) -> Iterator[Finding]:
    """Every operation documents the errors that it can answer with."""
    for operation in survey.operations:
        needed = {"500": "every operation can fail", "503": "every operation can be refused while the server is busy"}
        if operation.operation.get("security"):
            needed |= {"401": "it needs a key", "403": "it needs scopes"}
        if operation.parameters or "requestBody" in operation.operation:
            needed["400"] = "it has parameters or a body"
        if "requestBody" in operation.operation:
            needed |= {"413": "it has a body", "415": "it has a body"}
        for status in sorted(needed.keys() - operation.operation["responses"].keys()):
            message = f"the operation does not document {status}, but {needed[status]}"
            yield survey.document.finding(operation.pointer, message, f"Add the response {status}.")


def succeeds(survey: Survey) -> Iterator[Finding]:
    """Every operation documents a success, and its statuses are three digits."""
    for operation in survey.operations:
        statuses = operation.operation["responses"]
        for status in statuses:
            if not (len(status) == 3 and status.isdigit()):
                place = documents.join(operation.pointer, "responses", status)
                yield survey.document.finding(place, f"the status {status} is not three digits", "Write each status.")
        if not any(status.startswith("2") for status in statuses):
            message = "the operation documents no success"
            yield survey.document.finding(operation.pointer, message, "Add a response of 200 to 299.")


def catalogued(survey: Survey) -> Iterator[Finding]:
    """Every error status that is documented has a code in x-errors; the first response without one is reported."""
    known = {str(entry["status"]) for entry in survey.raw.get("x-errors", {}).values()}
    for operation in survey.operations:
        for status in operation.operation["responses"]:
            if status.isdigit() and status >= "400" and status not in known:
                known.add(status)
                place = documents.join(operation.pointer, "responses", status)
                message = f"{status} is documented, but x-errors has no code of that status"
                yield survey.document.finding(place, message, "Add the code to x-errors, or remove the responses.")


def headed(survey: Survey) -> Iterator[Finding]:
    """Every response has the headers X-Request-Id and API-Version, and they are required."""
    for answer in _all_answers(survey):
        for name in ("X-Request-Id", "API-Version"):
            header = answer.response.get("headers", {}).get(name)
            place = documents.join(answer.pointer, "headers", name)
            if header is None:
                message = f"the response lacks the header {name}"
                yield survey.document.finding(answer.pointer, message, f"Add the header {name}.")
                continue
            node, place = survey.deref(header, place)
            if node.get("required") is not True:
                message = f"the header {name} is on every response but not required"
                yield survey.document.finding(place, message, "Add required: true.")


def bodies(survey: Survey) -> Iterator[Finding]:
    """204 and 304 have no body; every other response has one with a schema."""
    for status, response, pointer in _all_answers(survey):
        content = response.get("content", {})
        if status in _EMPTY and content:
            place = documents.join(pointer, "content")
            yield survey.document.finding(place, f"{status} has a body, which HTTP forbids", "Remove content.")
        if status not in _EMPTY and not content:
            yield survey.document.finding(pointer, f"{status} has no body", "Add content with a schema.")
    for _, media, pointer in survey.of("media_type"):
        if "schema" not in media:
            yield survey.document.finding(pointer, "the body has no schema", "Add schema.")


def typed(survey: Survey) -> Iterator[Finding]:
    """Answers are JSON; that of a GET that went well may be a file in lines instead, whose schema is a string."""
    for operation in survey.operations:
        for answer in _answers(survey, operation):
            content = answer.response.get("content", {})
            is_file = operation.method == "get" and answer.status == "200" and [*content] == [LINES]
            for media_type in content:
                place = documents.join(answer.pointer, "content", media_type)
                if media_type != JSON and not is_file:
                    message = f"the answer is {media_type}"
                    mend = f"Write {JSON}, or of a GET's 200 alone {LINES}."
                    yield survey.document.finding(place, message, mend)
                elif is_file and survey.deref(content[media_type].get("schema", {}), place)[0].get("type") != "string":
                    yield survey.document.finding(place, "the lines of a file are no string", "Write type: string.")


def exemplified(survey: Survey) -> Iterator[Finding]:
    """Every request and response body has an example."""
    for _, media, pointer in survey.of("media_type"):
        if "example" not in media and not media.get("examples"):
            yield survey.document.finding(pointer, "the body has no example", "Add examples.")


def described(survey: Survey) -> Iterator[Finding]:
    """Responses and request bodies have a description."""
    for kind, node, pointer in survey.of("response", "request_body"):
        if "$ref" not in node and not node.get("description"):
            message = f"the {kind.replace('_', ' ')} has no description"
            yield survey.document.finding(pointer, message, "Add description.")


def created(survey: Survey) -> Iterator[Finding]:
    """201 has a Location header and a link to the GET of what was created."""
    for status, response, pointer in _all_answers(survey):
        if status != "201":
            continue
        if "Location" not in response.get("headers", {}):
            yield survey.document.finding(pointer, "201 lacks the header Location", "Add the header Location.")
        links = [node for node, _ in _links(survey, response, pointer)]
        targets = [survey.operation_ids.get(link.get("operationId", "")) for link in links]
        if not any(target and target.method == "get" for target in targets):
            message = "201 has no link to the GET of what was created"
            yield survey.document.finding(pointer, message, "Add it to links.")


def linked(survey: Survey) -> Iterator[Finding]:
    """Links point to operations and set parameters that these have."""
    for _, response, pointer in _all_answers(survey):
        for link, place in _links(survey, response, pointer):
            target = survey.operation_ids.get(link.get("operationId", ""))
            if target is None:
                message = f"the link points to no operation: {link.get('operationId')}"
                yield survey.document.finding(place, message, "Give it the operationId of an operation.")
                continue
            known = [parameter["name"] for parameter, _ in target.parameters]
            for name in link.get("parameters", {}):
                if name.split(".", 1)[-1] not in known and name not in known:
                    message = f"the link sets {name}, which {link['operationId']} does not take"
                    mend = f"It takes {', '.join(known)}."
                    yield survey.document.finding(documents.join(place, "parameters", name), message, mend)


def _all_answers(survey: Survey) -> Iterator[Answer]:
    return (answer for operation in survey.operations for answer in _answers(survey, operation))


def _answers(survey: Survey, operation: OperationNode) -> Iterator[Answer]:
    for status, response in operation.operation["responses"].items():
        place = documents.join(operation.pointer, "responses", status)
        yield Answer(status, *survey.deref(response, place))


def _links(survey: Survey, response: dict[str, Any], pointer: str) -> Iterator[tuple[dict[str, Any], str]]:
    for name, link in response.get("links", {}).items():
        yield survey.deref(link, documents.join(pointer, "links", name))
