"""Form bodies with brackets, typed by the schema: `configuration[timeout_ms]=10000` is the integer 10000."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from contract import scalars
from contract.document import Document
from contract.problems import MOST_FAULTS, Fault, shortened

INDEX = re.compile(r"[0-9]{1,4}\Z|\[\][0-9]+\Z", re.ASCII)
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)\Z")
STEP = re.compile(r"\[([^\[\]]*)\]")
DEEPEST = 8

Node = dict[str, "str | Node"]


Place = tuple[str, ...]


def parse(text: str, lists: Collection[Place] = ()) -> tuple[Node, list[Fault]]:
    """The fields of a form as nested objects of text, and the names that contradict each other.

    A field of `lists` may be given several times: `field=a` is the same as `field[]=a` there.
    """
    try:
        given = scalars.pairs(text)
    except scalars.Malformed as error:
        return {}, [Fault("body", (), "malformed", str(error))]
    fields: Node = {}
    faults: list[Fault] = []
    for name, value in given:
        if len(faults) >= MOST_FAULTS:
            break
        if not name:
            faults.append(Fault("body", (), "malformed", "has a field without a name"))
            continue
        match = NAME.match(name)
        steps = [match[1], *STEP.findall(match[2])] if match else []
        if not steps or len(steps) > DEEPEST or "" in steps[:-1]:
            says = "is not a field name; write field, field[member] or field[0][member]"
            faults.append(Fault("body", (shortened(name),), "malformed", says))
        elif not _put(fields, [*steps, ""] if tuple(steps) in lists else steps, value):
            path = tuple(shortened(step) for step in steps if step)
            faults.append(Fault("body", path, "duplicate", "must be given only once"))
    return fields, faults


def _put(fields: Node, steps: list[str], value: str) -> bool:
    """Store a value under its steps; false where another value is already in the way.

    The values of `field[]` are kept as `[]0`, `[]1` and so on, which no member of an object is called.
    """
    node = fields
    for step in steps[:-1]:
        inner = node.setdefault(step, {})
        if not isinstance(inner, dict):
            return False
        node = inner
    last = steps[-1] or f"[]{len(node)}"
    if last in node:
        return False
    node[last] = value
    return True


def lists_in(document: Document, schema: Mapping[str, Any]) -> set[Place]:
    """Where a form of this schema has lists, by the names that lead there."""
    schema, _ = document.deref(dict(schema), "#")
    if schema.get("type") == "array":
        return {()}
    properties = schema.get("properties", {}).items()
    return {(name, *place) for name, inner in properties for place in lists_in(document, inner)}


Typed = Callable[["str | Node"], Any]


def compile_typing(document: Document, schema: Mapping[str, Any]) -> Typed:
    """A function that gives form text the types of its schema; what does not fit is left for validation to refuse."""
    schema, _ = document.deref(dict(schema), "#")
    kind = schema.get("type")
    if kind == "object":
        return _object(document, schema)
    if kind == "array":
        return _array(compile_typing(document, schema["items"]))
    coerce = scalars.BY_TYPE.get(kind if isinstance(kind, str) else "string", scalars.string)
    return lambda value: coerce(value) if isinstance(value, str) else value


def _object(document: Document, schema: Mapping[str, Any]) -> Typed:
    properties = {name: compile_typing(document, inner) for name, inner in schema.get("properties", {}).items()}
    more = schema.get("additionalProperties")
    others: Typed = compile_typing(document, more) if isinstance(more, Mapping) else lambda value: value

    def typed(value: str | Node) -> Any:
        if not isinstance(value, dict):
            return value
        if any(name.startswith("[]") for name in value):
            # `field[]` is for arrays. A list is refused by the schema of any object, in words that say so.
            return list(value.values())
        return {name: properties.get(name, others)(inner) for name, inner in value.items()}

    return typed


def _array(item: Typed) -> Typed:
    def typed(value: str | Node) -> Any:
        if not isinstance(value, dict) or not all(map(INDEX.match, value)):
            return value
        return [item(value[step]) for step in sorted(value, key=lambda step: int(step.removeprefix("[]")))]

    return typed
