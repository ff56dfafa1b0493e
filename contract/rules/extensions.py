"""Rules about the `x-` extensions, each by itself and between them."""

import difflib
import functools
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from contract import document as documents
from contract import events, vocabulary
from contract.document import Finding
from contract.rules import survey as surveys
from contract.rules.survey import Survey

_SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_MINUTES_PER_HOUR = 60


def known(survey: Survey) -> Iterator[Finding]:
    """Only the extensions of the vocabulary are used."""
    for place, name, _, _ in _used(survey):
        if name not in vocabulary.EXTENSIONS:
            near = difflib.get_close_matches(name, vocabulary.EXTENSIONS, 1, 0)[0]
            mend = f"Did you mean {near}? docs/vocabulary.md lists all."
            yield survey.document.finding(place, f"there is no extension {name}", mend)


def present(survey: Survey) -> Iterator[Finding]:
    """The root has every extension that the server is compiled from."""
    if any(name.startswith("x-") and name not in vocabulary.EXTENSIONS for name in survey.document.raw):
        # One is misspelt, which another rule says.
        return
    for name, extension in vocabulary.EXTENSIONS.items():
        if extension.places == ("root",) and name not in survey.document.raw:
            mend = "Add it; docs/vocabulary.md shows its form."
            yield survey.document.finding("#", f"the root lacks {name}", mend)


def placed(survey: Survey) -> Iterator[Finding]:
    """Extensions stand where the vocabulary says."""
    for place, name, kind, _ in _used(survey):
        extension = vocabulary.EXTENSIONS.get(name)
        if extension and kind not in extension.places:
            places = " or ".join(vocabulary.PLACES[each] for each in extension.places)
            noun = kind.replace("_", " ")
            yield survey.document.finding(place, f"{name} cannot stand on this {noun}", f"Put it on {places}.")


def formed(survey: Survey) -> Iterator[Finding]:
    """The values of extensions have the form that the vocabulary says."""
    for place, name, _, value in _used(survey):
        if name in vocabulary.EXTENSIONS:
            for error in _judge(name).iter_errors(value):
                where = documents.join(place, *error.instance_path)
                mend = f"docs/vocabulary.md shows the form of {name}."
                yield survey.document.finding(where, f"{name} has not its form: {error.message}", mend)


def scaled(survey: Survey) -> Iterator[Finding]:
    """x-scale stands on a number."""
    for _, schema, pointer in survey.of("property"):
        node, _ = survey.deref(schema, pointer)
        if "x-scale" in schema and node.get("type") not in ("integer", "number"):
            place = documents.join(pointer, "x-scale")
            message = f"x-scale stands on a property of type {node.get('type')}"
            yield survey.document.finding(place, message, "Remove it, or make the property a number.")


def mapped(survey: Survey) -> Iterator[Finding]:
    """x-values maps values that the parameter's enum has."""
    for _, parameter, pointer in survey.of("parameter"):
        if "x-values" in parameter:
            schema, _ = survey.deref(parameter.get("schema", {}), documents.join(pointer, "schema"))
            for value in parameter["x-values"]:
                if value not in schema.get("enum", []):
                    place = documents.join(pointer, "x-values", value)
                    message = f"x-values maps {value}, which the parameter's enum does not have"
                    yield survey.document.finding(place, message, "Add it to enum, or remove it here.")


def expandable(survey: Survey) -> Iterator[Finding]:
    """x-expand names a value that some `expand[]` parameter takes."""
    values: set[str] = set()
    for operation in survey.operations:
        for parameter, pointer in operation.parameters:
            if parameter["name"] == "expand[]":
                schema, place = survey.deref(parameter.get("schema", {}), documents.join(pointer, "schema"))
                items, _ = survey.deref(schema.get("items", {}), documents.join(place, "items"))
                values.update(value for value in items.get("enum", []) if isinstance(value, str))
    for _, schema, pointer in survey.of("property"):
        if "x-expand" in schema and schema["x-expand"] not in values:
            place = documents.join(pointer, "x-expand")
            message = f"no expand[] parameter takes {schema['x-expand']}"
            yield survey.document.finding(place, message, f"Taken are {', '.join(sorted(values)) or 'none'}.")


def expanding(survey: Survey) -> Iterator[Finding]:
    """x-expand-scopes gives values of the enum scopes that x-scopes has."""
    scopes = survey.raw.get("x-scopes", {})
    for _, schema, pointer in survey.of("schema"):
        items, _ = survey.deref(schema.get("items", {}), documents.join(pointer, "items"))
        for value, scope in schema.get("x-expand-scopes", {}).items():
            place = documents.join(pointer, "x-expand-scopes", value)
            if value not in items.get("enum", []):
                message = f"x-expand-scopes names {value}, which is not in the enum of the items"
                yield survey.document.finding(place, message, "Add it to the enum, or remove it here.")
            if scope not in scopes:
                message = f"x-expand-scopes asks for the scope {scope}, which is not declared"
                yield survey.document.finding(place, message, f"Declared in x-scopes: {', '.join(scopes) or 'none'}.")


