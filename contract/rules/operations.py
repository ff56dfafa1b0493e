"""Rules about operations: their names, texts, scopes and headers, and their paths."""

import re
from collections.abc import Iterator

from contract import document as documents
from contract.document import Finding, OperationNode
from contract.rules.survey import Survey

_WRITES = ("post", "put", "patch", "delete")
_BODILESS = ("get", "head", "delete", "options", "trace")
_SENT = (("http", "bearer"), ("apiKey", "query"))
_NAME = re.compile(r"(v[1-9][0-9]*)\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*\.[a-z][a-z0-9]*(?:_[a-z0-9]+)+")


def named(survey: Survey) -> Iterator[Finding]:
    """Every operation has an operationId `contract.kind.verb_noun`, whose contract begins its path."""
    for operation in survey.operations:
        name = operation.operation.get("operationId")
        place = documents.join(operation.pointer, "operationId")
        if name is None:
            message, mend = "the operation has no operationId", "Add one, such as v1.jobs.create_job."
            yield survey.document.finding(operation.pointer, message, mend)
            continue
        match = _NAME.fullmatch(name)
        first = operation.path.strip("/").split("/")[0]
        if not match:
            message = f"the operationId {name} has not the form contract.kind.verb_noun"
            yield survey.document.finding(place, message, "Write it such as v1.jobs.create_job.")
        elif match[1] != first:
            message = f"the operationId {name} does not begin with the first segment of {operation.path}"
            yield survey.document.finding(place, message, f"Begin it with {first}.")
        elif match[1] not in survey.raw.get("x-contracts", {}):
            message = f"the contract {match[1]} of {name} is not declared"
            yield survey.document.finding(place, message, "Add it to x-contracts.")


def unique(survey: Survey) -> Iterator[Finding]:
    """No two operations have the same operationId."""
    first: dict[str, OperationNode] = {}
    for operation in survey.operations:
        name = operation.operation.get("operationId")
        if name and first.setdefault(name, operation) is not operation:
            place = documents.join(operation.pointer, "operationId")
            line = survey.document.line(first[name].pointer)
            message = f"the operationId {name} is already that of the operation in line {line}"
            yield survey.document.finding(place, message, "Give each its own.")


def described(survey: Survey) -> Iterator[Finding]:
    """Every operation has a summary and a description."""
    for operation in survey.operations:
        for key in ("summary", "description"):
            if not operation.operation.get(key):
                yield survey.document.finding(operation.pointer, f"the operation has no {key}", f"Add {key}.")


def tagged(survey: Survey) -> Iterator[Finding]:
    """Every operation has a tag, and tags are declared."""
    declared = [tag["name"] for tag in survey.raw.get("tags", [])]
    for operation in survey.operations:
        tags = operation.operation.get("tags", [])
        if not tags:
            yield survey.document.finding(operation.pointer, "the operation has no tag", "Add tags.")
        for index, tag in enumerate(tags):
            if tag not in declared:
                place = documents.join(operation.pointer, "tags", index)
                mend = f"Add it to tags, or use one of {', '.join(declared)}."
                yield survey.document.finding(place, f"the tag {tag} is not declared", mend)


def secured(survey: Survey) -> Iterator[Finding]:
    """Every operation names the declared scopes that it needs, or has an empty `security`. A batch may need none."""
    schemes = survey.raw.get("components", {}).get("securitySchemes", {})
    scopes = survey.raw.get("x-scopes", {})
    for operation in survey.operations:
        if "security" not in operation.operation:
            message, mend = "the operation has no security", "Add the scopes it needs, or 'security: []' for everybody."
            yield survey.document.finding(operation.pointer, message, mend)
        requirements = operation.operation.get("security", [])
        for place, needed in _requirements(requirements, documents.join(operation.pointer, "security")):
            if not needed and "x-batch" not in operation.operation:
                yield survey.document.finding(place, "the operation needs no scope", "Name a scope of x-scopes.")
            for scope in needed:
                if scope not in scopes:
                    message, mend = f"the scope {scope} is not declared", f"Declared in x-scopes: {', '.join(scopes)}."
                    yield survey.document.finding(place, message, mend)
    for _, requirement, pointer in survey.of("security_requirement"):
        for name in requirement:
            if name not in schemes:
                message = f"the security scheme {name} is not declared"
                mend = "Add it to components/securitySchemes."
                yield survey.document.finding(documents.join(pointer, name), message, mend)


