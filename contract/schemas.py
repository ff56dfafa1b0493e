"""JSON Schema 2020-12 validators over the document, and their errors as faults."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jsonschema_rs

from contract.document import Document
from contract.problems import LONGEST_NAME, MOST_FAULTS, Fault, shortened

URN = "urn:api"
Limits = Mapping[str, Any]

TYPE_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
# Formats that are called something else in a sentence.
FORMAT_NAMES = {"cidr": "network such as 203.0.113.0/24"}


class Schemas:
    """Compiles validators for places of one document, which stay valid as long as the document does."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._registry = jsonschema_rs.Registry([(URN, document.raw)], draft=jsonschema_rs.Draft202012)

    def validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
        """Compile a schema whose references start with `urn:api#`."""
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            registry=self._registry,
            validate_formats=True,
            formats={"cidr": is_network},
            offline=True,
            mask="the value",
        )

    def faults(self, errors: Iterable[Any], where: str) -> list[Fault]:
        """What validation found, each with its place and in words; at most `MOST_FAULTS`."""
        found: list[Fault] = []
        for error in errors:
            found += self._translate(error, where)
            if len(found) >= MOST_FAULTS:
                break
        return found[:MOST_FAULTS]

    def _translate(self, error: Any, where: str) -> list[Fault]:
        kind, detail, path = error.kind.name, error.kind.as_dict(), tuple(error.instance_path)
        if kind == "required":
            return [Fault(where, (*path, detail["property"]), "required_field_missing", "is required")]
        if kind == "additionalProperties":
            known = self._siblings(error.schema_path).get("properties", {})
            names = detail["unexpected"][:MOST_FAULTS]
            return [Fault(where, (*path, shortened(name)), "unknown_field", unknown(name, known)) for name in names]
        if kind == "propertyNames":
            inner = detail["error"]
            reason, says = self._words(inner)
            return [
                Fault(
                    where,
                    (*path, shortened(str(inner.instance))),
                    reason,
                    says.replace("must", "has a name that must", 1),
                )
            ]
        reason, says = self._words(error)
        return [Fault(where, path, reason, says)]

    def _words(self, error: Any) -> tuple[str, str]:
        kind = error.kind.name
        words = WORDS.get(kind)
        if words is None:
            return "invalid_format", f"is not valid: {error.message}"
        reason, say = words
        return reason, say(error.kind.as_dict(), self._siblings(error.schema_path))

    def _siblings(self, schema_path: Sequence[str | int]) -> Limits:
        """The schema that the failing keyword stands in, for the other bound of a range."""
        node: Any = self.document.raw
        for step in list(schema_path)[:-1]:
            try:
                node = node[step]
            except (KeyError, IndexError, TypeError):
                return {}
        return node if isinstance(node, Mapping) else {}


def is_network(text: str) -> bool:
    """Whether a text is a network, or one address, in the notation of CIDR."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def unknown(name: str, known: Iterable[str]) -> str:
    """Says that a name is not known, and the nearest one that is."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1) if len(name) <= LONGEST_NAME else []
    if near:
        return f"is not known here; did you mean '{near[0]}'?"
    return f"is not known here; known are: {', '.join(names)}" if names else "is not known here"


def reference(pointer: str) -> dict[str, str]:
    """A schema that stands for the one at this pointer of the document."""
    return {"$ref": URN + pointer.replace("{", "%7B").replace("}", "%7D")}


def _range(low: str, high: str, unit: str) -> Callable[[Limits, Limits], str]:
    def say(detail: Limits, limits: Limits) -> str:
        least, most = limits.get(low), limits.get(high)
        if least is not None and most is not None:
            return f"must be between {least} and {most}{unit}"
        bound = "at least" if least is not None else "at most"
        return f"must be {bound} {detail['limit']}{unit}"

    return say


def _entries(_: Limits, limits: Limits) -> str:
    least, most = (
        limits.get("minItems", limits.get("minProperties")),
        limits.get("maxItems", limits.get("maxProperties")),
    )
    return f"must have {f'at least {least}' if least and not most else f'at most {most}'} entries"


def _type(detail: Limits, _: Limits) -> str:
    return f"must be {' or '.join(TYPE_NAMES[name] for name in detail['types'])}"


def _options(detail: Limits, _: Limits) -> str:
    return f"must be one of {', '.join('null' if option is None else str(option) for option in detail['options'])}"


def _pattern(detail: Limits, _: Limits) -> str:
    if "\\u0000" in detail["pattern"] and detail["pattern"].startswith("^[^"):
        return "must not contain characters that are not allowed here, such as NUL"
    return f"must match the pattern {detail['pattern']}"


WORDS: Mapping[str, tuple[str, Callable[[Limits, Limits], str]]] = {
    "type": ("wrong_type", _type),
    "enum": ("unknown_value", _options),
    "const": ("unknown_value", lambda detail, _: f"must be {detail['expected_value']}"),
    "minLength": ("too_short", _range("minLength", "maxLength", " characters")),
    "maxLength": ("too_long", _range("minLength", "maxLength", " characters")),
    "minimum": ("too_small", _range("minimum", "maximum", "")),
    "maximum": ("too_large", _range("minimum", "maximum", "")),
    "minItems": ("too_few", _entries),
    "minProperties": ("too_few", _entries),
    "maxItems": ("too_many", _entries),
    "maxProperties": ("too_many", _entries),
    "uniqueItems": ("duplicate", lambda _, __: "must not contain a value twice"),
    "pattern": ("invalid_format", _pattern),
    "format": (
        "invalid_format",
        lambda detail, _: f"must be a valid {FORMAT_NAMES.get(detail['format'], detail['format'])}",
    ),
}
