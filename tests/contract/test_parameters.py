"""Decoding parameters: every style, both spellings, defaults, and whatever text may come."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import jsonschema_rs
import pytest
from hypothesis import strategies as st

from contract import document as documents
from contract import scalars
from contract.parameters import Decoder
from contract.schemas import Schemas

TEXT = {"type": "string", "maxLength": 20, "pattern": "^[^\\u0000]*$"}
WHOLE = {"type": "integer", "minimum": -(2**53), "maximum": 2**53}
EXPAND = {"type": "array", "items": {"type": "string", "enum": ["logs", "metrics"]}, "maxItems": 2, "uniqueItems": True}
CREATED = {"type": "object", "properties": {"gte": WHOLE, "lte": WHOLE, "exact": {"type": "boolean"}}}
PARAMETERS: list[dict[str, Any]] = [
    {"name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}},
    {"name": "ratio", "schema": {"type": "number", "minimum": -10, "maximum": 10}},
    {"name": "deep", "schema": {"type": "boolean"}},
    {"name": "name", "x-attribute": "title", "schema": TEXT},
    {
        "name": "sort",
        "x-values": {"created_at": "created", "-": "none"},
        "schema": {"type": "string", "enum": ["created_at", "name", "-"], "default": "created_at"},
    },
    {"name": "ids", "schema": {"type": "array", "items": WHOLE, "maxItems": 4}},
    {"name": "flat", "explode": False, "schema": {"type": "array", "items": WHOLE}},
    {"name": "spaced", "style": "spaceDelimited", "schema": {"type": "array", "items": {"type": "number"}}},
    {"name": "piped", "style": "pipeDelimited", "schema": {"type": "array", "items": {"type": "boolean"}}},
    {"name": "apart", "style": "pipeDelimited", "explode": True, "schema": {"type": "array", "items": TEXT}},
    {"name": "expand[]", "x-attribute": "expand", "schema": EXPAND},
    {"name": "created", "style": "deepObject", "explode": True, "schema": CREATED},
]
DEFAULTS = {"limit": 20, "sort": "created"}


def decoder(*nodes: dict[str, Any], where: str = "query") -> Decoder:
    """A decoder of these parameters, which stand in a document of their own."""
    document = documents.parse(json.dumps({"parameters": nodes}))
    parameters = document.raw["parameters"]
    return Decoder(Schemas(document), where, [(node, f"#/parameters/{n}") for n, node in enumerate(parameters)])


DECODER = decoder(*PARAMETERS)
TAKEN: dict[str, dict[str, Any]] = {
    "": {},
    "&&": {},
    "limit=5": {"limit": 5},
    "limit=%35": {"limit": 5},
    "%6cimit=5": {"limit": 5},
    "ratio=-1.5e0": {"ratio": -1.5},
    "ratio=2": {"ratio": 2},
    "deep=true": {"deep": True},
    "deep=false": {"deep": False},
    "name=a%20b+c%2B": {"title": "a b c+"},
    "name=": {"title": ""},
    "name": {"title": ""},
    "name=a=b": {"title": "a=b"},
    "name=1": {"title": "1"},
    "name=true": {"title": "true"},
    "name=%E2%82%AC": {"title": "€"},
    "name=€": {"title": "€"},
    "sort=name": {"sort": "name"},
    "sort=created_at": {"sort": "created"},
    "sort=-": {"sort": "none"},
    "ids=1&ids=-2": {"ids": [1, -2]},
    "ids=7": {"ids": [7]},
    "flat=1,2,3": {"flat": [1, 2, 3]},
    "flat=1&flat=2,3": {"flat": [1, 2, 3]},
    "spaced=1%202.5": {"spaced": [1, 2.5]},
    "spaced=1+2.5": {"spaced": [1, 2.5]},
    "piped=true|false": {"piped": [True, False]},
    "piped=true%7Cfalse": {"piped": [True, False]},
    "apart=a|b&apart=c": {"apart": ["a|b", "c"]},
    "expand[]=logs&expand[]=metrics": {"expand": ["logs", "metrics"]},
    "expand%5B%5D=logs": {"expand": ["logs"]},
    "expand[0]=logs&expand[1]=metrics": {"expand": ["logs", "metrics"]},
    "expand[9999]=logs": {"expand": ["logs"]},
    "created[gte]=5": {"created": {"gte": 5}},
    "created%5Bgte%5D=5": {"created": {"gte": 5}},
    "created.gte=5&created[lte]=6": {"created": {"gte": 5, "lte": 6}},
    "created[exact]=true": {"created": {"exact": True}},
}
REFUSED: dict[str, list[tuple[tuple[str | int, ...], str]]] = {
    "limit=0": [(("limit",), "too_small")],
    "limit=101": [(("limit",), "too_large")],
    "limit=": [(("limit",), "wrong_type")],
    "limit=1.0": [(("limit",), "wrong_type")],
    "limit=true": [(("limit",), "wrong_type")],
    "limit=5&limit=5": [(("limit",), "duplicate")],
    "ratio=NaN": [(("ratio",), "wrong_type")],
    "ratio=1e": [(("ratio",), "wrong_type")],
    "deep=1": [(("deep",), "wrong_type")],
    "deep=True": [(("deep",), "wrong_type")],
    "name=" + "a" * 21: [(("name",), "too_long")],
    "title=a": [(("title",), "unknown_field")],
    "sort=created": [(("sort",), "unknown_value")],
    "ids=1,2": [(("ids", 0), "wrong_type")],
    "ids[]=1": [(("ids[]",), "unknown_field")],
    "ids=1&ids=2&ids=3&ids=4&ids=5": [(("ids",), "too_many")],
    "flat=1,,2": [(("flat", 1), "wrong_type")],
    "expand=logs": [(("expand",), "unknown_field")],
    "expand[]=all": [(("expand[]", 0), "unknown_value")],
    "expand[]=logs&expand[5]=logs": [(("expand[]",), "duplicate")],
    "expand[x]=logs": [(("expand[x]",), "unknown_field")],
    "expand[٥]=logs": [(("expand[٥]",), "unknown_field")],
    "expand[][]=logs": [(("expand[][]",), "unknown_field")],
    "created=5": [(("created",), "wrong_type")],
    "created[]=5": [(("created[]",), "unknown_field")],
    "created.=5": [(("created.",), "unknown_field")],
    "created[gt]=5": [(("created", "gt"), "unknown_field")],
    "created[gte][a]=5": [(("created[gte][a]",), "unknown_field")],
    "created[gte]=5&created.gte=5": [(("created", "gte"), "duplicate")],
    "created[gte]=x": [(("created", "gte"), "wrong_type")],
    "name=%00": [((), "malformed")],
    "name=%ff": [((), "malformed")],
    "%ff=1": [((), "malformed")],
    "limit=0&sort=x&nope=1": [(("limit",), "too_small"), (("nope",), "unknown_field"), (("sort",), "unknown_value")],
}


@pytest.mark.parametrize(("query", "arguments"), TAKEN.items())
def test_a_query_becomes_typed_arguments(query: str, arguments: dict[str, Any]) -> None:
    found, faults = DECODER.query(query)
    assert (found, faults) == (DEFAULTS | arguments, [])
    assert json.dumps(found) == json.dumps(DEFAULTS | arguments), "1, 1.0 and true are equal in Python only"


@pytest.mark.parametrize(("query", "expected"), REFUSED.items())
def test_everything_wrong_with_a_query_is_listed(query: str, expected: list[tuple[tuple[str | int, ...], str]]) -> None:
    arguments, faults = DECODER.query(query)
    assert arguments == {}
    assert sorted(((fault.path, fault.reason) for fault in faults), key=str) == sorted(expected, key=str)
    assert {fault.where for fault in faults} == {"query"}


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("limt=5", "'limit'"),
        ("expand=logs", "'expand[]'"),
        ("created[gt]=5", "'created[gte]'"),
        ("created=5", "created[gte]"),
    ],
)
def test_the_nearest_name_is_suggested(query: str, nearest: str) -> None:
    (fault,) = DECODER.query(query)[1]
    assert nearest in fault.says


def test_a_parameter_without_a_name_is_called_so() -> None:
    (fault,) = DECODER.query("=5")[1]
    assert (fault.code, fault.reason, "name" in fault.says) == ("parameter_invalid", "malformed", True)


def test_a_required_parameter_is_missed() -> None:
    required = decoder({"name": "q", "required": True, "schema": TEXT})
    (fault,) = required.query("")[1]
    assert (fault.path, fault.code) == (("q",), "parameter_missing")
    assert required.query("q=") == ({"q": ""}, [])


def test_an_empty_default_and_a_false_one_are_defaults() -> None:
    of = decoder(
        {"name": "deep", "schema": {"type": "boolean", "default": False}},
        {"name": "skip", "schema": {"type": "integer", "default": 0}},
        {"name": "name", "schema": {**TEXT, "default": ""}},
    )
    assert of.query("") == ({"deep": False, "skip": 0, "name": ""}, [])
    assert of.query("deep=true") == ({"deep": True, "skip": 0, "name": ""}, [])


def test_a_schema_may_be_a_reference() -> None:
    raw = {"parameters": [{"name": "q", "schema": {"$ref": "#/whole", "default": 3}}], "whole": WHOLE}
    document = documents.parse(json.dumps(raw))
    of = Decoder(Schemas(document), "query", [(document.raw["parameters"][0], "#/parameters/0")])
    assert (of.query(""), of.query("q=4")) == (({"q": 3}, []), ({"q": 4}, []))


def test_styles_have_the_defaults_of_openapi() -> None:
    deep = decoder({"name": "created", "style": "deepObject", "schema": CREATED})
    assert deep.query("created[gte]=1") == ({"created": {"gte": 1}}, [])
    simple = decoder({"name": "X-Name", "style": "simple", "schema": TEXT}, where="header")
    assert simple.headers({b"x-name": b"a,b"}) == ({"X-Name": "a,b"}, [])
    form = decoder({"name": "ids", "style": "form", "schema": {"type": "array", "items": WHOLE}})
    assert form.query("ids=1&ids=2") == ({"ids": [1, 2]}, [])


HEADERS = decoder(
    {"name": "If-Match", "schema": TEXT},
    {"name": "X-Mode", "required": True, "x-attribute": "mode", "schema": {"type": "string", "enum": ["a", "b"]}},
    where="header",
)


def test_headers_are_found_in_any_case_and_others_are_left_alone() -> None:
    given = {b"if-match": b'"1"', b"x-mode": b"a", b"x-other": b"\xff"}
    assert HEADERS.headers(given) == ({"If-Match": '"1"', "mode": "a"}, [])


@pytest.mark.parametrize(
    ("given", "reason"),
    [({}, "required_field_missing"), ({b"x-mode": b"\xff"}, "unknown_value"), ({b"x-mode": b""}, "unknown_value")],
)
def test_headers_are_held_against_their_schema(given: dict[bytes, bytes], reason: str) -> None:
    arguments, (fault,) = HEADERS.headers(given)
    assert (arguments, fault.where, fault.path, fault.reason) == ({}, "header", ("X-Mode",), reason)


ARGUMENTS = jsonschema_rs.Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["limit", "sort"],
        "properties": {node.get("x-attribute", node["name"]): node["schema"] for node in PARAMETERS}
        | {"sort": {"enum": ["created", "name", "none"]}},
    }
)
NAMES = st.sampled_from(
    [
        *(node["name"] for node in PARAMETERS),
        "created[gte]",
        "created.lte",
        "created[exact]",
        "expand[0]",
        "expand[",
        "",
        "[]",
    ]
)
VALUES = st.sampled_from(
    ["1", "-1", "0", "1.5", "1e2", "true", "logs", "metrics", "a|b", "1,2", "1 2", "", "٥", "9" * 19, "-0"]
)
QUERIES = st.one_of(
    st.text(),
    st.text("[]&=.%+,| 09aflimt\0ÿ", max_size=40),
    st.lists(st.tuples(NAMES | st.text(max_size=5), VALUES | st.text(max_size=5))).map(urlencode),
    st.lists(st.tuples(NAMES, VALUES)).map(lambda given: "&".join(f"{name}={value}" for name, value in given)),
)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(QUERIES)
def test_any_text_gives_valid_arguments_or_a_fault(query: str) -> None:
    arguments, faults = DECODER.query(query)
    assert bool(faults) == (arguments == {})
    if not faults:
        ARGUMENTS.validate(arguments)
    for fault in faults:
        assert fault.says
        assert fault.pointer.startswith("/") or fault.path == ()
        assert fault.code in ("parameter_invalid", "parameter_unknown")


@hypothesis.settings(deadline=None)
@hypothesis.given(st.dictionaries(st.sampled_from([b"if-match", b"x-mode", b"x-other"]), st.binary()))
def test_any_headers_give_arguments_or_a_fault(given: dict[bytes, bytes]) -> None:
    arguments, faults = HEADERS.headers(given)
    assert bool(faults) == (arguments == {})


WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@hypothesis.settings(deadline=None)
@hypothesis.given(st.lists(st.tuples(WRITABLE, WRITABLE)))
def test_what_a_client_encodes_is_decoded(given: list[tuple[str, str]]) -> None:
    assert scalars.pairs(urlencode(given)) == given
    assert scalars.pairs("&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in given)) == given


NUMBERS = st.integers(-(10**19), 10**19).map(str) | st.floats(allow_nan=False, allow_infinity=False).map(str)


@hypothesis.given(NUMBERS | st.text("0123456789+-_.eE ٥"))
def test_a_number_is_what_json_takes_for_one(text: str) -> None:
    for coerce, kinds in ((scalars.integer, (int,)), (scalars.number, (int, float))):
        found = coerce(text)
        if isinstance(found, str):
            assert found == text
        else:
            assert isinstance(found, kinds)
            assert found == json.loads(text)


@hypothesis.given(st.integers(-(2**63), 2**63))
def test_every_integer_of_64_bits_is_taken(value: int) -> None:
    assert scalars.integer(str(value)) == value
    assert scalars.number(str(value)) == value