def versioned(survey: Survey) -> Iterator[Finding]:
    """Dated versions belong to contracts, and the default version of a contract is one of its own."""
    contracts, versions = survey.raw.get("x-contracts", {}), survey.raw.get("x-api-versions", {})
    for date, version in versions.items():
        if version["contract"] not in contracts:
            place = documents.join("#/x-api-versions", date, "contract")
            message = f"the version {date} belongs to the contract {version['contract']}, which is not declared"
            yield survey.document.finding(place, message, f"Declared in x-contracts: {', '.join(contracts)}.")
    for name, contract in contracts.items():
        default = contract["default_version"]
        if versions.get(default, {}).get("contract") != name:
            place = documents.join("#/x-contracts", name, "default_version")
            own = ", ".join(date for date in versions if versions[date]["contract"] == name)
            message = f"the default version {default} is not a version of {name}"
            yield survey.document.finding(place, message, f"Its versions in x-api-versions: {own or 'none'}.")


def granted(survey: Survey) -> Iterator[Finding]:
    """The scopes of x-roles are, or stand for, scopes of x-scopes."""
    known = [scope.split(":") for scope in survey.raw.get("x-scopes", {})]
    for role, scopes in survey.raw.get("x-roles", {}).items():
        for index, scope in enumerate(scopes):
            kind, _, action = scope.partition(":")
            if scope != "*" and not any(kind in ("*", each[0]) and action in ("*", each[1]) for each in known):
                place = documents.join("#/x-roles", role, index)
                message = f"the role {role} may have {scope}, which is no scope of x-scopes"
                yield survey.document.finding(place, message, "Correct it, or declare the scope.")


def refilled(survey: Survey) -> Iterator[Finding]:
    """A plan's burst is refilled within an hour: so long it is remembered what of it was used."""
    for name, plan in survey.raw.get("x-plans", {}).items():
        most = plan["requests_per_minute"] * _MINUTES_PER_HOUR
        if plan["burst"] > most:
            place = documents.join("#/x-plans", name, "burst")
            message = f"the burst of the plan {name} takes longer than an hour to refill"
            yield survey.document.finding(place, message, f"Allow {most} at most, or more requests_per_minute.")


def listed(survey: Survey) -> Iterator[Finding]:
    """An enum under x-lists has what the root declares, each value once, and null where it may be null."""
    scopes = survey.raw.get("x-scopes", {})
    types = events.types(survey.document)
    declared = {
        "scopes": ["*", *dict.fromkeys(f"{scope.partition(':')[0]}:*" for scope in scopes), *scopes],
        "roles": list(survey.raw.get("x-roles", {})),
        "versions": list(survey.raw.get("x-api-versions", {})),
        "events": ["*", *dict.fromkeys(f"{event.partition('.')[0]}.*" for event in types), *types],
    }
    for _, schema, pointer in survey.of("schema"):
        if "x-lists" in schema:
            expected, found = declared[schema["x-lists"]], [each for each in schema.get("enum", []) if each is not None]
            missing = [value for value in expected if value not in found]
            unknown = [value for value in found if value not in expected]
            if missing or unknown:
                differing = [f"lacks {value}" for value in missing] + [f"has {value}" for value in unknown]
                message = f"the enum is not the {schema['x-lists']} of the document: it {', '.join(differing)}"
                yield survey.document.finding(documents.join(pointer, "enum"), message, f"Write {', '.join(expected)}.")


def coded(survey: Survey) -> Iterator[Finding]:
    """Error codes are in snake_case."""
    for code in survey.raw.get("x-errors", {}):
        if not _SNAKE_CASE.fullmatch(code):
            place = documents.join("#/x-errors", code)
            yield survey.document.finding(place, f"the error code {code} is not in snake_case", "Rename it.")


def classed(survey: Survey) -> Iterator[Finding]:
    """In x-errors a status has one type, and a type has one status."""
    for one, other in (("status", "type"), ("type", "status")):
        first: dict[Any, Any] = {}
        for code, entry in survey.raw.get("x-errors", {}).items():
            expected = first.setdefault(entry[one], entry[other])
            if entry[other] != expected:
                place = documents.join("#/x-errors", code, other)
                message = f"the {one} {entry[one]} has the {other} {entry[other]} here and {expected} above"
                yield survey.document.finding(place, message, f"Give all errors of one {one} the same {other}.")


def _used(survey: Survey) -> Iterator[tuple[str, str, str, Any]]:
    """Every extension: its pointer, its name, the kind of object that it stands on, and its value."""
    for kind, owner, pointer in survey.of(*surveys.GRAMMAR):
        for name, value in owner.items():
            if name.startswith("x-"):
                yield documents.join(pointer, name), name, kind, value


@functools.cache
def _judge(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(vocabulary.EXTENSIONS[name].schema)
