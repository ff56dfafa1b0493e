"""The query and header parameters of one operation, compiled: text in, validated domain arguments out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract import scalars, schemas
from contract.document import Document
from contract.problems import MOST_FAULTS, Fault, shortened

INDEXED = re.compile(r"(.+)\[[0-9]{0,4}\]\Z", re.ASCII)
MEMBER = re.compile(r"([^\[\].]+)(?:\[([^\[\]]*)\]|\.([^\[\].]+))\Z")
DELIMITER = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter: how it is written, and what the handler calls it."""

    name: str
    attribute: str
    kind: str
    delimiter: str | None
    coerce: scalars.Coerce
    members: Mapping[str, scalars.Coerce]
    values: Mapping[str, Any] | None
    default: Any

    @classmethod
    def compile(cls, document: Document, where: str, node: Mapping[str, Any], pointer: str) -> Parameter:
        """Read a parameter object; the house rules have checked that its schema is one plain type."""
        schema, _ = document.deref(node["schema"], f"{pointer}/schema")
        kind = schema["type"]
        item, _ = document.deref(schema["items"], pointer) if kind == "array" else (schema, pointer)
        members = {
            name: scalars.BY_TYPE[document.deref(member, pointer)[0]["type"]]
            for name, member in schema.get("properties", {}).items()
        }
        style = node.get("style", "form" if where == "query" else "simple")
        exploded = node.get("explode", style == "form")
        return cls(
            name=node["name"],
            attribute=node.get("x-attribute", node["name"]),
            kind=kind,
            delimiter=None if exploded else DELIMITER.get(style),
            coerce=scalars.BY_TYPE.get(item["type"], scalars.string),
            members=members,
            values=node.get("x-values"),
            default=schema.get("default"),
        )

    @property
    def spellings(self) -> list[str]:
        """How the parameter is written: its name, or each of its members."""
        return [f"{self.name}[{member}]" for member in self.members] or [self.name]

    def argument(self, value: Any) -> Any:
        """The domain's value for a valid wire value."""
        return self.values.get(value, value) if self.values else value


class Decoder:
    """Decodes the parameters of one operation that stand in one place, `query` or `header`; `key` holds the API key."""

    def __init__(
        self,
        compiler_schemas: schemas.Schemas,
        where: str,
        nodes: Sequence[tuple[Mapping[str, Any], str]],
        key: str | None = None,
    ) -> None:
        document = compiler_schemas.document
        self.where = where
        self.parameters = {node["name"]: Parameter.compile(document, where, node, pointer) for node, pointer in nodes}
        self._schemas = compiler_schemas
        self._key = key
        self._defaults = {p.attribute: p.argument(p.default) for p in self.parameters.values() if p.default is not None}
        self._header_names = [(name, name.lower().encode("ascii")) for name in self.parameters]
        self._required = any(node.get("required") for node, _ in nodes)
        self._validator = compiler_schemas.validator(
            {
                "type": "object",
                "properties": {node["name"]: schemas.reference(f"{pointer}/schema") for node, pointer in nodes},
                "required": [node["name"] for node, _ in nodes if node.get("required")],
            }
        )

    def query(self, text: str) -> tuple[dict[str, Any], list[Fault]]:
        """The arguments in a query string, and everything that is wrong with it."""
        if not text and not self._required:
            return self._defaults.copy(), []
        faults: list[Fault] = []
        found: dict[str, Any] = {}
        try:
            given = scalars.pairs(text)
        except scalars.Malformed as error:
            return {}, [Fault(self.where, (), "malformed", str(error))]
        for name, value in given:
            if len(faults) >= MOST_FAULTS:
                break
            self._take(name, value, found, faults)
        return self._finish(found, faults)

    def headers(self, given: Mapping[bytes, bytes]) -> tuple[dict[str, Any], list[Fault]]:
        """The arguments among the headers as ASGI gives them, in lower case; others are not looked at."""
        found = {name: given[wire].decode("latin-1") for name, wire in self._header_names if wire in given}
        if not found and not self._required:
            return self._defaults.copy(), []
        return self._finish(found, [])

    def _finish(self, found: dict[str, Any], faults: list[Fault]) -> tuple[dict[str, Any], list[Fault]]:
        if not self._validator.is_valid(found):
            faults += self._schemas.faults(self._validator.iter_errors(found), self.where)
        if faults:
            return {}, faults
        arguments = dict(self._defaults)
        for name, value in found.items():
            parameter = self.parameters[name]
            arguments[parameter.attribute] = parameter.argument(value)
        return arguments, []

    def _take(self, name: str, value: str, found: dict[str, Any], faults: list[Fault]) -> None:
        parameter, member = self._named(name)
        if parameter is None and name == self._key:
            return
        if parameter is None:
            faults.append(self._unknown(name, (shortened(name),)))
        elif parameter.kind == "array":
            texts = [value] if parameter.delimiter is None else value.split(parameter.delimiter)
            found.setdefault(parameter.name, []).extend(map(parameter.coerce, texts))
        elif parameter.kind == "object":
            self._take_member(parameter, member or "", value, found, faults)
        elif parameter.name in found:
            faults.append(Fault(self.where, (name,), "duplicate", "must be given only once"))
        else:
            found[parameter.name] = parameter.coerce(value)

    def _take_member(
        self, parameter: Parameter, member: str, value: str, found: dict[str, Any], faults: list[Fault]
    ) -> None:
        if member not in parameter.members:
            wire = f"{parameter.name}[{member}]"
            faults.append(self._unknown(wire, (parameter.name, member) if member else (wire,)))
            return
        members = found.setdefault(parameter.name, {})
        if member in members:
            faults.append(Fault(self.where, (parameter.name, member), "duplicate", "must be given only once"))
        else:
            members[member] = parameter.members[member](value)

    def _unknown(self, name: str, path: tuple[str, ...]) -> Fault:
        """A name that is not a parameter's, with the nearest way to write one that is."""
        if not name:
            return Fault(self.where, (), "malformed", "has a parameter without a name")
        owner = self.parameters.get(name)
        if owner is not None:
            says = f"must be written as {' or '.join(owner.spellings)}"
            return Fault(self.where, path, "wrong_type", says)
        known = [spelling for parameter in self.parameters.values() for spelling in parameter.spellings]
        return Fault(self.where, path, "unknown_field", schemas.unknown(name, known))

    def _named(self, name: str) -> tuple[Parameter | None, str | None]:
        """The parameter that a name means, and its member: `created[gte]`, `created.gte`, `expand[]`, `expand[0]`."""
        parameter = self.parameters.get(name)
        if parameter is not None and parameter.kind != "object":
            return parameter, None
        if match := INDEXED.match(name):
            indexed = self.parameters.get(f"{match[1]}[]")
            if indexed is not None and indexed.kind == "array":
                return indexed, None
        if match := MEMBER.match(name):
            owner = self.parameters.get(match[1])
            if owner is not None and owner.kind == "object":
                return owner, match[2] if match[2] is not None else match[3]
        return None, None
