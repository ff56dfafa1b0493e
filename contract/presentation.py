"""Domain objects as the response schema shows them, compiled to one Python expression per schema."""

from __future__ import annotations

import keyword
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from contract import events
from contract.document import Document

Present = Callable[[Any, "tuple[str, ...]"], Any]


@lru_cache(maxsize=4096)
def timestamp(seconds: int) -> str:
    """Unix seconds as RFC 3339 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def descale(value: int, scale: int) -> int | float:
    """The wire's value of a scaled number; whole where it is whole, so that 30000 ms are 30 s and not 30.0."""
    whole, rest = divmod(value, scale)
    return value / scale if rest else whole


def compile_presentation(document: Document, schema: Mapping[str, Any], *, of_mappings: bool = False) -> Present:
    """A function `(object, expansions) -> JSON value` that shows what the schema names and nothing else.

    The object has attributes, or with `of_mappings` is a mapping, of which is shown what it has.

    The expression is written out once, since walking the schema for each answer costs several times as much.
    """
    writer = _Writer(document, of_mappings=of_mappings)
    source = writer.value(schema, "o", 0)
    code = compile(f"lambda o, expand: {source}", f"<presentation of {schema.get('$ref', 'a schema')}>", "eval")
    scope = {"timestamp": timestamp, "descale": descale, **writer.constants}
    present: Present = eval(code, scope)  # noqa: S307 - made above from schema names that are checked or quoted
    return present


def compile_events(document: Document, contract: str) -> Present:
    """A function that shows an event, which has a `type` and `attributes`, as this contract's webhooks receive it."""
    made: dict[str, Present] = {}
    by_type: dict[str, Present] = {}
    for name, (schema, pointer) in events.payloads(document).items():
        if name.startswith(f"{contract}."):
            # Types of one kind have one schema, which need not be compiled for each.
            made[pointer] = made.get(pointer) or compile_presentation(document, schema, of_mappings=True)
            by_type[name.removeprefix(f"{contract}.")] = made[pointer]
    return lambda event, expand: by_type[event.type](event.attributes, expand)


class _Writer:
    """Writes the expression; `constants` holds the values that it refers to.

    With `of_mappings` it reads keys of mappings instead of attributes, and shows of each mapping what it has.
    """

    def __init__(self, document: Document, *, of_mappings: bool = False) -> None:
        self.document = document
        self.of_mappings = of_mappings
        self.constants: dict[str, Any] = {}

    def value(self, schema: Mapping[str, Any], source: str, depth: int) -> str:
        node, _ = self.document.deref(dict(schema), "#")
        if "const" in node:
            return repr(node["const"])
        if "x-payload" in node:
            self.constants["present_event"] = compile_events(self.document, node["x-payload"])
            return f"present_event({source}, expand)"
        if "oneOf" in node:
            return self._alternatives(node, source, depth)
        kinds = node.get("type")
        if isinstance(kinds, list) and "null" in kinds:
            others = [kind for kind in kinds if kind != "null"]
            written = self.value({**node, "type": others[0] if len(others) == 1 else others}, source, depth)
            return written if written == source else f"(None if {source} is None else {written})"
        if node.get("properties"):
            return self._object(node, source, depth)
        if kinds == "array":
            item = f"i{depth}"
            return f"[{self.value(node['items'], item, depth + 1)} for {item} in {source}]"
        if node.get("x-scale"):
            return f"descale({source}, {int(node['x-scale'])})"
        if node.get("format") == "date-time":
            return f"timestamp({source})"
        return source

    def _alternatives(self, node: Mapping[str, Any], source: str, depth: int) -> str:
        """A nullable reference, or the short and the full form of an expansion."""
        first, second = (self.document.deref(dict(option), "#")[0] for option in node["oneOf"])
        if second.get("type") == "null":
            return f"(None if {source} is None else {self.value(first, source, depth)})"
        # Where the short form may be null there may be nothing to expand.
        full = f"{source} is not None and " if "null" in first.get("type", ()) else ""
        full += f"{node['x-expand']!r} in expand"
        return f"({self.value(second, source, depth)} if {full} else {self.value(first, source, depth)})"

    def _object(self, node: Mapping[str, Any], source: str, depth: int) -> str:
        entries = []
        for name, inner in node["properties"].items():
            schema, _ = self.document.deref(dict(inner), "#")
            found = attribute(name, schema)
            if self.of_mappings:
                written = self.value(schema, f"{source}[{found!r}]", depth)
                entries.append(f"**({{{name!r}: {written}}} if {found!r} in {source} else {{}})")
                continue
            written = self.value(schema, f"{source}.{found}", depth)
            if "x-expand" in schema and "oneOf" not in schema:
                entries.append(f"**({{{name!r}: {written}}} if {schema['x-expand']!r} in expand else {{}})")
            else:
                entries.append(f"{name!r}: {written}")
        return "{" + ", ".join(entries) + "}"


def attribute(name: str, schema: Mapping[str, Any]) -> str:
    """The domain attribute behind a property; raises ValueError where that is not a Python name."""
    found = str(schema.get("x-attribute", name))
    if not found.isidentifier() or keyword.iskeyword(found):
        raise ValueError(f"'{found}' is not a Python name; give the property an x-attribute")
    return found