def alternative(survey: Survey) -> Iterator[Finding]:
    """The alternatives in `security` are ways to send one key: a scheme each, of a known type, with the same scopes."""
    for operation in survey.operations:
        place = documents.join(operation.pointer, "security")
        requirements = operation.operation.get("security", [])
        for index, requirement in enumerate(requirements):
            if len(requirement) != 1:
                message, mend = "an alternative of security does not name one scheme", "Name one scheme in each."
                yield survey.document.finding(documents.join(place, index), message, mend)
        asked = {frozenset(scopes) for requirement in requirements for scopes in requirement.values()}
        if len(asked) > 1:
            message = "the alternatives of security ask for different scopes"
            yield survey.document.finding(place, message, "Ask for the same scopes in each.")
    for _, scheme, pointer in survey.of("security_scheme"):
        if (scheme.get("type"), scheme.get("scheme", scheme.get("in"))) not in _SENT:
            message, mend = "no key is sent in this way", "Write type http with scheme bearer, or apiKey in query."
            yield survey.document.finding(pointer, message, mend)


def bodiless(survey: Survey) -> Iterator[Finding]:
    """Only POST, PUT and PATCH have a request body."""
    for operation in survey.operations:
        if operation.method in _BODILESS and "requestBody" in operation.operation:
            place = documents.join(operation.pointer, "requestBody")
            message = f"{operation.method.upper()} has a request body"
            yield survey.document.finding(place, message, "Use parameters, or POST.")


def idempotent(survey: Survey) -> Iterator[Finding]:
    """Every write takes `Idempotency-Key`."""
    for operation in survey.operations:
        if operation.method in _WRITES:
            yield from _lacking_header(survey, operation, "Idempotency-Key")


def conditional(survey: Survey) -> Iterator[Finding]:
    """Every GET takes `If-None-Match` and may answer 304; a write to one object takes `If-Match` and may answer 412."""
    for operation in survey.operations:
        header, status = "", ""
        if operation.method == "get":
            header, status = "If-None-Match", "304"
        elif operation.method in ("put", "patch", "delete") and "{" in operation.path:
            header, status = "If-Match", "412"
        if header:
            yield from _lacking_header(survey, operation, header)
            if status not in operation.operation["responses"]:
                message = f"the operation does not document {status}, which {header} leads to"
                yield survey.document.finding(operation.pointer, message, f"Add the response {status}.")


def paths(survey: Survey) -> Iterator[Finding]:
    """Paths begin with a slash, end without one, and no two differ only in the names of their parameters."""
    shapes: dict[str, str] = {}
    for path in survey.raw["paths"]:
        pointer = documents.join("#/paths", path)
        if not path.startswith("/") or path.endswith("/"):
            message = f"the path {path} must begin with a slash and end without one"
            yield survey.document.finding(pointer, message, "Correct its slashes.")
        twin = shapes.setdefault(re.sub(r"{[^}]*}", "{}", path), path)
        if twin != path:
            message = f"the path {path} has the same shape as {twin}"
            yield survey.document.finding(pointer, message, "Join them, or tell them apart by a fixed segment.")


def _requirements(security: list[dict[str, list[str]]], pointer: str) -> Iterator[tuple[str, list[str]]]:
    for index, requirement in enumerate(security):
        for name, scopes in requirement.items():
            yield documents.join(pointer, index, name), scopes


def _lacking_header(survey: Survey, operation: OperationNode, name: str) -> Iterator[Finding]:
    if not any((each["in"], each["name"]) == ("header", name) for each, _ in operation.parameters):
        message = f"the {operation.method.upper()} operation does not take the header {name}"
        yield survey.document.finding(operation.pointer, message, f"Add the parameter {name}.")
