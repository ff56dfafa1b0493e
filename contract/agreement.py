"""Checks at start that the code agrees with the document: a handler takes what is sent and returns what is shown."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

from contract import document as documents
from contract import intake
from contract.document import Document, Finding, OperationNode
from contract.schemas import unknown

# What a file that is sent part by part has: its id, its name, how many parts it has, and what reads one.
DOWNLOAD = {"id", "name", "count", "read"}


class Disagreement(Exception):
    """The code and the document do not fit; `findings` names the lines of the document."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings)
        self.findings = findings


def stub(node: OperationNode) -> str:
    """The handler that is missing, as code to paste."""
    _, kind, function = node.operation["operationId"].split(".")
    types = {"query": "dict[str, object]", "body": "dict[str, object]"}
    arguments = ["call: Call", *(f"{name}: {types.get(name, 'str')}" for name in arguments_of(node))]
    lines = [
        f"Add this to handlers/{kind}.py:",
        "    from domain.calls import Call",
        f"    def {function}({', '.join(arguments)}) -> object:",
        "        raise NotImplementedError",
    ]
    return "\n    ".join(lines)


def check_arguments(document: Document, node: OperationNode, handler: Callable[..., Any]) -> list[Finding]:
    """Whether the handler's parameters are `call`, the path's, `query` and `body`, as the document has them."""
    found = list(inspect.signature(handler).parameters)
    expected = arguments_of(node, takes_query="query" in found)
    if found != ["call", *expected]:
        where = f"{handler.__module__.replace('.', '/')}.py:{handler.__code__.co_firstlineno}"
        message = f"the handler takes ({', '.join(found)}), the document sends ({', '.join(['call', *expected])})"
        return [document.finding(node.pointer, message, f"Change the parameters at {where}, or the document.")]
    hints = typing.get_type_hints(handler)
    findings = []
    if "body" in expected:
        body, pointer = document.deref(node.operation["requestBody"], f"{node.pointer}/requestBody")
        media_type, content = next(iter(body["content"].items()))
        place = documents.join(pointer, "content", media_type, "schema")
        findings += _check_typed_dict(document, content["schema"], hints["body"], (place, "body"))
    if "query" in expected:
        findings += _check_query(document, node, hints["query"])
    return findings


def arguments_of(node: OperationNode, *, takes_query: bool = False) -> list[str]:
    """The names of the arguments that an operation sends to its handler, after `call`.

    A handler that serves several operations may take a `query` that one of them leaves empty.
    """
    places = [parameter["in"] for parameter, _ in node.parameters]
    names = [segment[1:-1] for segment in node.path.split("/") if segment.startswith("{")]
    if "query" in places or takes_query:
        names.append("query")
    if "requestBody" in node.operation:
        names.append("body")
    return names


def _check_query(document: Document, node: OperationNode, query: Any) -> list[Finding]:
    """Whether the handler's query has a key for every query parameter, and gets those that it relies on."""
    keys = _keys(query)
    if keys is None:
        return []
    sent = set()
    findings = []
    for parameter, pointer in node.parameters:
        name = parameter.get("x-attribute", parameter["name"])
        if parameter["in"] != "query":
            continue
        if name not in keys:
            mend = f"Add it to {query.__name__} or name another with x-attribute."
            findings.append(document.finding(pointer, f"the handler's query {unknown_key(name, keys)}", mend))
        schema, _ = document.deref(parameter["schema"], pointer)
        if parameter.get("required") or "default" in schema:
            sent.add(name)
    for name in sorted(_required_keys(query) - sent):
        message = f"the handler's query needs '{name}', which this operation does not always send"
        mend = f"Make the parameter required or give it a default, or make it optional in {query.__name__}."
        findings.append(document.finding(node.pointer, message, mend))
    return findings


