"""A valid request body in the domain's words: defaults filled in, names and units translated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contract.document import Document

Intake = Callable[[Any], Any]


def compile_intake(document: Document, schema: Mapping[str, Any]) -> Intake:
    """A function from a valid wire value to the domain's value.

    A default stands in only where the schema names one, so absent, null and default stay three different things.
    JSON's 5.0 is an integer where the schema says so, and reaches the domain as 5.
    """
    node, _ = document.deref(dict(schema), "#")
    kind, scale = node.get("type"), node.get("x-scale")
    if kind == "object" and "properties" in node:
        return _object(document, node)
    if kind == "array":
        item = compile_intake(document, node["items"])
        return lambda values: [item(value) for value in values]
    if scale:
        return lambda value: round(value * scale)
    return _whole if kind == "integer" else _same


def attributes(document: Document, schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The schemas of an object's properties by the domain's names for them."""
    node, _ = document.deref(dict(schema), "#")
    found: dict[str, Mapping[str, Any]] = {}
    for name, inner in node.get("properties", {}).items():
        resolved, _ = document.deref(dict(inner), "#")
        found[resolved.get("x-attribute", name)] = resolved
    return found


def _same(value: Any) -> Any:
    return value


def _whole(value: Any) -> Any:
    return int(value) if type(value) is float else value


def _object(document: Document, node: Mapping[str, Any]) -> Intake:
    steps: dict[str, tuple[str, Intake]] = {}
    defaults: list[tuple[str, str, Intake, Any]] = []
    for name, inner in node["properties"].items():
        schema, _ = document.deref(dict(inner), "#")
        attribute, take = schema.get("x-attribute", name), compile_intake(document, schema)
        steps[name] = attribute, take
        if "default" in schema:
            defaults.append((name, attribute, take, schema["default"]))

    def take_object(value: Mapping[str, Any]) -> dict[str, Any]:
        taken = {}
        for name, inner in value.items():
            attribute, take = steps[name]
            taken[attribute] = take(inner)
        for name, attribute, take, default in defaults:
            if name not in value:
                taken[attribute] = take(default)
        return taken

    return take_object
