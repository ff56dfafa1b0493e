"""Reads openapi.yaml as YAML 1.2 and knows the line of everything in it."""

import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib import parse as urls

import yaml

from contract import collector

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LOADER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_TAG = "tag:yaml.org,2002:"
_STRING = _TAG + "str"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_INTEGER = r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_SCALARS = (
    (_TAG + "null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ("", *"~nN")),
    (_TAG + "bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), tuple("tTfF")),
    (_TAG + "int", re.compile(rf"(?:{_INTEGER})\Z"), tuple("-+0123456789")),
    (_TAG + "float", re.compile(rf"(?:{_FLOAT})\Z"), tuple("-+.0123456789")),
)
# What an untagged plain scalar may be, by its first character. YAML 1.1 would read dates, `no` and 012 otherwise.
CORE_SCHEMA = {
    first: [(tag, pattern) for tag, pattern, firsts in _SCALARS if first in firsts]
    for first in {character for _, _, firsts in _SCALARS for character in firsts}
}


class Finding(NamedTuple):
    """One thing that is wrong with a document, where it stands and how to mend it."""

    line: int
    pointer: str
    message: str
    mend: str


class SpecError(Exception):
    """The document cannot be used; `findings` says why."""

    def __init__(self, findings: list[Finding], name: str = "openapi.yaml") -> None:
        super().__init__(findings, name)
        self.findings = findings
        self.name = name

    def __str__(self) -> str:
        return render(self.findings, self.name)


class ParameterNode(NamedTuple):
    """A parameter without `$ref`, and the pointer of the place where it is written."""

    parameter: dict[str, Any]
    pointer: str


class OperationNode(NamedTuple):
    """An operation with the parameters of its path and its own, path first; its own win by place and name."""

    path: str
    method: str
    operation: dict[str, Any]
    pointer: str
    parameters: list[ParameterNode]


class Document:
    """A parsed OpenAPI document. `raw` holds plain JSON values that nobody may change: copy it before you do."""

    def __init__(self, raw: dict[str, Any], lines: dict[int, dict[str | int, int]], text: bytes, name: str) -> None:
        self.raw = raw
        self.text = text
        self.name = name
        self._lines = lines
        self._targets: dict[str, dict[str, Any]] = {}

    def line(self, pointer: str) -> int:
        """The line of the key at a pointer such as `#/paths/~1v1~1jobs/get`, or of its nearest existing parent."""
        node: Any = self.raw
        line = 1
        for token in tokens(pointer):
            key, found = _step(node, token)
            if not found:
                break
            line, node = self._lines[id(node)][key], node[key]
        return line

    def at(self, pointer: str) -> Any:
        """The value at a pointer; KeyError where there is none."""
        node: Any = self.raw
        for token in tokens(pointer):
            key, found = _step(node, token)
            if not found:
                raise KeyError(f"{self.name} has nothing at {pointer}")
            node = node[key]
        return node

    def deref(self, node: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
        """Follow `$ref`s; keys beside a `$ref` win. The pointer returned is that of the last target."""
        beside: dict[str, Any] = {}
        place, passed = pointer, [pointer]
        while isinstance(node.get("$ref"), str):
            reference = node["$ref"]
            beside = {**node, **beside}
            target = self._target(reference, place)
            place = urls.unquote(reference)
            if place in passed:
                raise self.error(pointer, f"$ref goes in a circle through {place}", "Break the circle.")
            passed.append(place)
            node = target
        if not beside:
            return node, pointer
        return {**node, **{key: value for key, value in beside.items() if key != "$ref"}}, place

    def operations(self) -> Iterator[OperationNode]:
        """Every operation under `paths`, in the order of the file."""
        for path, item in self.raw.get("paths", {}).items():
            item, place = self.deref(item, join("#", "paths", path))
            for method, operation in item.items():
                if method in METHODS:
                    pointer = join(place, method)
                    parameters = self._parameters((item, place), (operation, pointer))
                    yield OperationNode(path, method, operation, pointer, parameters)

    def finding(self, pointer: str, message: str, mend: str) -> Finding:
        """A finding about the place at a pointer."""
        return Finding(self.line(pointer), pointer, message, mend)

    def error(self, pointer: str, message: str, mend: str) -> SpecError:
        """A SpecError with one finding."""
        return SpecError([self.finding(pointer, message, mend)], self.name)

    def _parameters(self, *owners: tuple[dict[str, Any], str]) -> list[ParameterNode]:
        found: dict[tuple[Any, Any], ParameterNode] = {}
        for owner, pointer in owners:
            for index, parameter in enumerate(owner.get("parameters", [])):
                node = ParameterNode(*self.deref(parameter, join(pointer, "parameters", index)))
                found[node.parameter.get("in"), node.parameter.get("name")] = node
        return list(found.values())

    def _target(self, reference: str, pointer: str) -> dict[str, Any]:
        if reference in self._targets:
            return self._targets[reference]
        if not reference.startswith("#/"):
            raise self.error(pointer, f"$ref {reference} points outside this file", "Begin it with '#/'.")
        try:
            target = self.at(urls.unquote(reference))
        except KeyError:
            mend = "Correct the reference or add what it points to."
            raise self.error(pointer, f"$ref {reference} points nowhere", mend) from None
        if not isinstance(target, dict):
            raise self.error(pointer, f"$ref {reference} points to something that is not an object", "Correct it.")
        self._targets[reference] = target
        return target


def render(findings: list[Finding], name: str) -> str:
    """One readable block for each finding."""
    return "\n".join(f"{name}:{line}  {pointer}  {message}\n    {mend}" for line, pointer, message, mend in findings)


def join(pointer: str, *keys: str | int) -> str:
    """A JSON pointer with keys added to it, escaped."""
    return "/".join((pointer, *(str(key).replace("~", "~0").replace("/", "~1") for key in keys)))


def tokens(pointer: str) -> list[str]:
    """The keys of a JSON pointer, unescaped."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def load(path: pathlib.Path) -> Document:
    """Read a document from a file."""
    content = path.read_bytes()
    try:
        return parse(content.decode(), path.name)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SpecError([Finding(line, "#", "the file is not UTF-8", "Save it as UTF-8.")], path.name) from None


@collector.at_rest()
def parse(text: str, name: str = "openapi.yaml") -> Document:
    """Read a document from its text; SpecError lists everything that is not plain YAML 1.2 in it."""
    content = text.encode()
    root = _compose(content, name)
    if not isinstance(root, yaml.MappingNode):
        finding = Finding(1, "#", "the document is not a mapping", "Begin it with 'openapi: 3.1.1'.")
        raise SpecError([finding], name)
    reader = _Reader()
    raw = reader.value(root, "#")
    if reader.findings:
        raise SpecError(reader.findings, name)
    return Document(raw, reader.lines, content, name)


def _compose(content: bytes, name: str) -> yaml.Node | None:
    try:
        loader = LOADER(content)
        loader.yaml_implicit_resolvers = CORE_SCHEMA
        node: yaml.Node | None = loader.get_single_node()
        return node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(filter(None, [error.context, error.problem]))
        line = mark.line + 1 if mark else 1
    except yaml.reader.ReaderError as error:
        problem = error.reason
        line = content.count(b"\n", 0, error.position) + 1
    mend = "Correct the YAML at this line or just above it; indent with spaces only."
    raise SpecError([Finding(line, "#", f"the YAML cannot be read: {problem}", mend)], name)


class _Reader:
    """Builds the values of a node graph and notes the line of each key and item on the way."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.lines: dict[int, dict[str | int, int]] = {}
        self._built: dict[int, Any] = {}

    def value(self, node: yaml.Node, pointer: str) -> Any:
        """The value of a node; an alias gives the same object as its anchor."""
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, pointer)
        if id(node) not in self._built:
            self._built[id(node)] = None
            build = self._mapping if isinstance(node, yaml.MappingNode) else self._sequence
            self._built[id(node)] = build(node, pointer)
        elif self._built[id(node)] is None:
            self._add(node, pointer, "an alias stands within its own anchor", "Write the value out.")
        return self._built[id(node)]

    def _mapping(self, node: yaml.Node, pointer: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines: dict[str | int, int] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key_node.tag != _STRING:
                self._refuse_key(key_node, pointer)
            elif key in result:
                message = f"the key {key} stands here twice; it was already given in line {lines[key]}"
                self._add(key_node, join(pointer, key), message, "Remove one of them.")
            elif key == "<<" and not key_node.style:
                self._add(key_node, pointer, "merge keys (<<) are not part of YAML 1.2", "Write the keys out.")
            else:
                lines[key] = key_node.start_mark.line + 1
                is_text = isinstance(value_node, yaml.ScalarNode) and value_node.tag == _STRING
                result[key] = value_node.value if is_text else self.value(value_node, join(pointer, key))
        self.lines[id(result)] = lines
        return result

    def _sequence(self, node: yaml.Node, pointer: str) -> list[Any]:
        result = [self.value(item, join(pointer, index)) for index, item in enumerate(node.value)]
        self.lines[id(result)] = {index: item.start_mark.line + 1 for index, item in enumerate(node.value)}
        return result

    def _scalar(self, node: yaml.ScalarNode, pointer: str) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind == "str":
            return node.value
        if kind == "null":
            return None
        if kind == "bool" and node.value.lower() in ("true", "false"):
            return node.value.lower() == "true"
        try:
            if kind == "int":
                return int(node.value, {"0o": 8, "0x": 16}.get(node.value[:2], 10))
            if kind == "float" and node.value.lower().lstrip("+-") not in (".inf", ".nan"):
                return float(node.value)
        except ValueError:
            pass
        self._add(node, pointer, f"{node.value} ({node.tag}) has no place in JSON", "Write a JSON value, or quote it.")
        return None

    def _refuse_key(self, node: yaml.Node, pointer: str) -> None:
        if not isinstance(node, yaml.ScalarNode):
            self._add(node, pointer, "a key is a list or a mapping", "Write a string as the key.")
            return
        message = f"the key {node.value} is not a string but {node.tag.removeprefix(_TAG)}"
        self._add(node, join(pointer, node.value), message, f"Quote it: '{node.value}'.")

    def _add(self, node: yaml.Node, pointer: str, message: str, mend: str) -> None:
        self.findings.append(Finding(node.start_mark.line + 1, pointer, message, mend))


def _step(node: Any, token: str) -> tuple[str | int, bool]:
    if isinstance(node, dict):
        return token, token in node
    if isinstance(node, list) and token.isascii() and token.isdigit():
        return int(token), int(token) < len(node)
    return token, False
