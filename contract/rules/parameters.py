"""Rules about parameters: what they look like and how they are written in a request."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from contract import document as documents
from contract.document import Finding
from contract.rules.survey import Survey

PLAIN = ("string", "integer", "number", "boolean")
_STYLES = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "path": ("simple",),
    "header": ("simple",),
}


def described(survey: Survey) -> Iterator[Finding]:
    """Parameters, headers and security schemes have a description."""
    for kind, node, pointer in survey.of("parameter", "header", "security_scheme"):
        if "$ref" not in node and not node.get("description"):
            noun = kind.replace("_", " ")
            yield survey.document.finding(pointer, f"the {noun} has no description", "Add description.")


def typed(survey: Survey) -> Iterator[Finding]:
    """A parameter has one plain type, an array of plain values, or is a flat deepObject."""
    for parameter, pointer in _written(survey):
        if "schema" not in parameter:
            yield survey.document.finding(pointer, "the parameter has no schema", "Add schema, instead of content.")
            continue
        schema, place = survey.deref(parameter["schema"], documents.join(pointer, "schema"))
        wrong = _mistyped(survey, schema, place)
        if parameter["in"] == "header" and schema.get("type") != "string":
            wrong = "a header is a string"
        if wrong:
            mend = "Give it one type: string, integer, number, boolean, an array of these or a flat object."
            message = f"the parameter {parameter['name']} cannot be decoded: {wrong}"
            yield survey.document.finding(place, message, mend)


def styled(survey: Survey) -> Iterator[Finding]:
    """Parameters stand in the path, the query or a header, in a style that the server decodes."""
    for parameter, pointer in _written(survey):
        where, name = parameter["in"], parameter["name"]
        if where not in _STYLES:
            message, mend = f"the server reads no parameters in {where}", f"Use one of {', '.join(_STYLES)}."
            yield survey.document.finding(documents.join(pointer, "in"), message, mend)
            continue
        style = parameter.get("style", _STYLES[where][0])
        schema, _ = survey.deref(parameter.get("schema", {}), documents.join(pointer, "schema"))
        kind = schema.get("type")
        message = ""
        if style not in _STYLES[where]:
            message = f"the style {style} is not supported in {where}"
        elif (style == "deepObject") != (kind == "object"):
            message = f"{kind} in the style {style}: deepObject is for objects, and objects need it"
        elif style.endswith("Delimited") and kind != "array":
            message = f"{kind} in the style {style}, which is for arrays"
        if message:
            place = documents.join(pointer, "style")
            mend = f"Supported in {where}: {', '.join(_STYLES[where])}."
            yield survey.document.finding(place, f"the parameter {name} cannot be decoded: {message}", mend)


def in_path(survey: Survey) -> Iterator[Finding]:
    """The path parameters are the braces of the path, and are required."""
    for operation in survey.operations:
        braces = set(re.findall(r"{([^}]+)}", operation.path))
        nodes = {node.parameter["name"]: node for node in operation.parameters if node.parameter["in"] == "path"}
        for name in sorted(braces - nodes.keys()):
            message, mend = f"the path's {{{name}}} is not declared", f"Add the path parameter {name}."
            yield survey.document.finding(operation.pointer, message, mend)
        for name in sorted(nodes.keys() - braces):
            message = f"the path has no {{{name}}}, which is declared as its parameter"
            yield survey.document.finding(operation.pointer, message, "Add it to the path or remove the parameter.")
        for node in nodes.values():
            if node.parameter.get("required") is not True:
                message = f"the path parameter {node.parameter['name']} is not required"
                yield survey.document.finding(node.pointer, message, "Add required: true.")


def once(survey: Survey) -> Iterator[Finding]:
    """No list of parameters has the same one twice."""
    for _, owner, pointer in survey.of("path_item", "operation"):
        seen: Counter[tuple[str, str]] = Counter()
        for index, parameter in enumerate(owner.get("parameters", [])):
            place = documents.join(pointer, "parameters", index)
            node, _ = survey.deref(parameter, place)
            seen[node["in"], node["name"]] += 1
            if seen[node["in"], node["name"]] == 2:
                message = f"the {node['in']} parameter {node['name']} is declared twice"
                yield survey.document.finding(place, message, "Remove one of them.")


def _written(survey: Survey) -> Iterator[tuple[dict[str, Any], str]]:
    """Every parameter at the place where it is written out."""
    return ((node, pointer) for _, node, pointer in survey.of("parameter") if "$ref" not in node)


def _mistyped(survey: Survey, schema: dict[str, Any], pointer: str) -> str:
    kind = schema.get("type")
    if kind == "array":
        item, _ = survey.deref(schema.get("items", {}), documents.join(pointer, "items"))
        return "" if item.get("type") in PLAIN else f"its items are {item.get('type')}"
    if kind == "object":
        for name, node in schema.get("properties", {}).items():
            inner, _ = survey.deref(node, documents.join(pointer, "properties", name))
            if inner.get("type") not in PLAIN:
                return f"its property {name} is {inner.get('type')}"
        return ""
    return "" if kind in PLAIN else f"its type is {kind}"
