"""Domain objects as the response schema shows them: nothing more, nothing less, in the wire's names and units."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contract import document as documents
from contract import presentation


@dataclass
class Part:
    """A value within a thing."""

    timeout_ms: int = 30000
    secret: str = "never shown"


@dataclass
class Thing:
    """A domain object."""

    id: str = "thing_1"
    created: int = 1704110400
    part: Part | None = field(default_factory=Part)
    parts: list[Part] | None = field(default_factory=lambda: [Part(1), Part(2000)])
    metadata: dict[str, str] = field(default_factory=lambda: {"team": "a"})
    ended: int | None = None
    short: int = 1
    secret: str = "never shown"


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
TIME = {"type": "string", "format": "date-time"}
SECONDS = {"type": "number", "x-attribute": "timeout_ms", "x-scale": 1000}
PART = {"type": "object", "properties": {"timeout": SECONDS}}
REFERENCE, NULL = {"$ref": "#/part"}, {"type": "null"}


def shown(properties: dict[str, Any], thing: Any = None, expand: tuple[str, ...] = ()) -> Any:
    """A thing as a schema with these properties shows it."""
    schema = {"type": "object", "properties": properties}
    document = documents.parse(json.dumps({"part": PART, "schema": schema}))
    return presentation.compile_presentation(document, document.raw["schema"])(thing or Thing(), expand)


def test_only_what_the_schema_names_is_shown_in_its_order() -> None:
    assert json.dumps(shown({"created": WHOLE, "id": TEXT})) == '{"created": 1704110400, "id": "thing_1"}'


def test_names_on_the_wire_may_be_any_text() -> None:
    for name in ("plain", "with-dash", "it's", 'say "so"', "back\\slash", "{brace}", "class", "é", "new\nline"):
        assert shown({name: {**TEXT, "x-attribute": "id"}}) == {name: "thing_1"}


@pytest.mark.parametrize("name", ["class", "with-dash", "1st", "", "from", "a.b", "__import__('os')"])
def test_an_attribute_that_python_cannot_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="x-attribute"):
        shown({name: TEXT})


def test_constants_come_from_the_schema() -> None:
    for value in ("thing", True, 0, 1.5, None, "it's", "{o.secret}"):
        assert shown({"object": {"const": value}}) == {"object": value}


def test_times_are_in_utc_to_the_second() -> None:
    assert shown({"created_at": {**TIME, "x-attribute": "created"}}) == {"created_at": "2024-01-01T12:00:00Z"}


@hypothesis.given(st.integers(0, 253402300799))
def test_every_time_is_shown_as_it_is(seconds: int) -> None:
    moment = datetime.datetime.strptime(presentation.timestamp(seconds), "%Y-%m-%dT%H:%M:%S%z")
    assert moment.timestamp() == seconds


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(30000, "30"), (0, "0"), (1, "0.001"), (1500, "1.5"), (-500, "-0.5"), (-1000, "-1")]
)
def test_units_are_whole_where_they_are_whole(milliseconds: int, seconds: str) -> None:
    assert json.dumps(presentation.descale(milliseconds, 1000)) == seconds


@hypothesis.given(st.integers(-(10**12), 10**12), st.sampled_from([2, 10, 1000, 60]))
def test_a_unit_comes_back_as_it_went(value: int, scale: int) -> None:
    assert round(presentation.descale(value, scale) * scale) == value


def test_objects_and_lists_are_shown_at_every_level() -> None:
    expected = {"part": {"timeout": 30}, "parts": [{"timeout": 0.001}, {"timeout": 2}]}
    assert shown({"part": REFERENCE, "parts": {"type": "array", "items": REFERENCE}}) == expected


def test_lists_of_lists_are_shown() -> None:
    nested = {"type": "array", "items": {"type": "array", "items": REFERENCE}}
    schema = {"rows": {**nested, "x-attribute": "parts"}}
    assert shown(schema, Thing(parts=[[Part(1000)], []])) == {"rows": [[{"timeout": 1}], []]}  # type: ignore[list-item]


def test_free_keys_are_shown_as_they_are() -> None:
    assert shown({"metadata": {"type": "object", "additionalProperties": TEXT}}) == {"metadata": {"team": "a"}}


def nullable(kind: str, **keys: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **keys}


MAY_BE_NULL = {
    "a time": ("ended", nullable("string", format="date-time"), 1704110400, "2024-01-01T12:00:00Z"),
    "a number": ("ended", nullable("integer"), 5, 5),
    "an object by reference": ("part", {"oneOf": [REFERENCE, NULL]}, Part(1000), {"timeout": 1}),
    "an object by its types": ("part", nullable("object", properties=PART["properties"]), Part(1000), {"timeout": 1}),
    "a list": ("parts", nullable("array", items=REFERENCE), [Part(1000)], [{"timeout": 1}]),
}


@pytest.mark.parametrize(("attribute", "schema", "value", "expected"), MAY_BE_NULL.values(), ids=MAY_BE_NULL.keys())
def test_what_may_be_null_is_null_or_shown(attribute: str, schema: dict[str, Any], value: Any, expected: Any) -> None:
    thing = Thing()
    for given, seen in ((value, expected), (None, None)):
        setattr(thing, attribute, given)
        assert shown({attribute: schema}, thing) == {attribute: seen}


EXPANDABLE = {
    "id": TEXT,
    "parts": {"type": "array", "items": REFERENCE, "x-expand": "parts"},
    "part": {"x-expand": "part", "oneOf": [{"const": "short"}, REFERENCE]},
}


@pytest.mark.parametrize(
    ("expand", "keys", "part"),
    [
        ((), {"id", "part"}, "short"),
        (("part",), {"id", "part"}, {"timeout": 30}),
        (("parts",), {"id", "part", "parts"}, "short"),
        (("parts", "part"), {"id", "part", "parts"}, {"timeout": 30}),
        (("other",), {"id", "part"}, "short"),
    ],
)
def test_expansions_are_shown_when_asked_for(expand: tuple[str, ...], keys: set[str], part: Any) -> None:
    found = shown(EXPANDABLE, expand=expand)
    assert (found.keys(), found["part"]) == (keys, part)


def test_nothing_of_the_object_leaks() -> None:
    every = {**EXPANDABLE, "created": WHOLE, "part": REFERENCE, "metadata": {"type": "object"}}
    assert "never shown" not in json.dumps(shown(every, expand=("parts", "part")))
