"""Rules about what a request may contain: everything a client can send has a bound."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema_rs

from contract import document as documents
from contract.document import Finding
from contract.rules.survey import Survey

_LISTED = ("enum", "const")
_ANNOTATIONS = ("$ref", "title", "description", "default", "examples", "deprecated")
_COMBINED = ("allOf", "anyOf", "oneOf")
_EXACT_FORMATS = ("date-time", "date", "time", "uuid", "ipv4", "ipv6")
_WITH_NUL = ("\0", "a\0", "\0a", "a\0a")


class Place(NamedTuple):
    """A schema that a request's value must meet, where it is written, and whether it stands in a header."""

    schema: dict[str, Any]
    pointer: str
    header: bool


def strings(survey: Survey) -> Iterator[Finding]:
    """Every string in a request has a greatest length, unless its values are listed."""
    for schema, pointer, _ in _places(survey):
        if _is(schema, "string") and "maxLength" not in schema:
            message = "a string in a request has no maxLength"
            yield survey.document.finding(pointer, message, "Add maxLength, enum or const.")


def without_nul(survey: Survey) -> Iterator[Finding]:
    """No string in a request can hold NUL, which databases refuse; HTTP already keeps it out of headers."""
    for schema, pointer, header in _places(survey):
        if _is(schema, "string") and not header and schema.get("format") not in _EXACT_FORMATS:
            pattern = schema.get("pattern", "")
            if not _excludes_nul(pattern):
                message = "a string in a request may hold NUL"
                mend = "Add a pattern from ^ to $ that excludes it, such as '^[^\\u0000]*$'."
                yield survey.document.finding(pointer, message, mend)


def numbers(survey: Survey) -> Iterator[Finding]:
    """Every number in a request has a least and a greatest value, unless its values are listed."""
    for schema, pointer, _ in _places(survey):
        for bound in ("minimum", "maximum"):
            exclusive = "exclusive" + bound.capitalize()
            if _is(schema, "integer", "number") and bound not in schema and exclusive not in schema:
                yield survey.document.finding(pointer, f"a number in a request has no {bound}", f"Add {bound}.")


def objects(survey: Survey) -> Iterator[Finding]:
    """Every object in a request says which other keys it takes; where it takes any, how many and of what form."""
    for schema, pointer, _ in _places(survey):
        if not _is(schema, "object"):
            continue
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        if others is True:
            message = "an object in a request takes unknown keys"
            yield survey.document.finding(pointer, message, "Add additionalProperties: false, or a schema.")
        for key in ("maxProperties", "propertyNames"):
            if isinstance(others, dict) and key not in schema:
                message = f"an object of free keys in a request has no {key}"
                yield survey.document.finding(pointer, message, f"Add {key}.")


def arrays(survey: Survey) -> Iterator[Finding]:
    """Every array in a request has a greatest number of items."""
    for schema, pointer, _ in _places(survey):
        if _is(schema, "array") and "maxItems" not in schema:
            yield survey.document.finding(pointer, "an array in a request has no maxItems", "Add maxItems.")


def typed(survey: Survey) -> Iterator[Finding]:
    """Every value in a request has a type, unless its values are listed."""
    for schema, pointer, _ in _places(survey):
        if not {"type", *_LISTED, *_COMBINED} & schema.keys():
            yield survey.document.finding(pointer, "a value in a request may be anything", "Add type.")


def _is(schema: dict[str, Any], *kinds: str) -> bool:
    kind = schema.get("type")
    listed = any(key in schema for key in _LISTED)
    return not listed and any(each in kinds for each in (kind if isinstance(kind, list) else [kind]))


def _excludes_nul(pattern: str) -> bool:
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return False
    judge = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    return not any(judge.is_valid(text) for text in _WITH_NUL)


def _places(survey: Survey) -> Iterator[Place]:
    """Every schema that a value in a request must meet, each once."""
    seen: set[tuple[str, bool]] = set()
    for schema, pointer, header in _roots(survey):
        waiting = [Place(schema, pointer, header)]
        while waiting:
            place = waiting.pop()
            node, source = survey.deref(place.schema, place.pointer)
            if "x-opaque" in node:
                continue
            if _narrows(place.schema):
                source = place.pointer
            if (source, header) not in seen:
                seen.add((source, header))
                yield Place(node, source, header)
                waiting += _children(survey, node, source, header)


def _narrows(schema: Any) -> bool:
    """Whether keys beside a `$ref` make it another schema than its target; texts, defaults and extensions do not."""
    return isinstance(schema, dict) and any(key not in _ANNOTATIONS and not key.startswith("x-") for key in schema)


def _roots(survey: Survey) -> Iterator[Place]:
    for operation in survey.operations:
        for parameter, pointer in operation.parameters:
            if "schema" in parameter:
                schema = parameter["schema"]
                yield Place(schema, documents.join(pointer, "schema"), parameter["in"] == "header")
        if "requestBody" in operation.operation:
            body, pointer = survey.deref(operation.operation["requestBody"], operation.pointer + "/requestBody")
            for kind, media in body["content"].items():
                yield Place(media.get("schema", {}), documents.join(pointer, "content", kind, "schema"), False)


def _children(survey: Survey, schema: dict[str, Any], pointer: str, header: bool) -> Iterator[Place]:
    """The schemas of the parts of a value. A branch without a type only adds to the schema it stands in."""
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield Place(schema[key], documents.join(pointer, key), header)
    if isinstance(schema.get("propertyNames"), dict):
        yield Place({"type": "string", **schema["propertyNames"]}, documents.join(pointer, "propertyNames"), header)
    for key in ("properties", "patternProperties"):
        for name, child in schema.get(key, {}).items():
            yield Place(child, documents.join(pointer, key, name), header)
    for index, child in enumerate(schema.get("prefixItems", [])):
        yield Place(child, documents.join(pointer, "prefixItems", index), header)
    for key in _COMBINED:
        for index, child in enumerate(schema.get(key, [])):
            branch, place = survey.deref(child, documents.join(pointer, key, index))
            if "type" in schema and "type" not in branch:
                yield from _children(survey, branch, place, header)
            else:
                yield Place(branch, place, header)
