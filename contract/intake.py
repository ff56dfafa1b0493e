"""A valid request body in the domain's words: defaults filled in, names and units translated."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from contract import document as documents
from contract.document import Document

Intake = Callable[[Any], Any]


def compile_intake(document: Document, schema: Mapping[str, Any]) -> Intake:
    """A function from a valid wire value to the domain's value, which nobody else holds.

    A default stands in only where the schema names one, so absent, null and default stay three different things.
    JSON's 5.0 is an integer where the schema says so, and reaches the domain as 5.
    """
    node, _ = document.deref(dict(schema), "#")
    if "oneOf" in node:
        options = [option for option in node["oneOf"] if document.deref(option, "#")[0].get("type") != "null"]
        return _or_null(compile_intake(document, options[0])) if len(options) == 1 else _same
    kinds = node["type"] if isinstance(node.get("type"), list) else [node.get("type")]
    taking = _taking(document, node, [kind for kind in kinds if kind != "null"])
    return _or_null(taking) if "null" in kinds and taking is not _same else taking


def attributes(document: Document, schema: Mapping[str, Any], pointer: str) -> dict[str, tuple[Mapping[str, Any], str]]:
    """The schemas of an object's properties by the domain's names for them, each with its pointer."""
    node, place = document.deref(dict(schema), pointer)
    found: dict[str, tuple[Mapping[str, Any], str]] = {}
    for name, inner in node.get("properties", {}).items():
        written = documents.join(place, "properties", name)
        resolved, _ = document.deref(dict(inner), written)
        found[resolved.get("x-attribute", name)] = inner, written
    return found


def _taking(document: Document, node: Mapping[str, Any], kinds: list[Any]) -> Intake:
    scale = node.get("x-scale")
    if kinds == ["object"]:
        return _object(document, node)
    if kinds == ["array"]:
        item = compile_intake(document, node["items"])
        return lambda values: [item(value) for value in values]
    if scale:
        return lambda value: round(value * scale)
    if node.get("format") == "date-time":
        return _moment
    return _whole if kinds == ["integer"] else _same


def _or_null(taking: Intake) -> Intake:
    return lambda value: None if value is None else taking(value)


def _same(value: Any) -> Any:
    return value


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float else value


def _moment(value: str) -> int:
    """Unix seconds of a time in RFC 3339."""
    return int(datetime.datetime.fromisoformat(value).timestamp())


def _object(document: Document, node: Mapping[str, Any]) -> Intake:
    steps: dict[str, tuple[str, Intake]] = {}
    defaults: list[tuple[str, str, Intake, Any]] = []
    for name, inner in node.get("properties", {}).items():
        schema, _ = document.deref(dict(inner), "#")
        attribute, taking = schema.get("x-attribute", name), compile_intake(document, inner)
        steps[name] = attribute, taking
        if "default" in schema:
            # Written out, since a copy of its own for each request is read from that faster than it is copied.
            defaults.append((name, attribute, taking, orjson.dumps(schema["default"])))
    more = node.get("additionalProperties")
    others = compile_intake(document, more) if isinstance(more, Mapping) else _same

    def take(value: Mapping[str, Any]) -> dict[str, Any]:
        taken = {}
        for name, inner in value.items():
            attribute, taking = steps.get(name) or (name, others)
            taken[attribute] = taking(inner)
        for name, attribute, taking, default in defaults:
            if name not in value:
                taken[attribute] = taking(orjson.loads(default))
        return taken

    return take
