"""Bodies in the domain's words: names, units and defaults; absent, null and default stay three things."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contract import document as documents
from contract import intake

CONFIGURATION = {
    "type": "object",
    "properties": {
        "timeout": {"type": "integer", "default": 5, "x-attribute": "timeout_ms", "x-scale": 1000},
        "retry_count": {"type": "integer", "default": 3},
        "batch_size": {"type": "integer"},
    },
}
NULL = {"type": "null"}


def taken(schema: dict[str, Any], value: Any) -> Any:
    """A wire value as the domain gets it."""
    document = documents.parse(json.dumps({"configuration": CONFIGURATION, "schema": schema}))
    return intake.compile_intake(document, document.raw["schema"])(value)


def of(**properties: Any) -> dict[str, Any]:
    """An object schema."""
    return {"type": "object", "properties": properties}


REFERENCE = {"$ref": "#/configuration"}
NULLABLE = [{"oneOf": [REFERENCE, NULL]}, {"type": ["object", "null"], "properties": CONFIGURATION["properties"]}]


def test_names_and_units_are_translated_at_every_level() -> None:
    schema = of(config={**REFERENCE, "x-attribute": "configuration"}, name={"type": "string"})
    given = {"config": {"timeout": 30, "retry_count": 0, "batch_size": 7}, "name": "x"}
    configuration = {"timeout_ms": 30000, "retry_count": 0, "batch_size": 7}
    assert taken(schema, given) == {"configuration": configuration, "name": "x"}


def test_a_default_stands_in_only_where_the_schema_names_one() -> None:  # B061
    assert taken(REFERENCE, {}) == {"timeout_ms": 5000, "retry_count": 3}
    assert taken(of(config={**REFERENCE, "default": {}}), {}) == {"config": {"timeout_ms": 5000, "retry_count": 3}}
    assert taken(of(config=REFERENCE), {}) == {}


@pytest.mark.parametrize(
    ("given", "expected"), [({}, {"note": "x"}), ({"note": None}, {"note": None}), ({"note": ""}, {"note": ""})]
)
def test_absent_null_and_default_are_three_things(given: dict[str, Any], expected: dict[str, Any]) -> None:  # B095
    with_default = of(note={"type": ["string", "null"], "default": "x"})
    without = of(note={"type": ["string", "null"]})
    assert taken(with_default, given) == expected
    assert taken(without, given) == given


def test_null_may_be_the_default() -> None:
    assert taken(of(note={"type": ["string", "null"], "default": None}), {}) == {"note": None}


@pytest.mark.parametrize("schema", NULLABLE, ids=["oneOf", "types"])
def test_an_object_that_may_be_null_is_taken_in_when_it_is_there(schema: dict[str, Any]) -> None:
    assert taken(of(config=schema), {"config": None}) == {"config": None}
    assert taken(of(config=schema), {"config": {"timeout": 1}}) == {"config": {"timeout_ms": 1000, "retry_count": 3}}


def test_lists_are_taken_in_item_by_item() -> None:
    schema = {"type": "array", "items": {"type": "array", "items": REFERENCE}}
    assert taken(schema, [[{"timeout": 1}, {}], []]) == [
        [{"timeout_ms": 1000, "retry_count": 3}, {"timeout_ms": 5000, "retry_count": 3}],
        [],
    ]


def test_free_keys_keep_their_names_and_their_values_are_taken_in() -> None:
    assert taken({"type": "object", "additionalProperties": REFERENCE}, {"timeout": {"timeout": 1}}) == {
        "timeout": {"timeout_ms": 1000, "retry_count": 3}
    }
    beside = of(a={"type": "integer", "x-attribute": "b"}) | {"additionalProperties": {"type": "string"}}
    assert taken(beside, {"a": 1, "c": "x"}) == {"b": 1, "c": "x"}


WHOLE = [
    {"type": "integer"},
    {"type": ["integer", "null"]},
    {"$ref": "#/configuration/properties/batch_size"},
    {"type": "integer", "x-scale": 1000},
]


@pytest.mark.parametrize("schema", WHOLE)
def test_a_whole_number_is_an_integer_however_json_writes_it(schema: dict[str, Any]) -> None:
    scale = schema.get("x-scale", 1)
    for shape, wrap in ((schema, lambda value: value), (of(n=schema), lambda value: {"n": value})):
        found = taken(shape, wrap(5.0))
        assert json.dumps(found) == json.dumps(wrap(5 * scale))
    many = taken({"type": "array", "items": schema}, [5.0, 1e2])
    assert json.dumps(many) == json.dumps([5 * scale, 100 * scale])


def test_a_whole_number_under_a_free_key_is_an_integer_too() -> None:
    assert json.dumps(taken({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 5.0})) == '{"a": 5}'


def test_a_number_stays_what_it_is() -> None:
    assert json.dumps(taken({"type": "number"}, 5.0)) == "5.0"
    assert json.dumps(taken({"type": "number"}, 5)) == "5"


@pytest.mark.parametrize(
    ("seconds", "milliseconds"), [(0.1, 100), (0.29, 290), (1.005, 1005), (30, 30000), (0.0004, 0)]
)
def test_units_are_whole_in_the_domain(seconds: float, milliseconds: int) -> None:
    found = taken({"type": "number", "x-scale": 1000}, seconds)
    assert (found, type(found)) == (milliseconds, int)


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        ({"type": "object", "additionalProperties": {"type": "string"}}, {}),
        ({"type": "array", "items": {"type": "string"}}, ["x"]),
        (REFERENCE, {}),
    ],
)
def test_a_default_is_a_new_value_each_time(schema: dict[str, Any], default: Any) -> None:
    """Who gets it may change it; the document stays as it is."""
    document = documents.parse(json.dumps({"configuration": CONFIGURATION, "s": of(a={**schema, "default": default})}))
    take = intake.compile_intake(document, document.raw["s"])
    first = take({})["a"]
    unchanged = json.dumps(first)
    first.clear()
    first.update({"changed": "yes"}) if isinstance(first, dict) else first.append("changed")
    assert json.dumps(take({})["a"]) == unchanged
    assert document.raw["s"]["properties"]["a"]["default"] == default


KEYS = st.sampled_from(["timeout", "retry_count", "batch_size"])


@hypothesis.given(st.dictionaries(KEYS, st.integers(0, 1000)))
def test_what_is_given_arrives_and_nothing_is_invented(given: dict[str, int]) -> None:
    expected = {"timeout": 5, "retry_count": 3} | given
    found = taken(REFERENCE, given)
    assert found == {
        {"timeout": "timeout_ms"}.get(name, name): value * (1000 if name == "timeout" else 1)
        for name, value in expected.items()
    }


def test_a_time_becomes_unix_seconds() -> None:
    time = {"type": "string", "format": "date-time"}
    assert taken(time, "2024-01-15T12:00:00Z") == 1705320000
    assert taken({**time, "type": ["string", "null"]}, None) is None
    assert taken(of(at=time), {"at": "1970-01-01T01:00:00+01:00"}) == {"at": 0}