def check_result(document: Document, schema: Mapping[str, Any], place: tuple[str, str], result: Any) -> list[Finding]:
    """Whether the type that a handler returns has every attribute that the response schema shows.

    `place` is the pointer to name in a finding and the words for the value, such as "the result".
    """
    pointer, words = place
    node, target = document.deref(dict(schema), pointer)
    if "const" in node or "x-payload" in node:
        return []
    if "oneOf" in node:
        places = ((option, documents.join(target, "oneOf", i)) for i, option in enumerate(node["oneOf"]))
        return [
            finding
            for option, written in places
            if option.get("type") != "null"
            for finding in check_result(document, option, (written, words), _without_none(result))
        ]
    if node.get("type") == "array":
        return check_result(document, node["items"], (f"{target}/items", f"an item of {words}"), _item(result))
    findings = []
    for name, inner in node.get("properties", {}).items():
        shown = documents.join(target, "properties", name)
        inner_node, _ = document.deref(dict(inner), shown)
        if "const" in inner_node:
            continue
        attribute = str(inner_node.get("x-attribute", name))
        hints = attribute_types(_without_none(result))
        if attribute not in hints:
            message = f"{words} is a {_type_name(result)}, which {unknown_key(attribute, hints)}"
            mend = "Add the attribute, name another with x-attribute, or take the property out."
            findings.append(document.finding(shown, message, mend))
        else:
            findings += check_result(document, inner, (shown, f"{words}.{attribute}"), hints[attribute])
    return findings


def check_download(document: Document, pointer: str, handler: Callable[..., Any]) -> list[Finding]:
    """Whether a handler returns a file that can be sent part by part."""
    result = typing.get_type_hints(handler).get("return", type(None))
    if attribute_types(result).keys() >= DOWNLOAD:
        return []
    message = f"the result is a {_type_name(result)}, which is no file"
    return [document.finding(pointer, message, f"Return a Download, which has {', '.join(sorted(DOWNLOAD))}.")]


def unknown_key(name: str, known: Mapping[str, Any]) -> str:
    """Says that something has no such member, and the nearest one that it has."""
    return f"has no '{name}': it {unknown(name, known)}"


def attribute_types(of: Any) -> dict[str, Any]:
    """The attributes of a class and their types: its fields and its properties, type variables filled in."""
    origin = typing.get_origin(of) or of
    if not isinstance(origin, type):
        return {}
    filled = dict(zip(getattr(origin, "__parameters__", ()), typing.get_args(of), strict=False))
    return {name: _fill(kind, filled) for name, kind in _declared(origin).items()}


@functools.cache
def _declared(of: type) -> Mapping[str, Any]:
    """The attributes of a class and their types as they are written."""
    found = dict(typing.get_type_hints(of)) if is_dataclass(of) or hasattr(of, "__annotations__") else {}
    for name, member in inspect.getmembers(of, lambda value: isinstance(value, property)):
        found[name] = typing.get_type_hints(member.fget).get("return", Any)
    return found


def _fill(kind: Any, filled: Mapping[Any, Any]) -> Any:
    # Not every type can be looked up, such as that of a function.
    if not filled:
        return kind
    if kind in filled:
        return filled[kind]
    arguments = typing.get_args(kind)
    if arguments and any(argument in filled for argument in arguments):
        return kind[tuple(filled.get(argument, argument) for argument in arguments)]
    return kind


def _item(of: Any) -> Any:
    arguments = typing.get_args(_without_none(of))
    return arguments[0] if arguments else Any


def _without_none(of: Any) -> Any:
    if typing.get_origin(of) in (typing.Union, types.UnionType):
        return next(option for option in typing.get_args(of) if option is not type(None))
    return of


def _type_name(of: Any) -> str:
    return str(getattr(of, "__name__", of))


def _keys(typed_dict: Any) -> dict[str, Any] | None:
    return typing.get_type_hints(typed_dict) if typing.is_typeddict(typed_dict) else None


def _check_typed_dict(
    document: Document, schema: Mapping[str, Any], typed_dict: Any, place: tuple[str, str]
) -> list[Finding]:
    """Whether a TypedDict has a key for every property of a body, at every level."""
    keys = _keys(typed_dict)
    if keys is None:
        return []
    pointer, words = place
    findings = []
    for name, (inner, written) in intake.attributes(document, schema, pointer).items():
        if name not in keys:
            message = f"{words} is a {typed_dict.__name__}, which {unknown_key(name, keys)}"
            mend = "Run ./scripts/generate, or give the property the x-attribute of the domain's name."
            findings.append(document.finding(written, message, mend))
        else:
            findings += _check_typed_dict(document, inner, keys[name], (written, f"{words}.{name}"))
    return findings


def _required_keys(typed_dict: Any) -> set[str]:
    """The keys that a TypedDict always has.

    Its own `__required_keys__` is wrong where annotations are kept as text.
    """
    total = getattr(typed_dict, "__total__", True)
    origins = {
        name: typing.get_origin(hint) for name, hint in typing.get_type_hints(typed_dict, include_extras=True).items()
    }
    return {
        name
        for name, origin in origins.items()
        if origin is typing.Required or (total and origin is not typing.NotRequired)
    }
