"""Request bodies: from bytes of a declared media type to a validated domain value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from contract import forms, intake, schemas
from contract.problems import Fault, Problem, shortened

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DEEPEST = 32
# Listing every mistake of a huge body takes seconds, and nobody reads the list: the first one is named.
LARGEST_LISTED = 65_536
KEY = re.compile(rb'"\s*:')
PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*"?([^";]*)"?')

Parse = Callable[[bytes], tuple[Any, list[Fault]]]


class Body:
    """The request body of one operation, compiled."""

    def __init__(self, compiler_schemas: schemas.Schemas, node: Mapping[str, Any], pointer: str) -> None:
        document = compiler_schemas.document
        node, pointer = document.deref(dict(node), pointer)
        self.required = bool(node.get("required"))
        self._schemas = compiler_schemas
        self._parsers: dict[str, Parse] = {}
        for media_type, content in node["content"].items():
            place = f"{pointer}/content/{media_type.replace('~', '~0').replace('/', '~1')}/schema"
            self._parsers[media_type] = parse_json if media_type == JSON else form_parser(document, content["schema"])
            self._validator = compiler_schemas.validator(schemas.reference(place))
            self.schema = content["schema"]
        self.intake = intake.compile_intake(document, self.schema)

    def media_type_problem(self, content_type: str | None, encoding: str | None) -> Problem | None:
        """Why the body cannot be read at all, if so: its media type, its charset or its compression."""
        takes = " or ".join(self._parsers)
        if encoding not in (None, "", "identity"):
            return Problem(
                "media_type_unsupported", f"The encoding '{encoding}' is not supported. Send it uncompressed."
            )
        if content_type is None:
            return Problem("media_type_unsupported", f"The request body has no Content-Type. Send {takes}.")
        name, parameters = split_content_type(content_type)
        if name not in self._parsers:
            return Problem("media_type_unsupported", f"The media type '{name}' is not supported. Send {takes}.")
        charset = parameters.get("charset", "utf-8").lower()
        if charset not in ("utf-8", "utf8", "us-ascii"):
            return Problem("media_type_unsupported", f"The charset '{charset}' is not supported. Send UTF-8.")
        return None

    def read(self, raw: bytes, content_type: str | None) -> tuple[Any, list[Fault]]:
        """The domain value in a body whose media type is one of ours, and everything that is wrong with it."""
        if not raw:
            if self.required:
                return None, [Fault("body", (), "required_field_missing", "is required")]
            return self.intake({}), []
        value, faults = self._parsers[split_content_type(content_type or JSON)[0]](raw)
        if faults:
            return None, faults
        if not self._validator.is_valid(value):
            return None, self._schemas.faults(self._errors(value, len(raw)), "body")
        return self.intake(value), []

    def _errors(self, value: Any, size: int) -> Iterable[Any]:
        if size <= LARGEST_LISTED:
            return self._validator.iter_errors(value)
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return [error]
        return []


# Bounded, as clients make them up; nobody changes what is found.
@lru_cache(maxsize=64)
def split_content_type(text: str) -> tuple[str, Mapping[str, str]]:
    """The media type in lower case, and its parameters."""
    name, _, rest = text.partition(";")
    return name.strip().lower(), {match[1].lower(): match[2] for match in PARAMETER.finditer(";" + rest)}


def parse_json(raw: bytes) -> tuple[Any, list[Fault]]:
    """JSON in UTF-8 without NaN, lone surrogates or a key given twice."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return None, [Fault("body", (), "malformed", f"is not valid JSON: {error}")]
    # The fast parser keeps the last of two equal keys. Every key is followed by a colon, so a text with more colons
    # behind quotes than the value has keys is read again by the slow parser that shows each pair.
    try:
        keys = _count_keys(value, DEEPEST)
    except TooDeep:
        return None, [Fault("body", (), "malformed", f"must not be nested more than {DEEPEST} levels deep")]
    if len(KEY.findall(raw)) > keys and (twice := _duplicate(raw)):
        return None, [Fault("body", (shortened(twice),), "duplicate", "must be given only once")]
    return value, []


class TooDeep(Exception):
    """A value is nested more deeply than any schema of ours describes."""


def _count_keys(value: Any, levels: int) -> int:
    """How many keys the objects in a value have; raises TooDeep below so many levels."""
    if not isinstance(value, dict | list):
        return 0
    if levels == 0:
        raise TooDeep
    if isinstance(value, dict):
        return len(value) + sum(_count_keys(inner, levels - 1) for inner in value.values())
    return sum(_count_keys(inner, levels - 1) for inner in value)


def _duplicate(raw: bytes) -> str | None:
    found: list[str] = []

    def keep(items: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for name, _ in items:
            if name in seen:
                found.append(name)
            seen.add(name)

    json.loads(raw, object_pairs_hook=keep)
    return found[0] if found else None


def form_parser(document: Any, schema: Mapping[str, Any]) -> Parse:
    """A parser of form bodies typed by this schema."""
    typed, lists = forms.compile_typing(document, schema), forms.lists_in(document, schema)

    def parse(raw: bytes) -> tuple[Any, list[Fault]]:
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return None, [Fault("body", (), "malformed", f"is not UTF-8: {error.reason} at byte {error.start}")]
        fields, faults = forms.parse(text, lists)
        return typed(fields), faults

    return parse
