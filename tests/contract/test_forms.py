"""Form bodies: brackets become objects, and the schema gives the types."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import hypothesis
import pytest
from hypothesis import strategies as st

from contract import document as documents
from contract import forms
from contract.bodies import FORM, Body
from contract.schemas import Schemas

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "count": {"type": "integer", "maximum": 2**53},
        "ratio": {"type": "number"},
        "deep": {"type": "boolean"},
        "note": {"type": ["string", "null"]},
        "configuration": {"$ref": "#/configuration"},
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        "totals": {"type": "object", "additionalProperties": {"type": "integer"}},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "items": {"type": "array", "items": {"$ref": "#/configuration"}, "maxItems": 3},
    },
}
CONFIGURATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "timeout_ms": {"type": "integer"},
        "name": {"type": "string"},
        "steps": {"type": "array", "items": {"type": "integer"}},
    },
}
DOCUMENT = documents.parse(
    json.dumps({"body": {"required": True, "content": {FORM: {"schema": SCHEMA}}}, "configuration": CONFIGURATION})
)
BODY = Body(Schemas(DOCUMENT), DOCUMENT.raw["body"], "#/body")
TAKEN: dict[str, dict[str, Any]] = {
    "name=a&count=5&ratio=1.5&deep=true": {"name": "a", "count": 5, "ratio": 1.5, "deep": True},
    "name=5&note=null": {"name": "5", "note": "null"},
    "name=": {"name": ""},
    "ratio=2": {"ratio": 2},
    "configuration[timeout_ms]=10000&configuration[name]=7": {"configuration": {"timeout_ms": 10000, "name": "7"}},
    "configuration%5Btimeout_ms%5D=10000": {"configuration": {"timeout_ms": 10000}},
    "metadata[team]=platform&metadata[number]=6789": {"metadata": {"team": "platform", "number": "6789"}},
    "metadata[a b]=c+d%26e": {"metadata": {"a b": "c d&e"}},
    "metadata[a.b]=1&metadata[0]=2": {"metadata": {"a.b": "1", "0": "2"}},
    "totals[a]=1&totals[b]=2": {"totals": {"a": 1, "b": 2}},
    "tags[]=a&tags[]=b": {"tags": ["a", "b"]},
    "tags=a": {"tags": ["a"]},
    "tags=a&name=x&tags=b": {"tags": ["a", "b"], "name": "x"},
    "tags=": {"tags": [""]},
    "configuration[steps]=1&configuration[steps]=2": {"configuration": {"steps": [1, 2]}},
    "tags[1]=b&tags[0]=a": {"tags": ["a", "b"]},
    "tags[10]=b&tags[9]=a": {"tags": ["a", "b"]},
    "items[0][timeout_ms]=1&items[1][name]=x": {"items": [{"timeout_ms": 1}, {"name": "x"}]},
}
REFUSED: dict[str, list[tuple[str, str]]] = {
    "count=x": [("/count", "wrong_type")],
    "count=1.0": [("/count", "wrong_type")],
    "count=": [("/count", "wrong_type")],
    "deep=1": [("/deep", "wrong_type")],
    "totals[a]=x": [("/totals/a", "wrong_type")],
    "nope=1": [("/nope", "unknown_field")],
    "configuration[nope]=1": [("/configuration/nope", "unknown_field")],
    "configuration=1": [("/configuration", "wrong_type")],
    "metadata[a][b]=1": [("/metadata/a", "wrong_type")],
    "tags[x]=a": [("/tags", "wrong_type")],
    "tags[٥]=a": [("/tags", "wrong_type")],
    f"tags[{'9' * 5000}]=a": [("/tags", "wrong_type")],
    "tags[]=a&tags[]=b&tags[]=c&tags[]=d": [("/tags", "too_many")],
    "name=a&name=a": [("/name", "duplicate")],
    "metadata[a]=1&metadata[a]=1": [("/metadata/a", "duplicate")],
    "name=a&name[b]=c": [("/name/b", "duplicate")],
    "configuration[]=1": [("/configuration", "wrong_type")],
    "count=x&nope=1": [("/count", "wrong_type"), ("/nope", "unknown_field")],
    "=a": [("", "malformed")],
    "name=%00": [("", "malformed")],
    "name=%ff": [("", "malformed")],
}
NOT_NAMES = ["[]", "[name]", "name[", "name]", "a[b", "a]b[", "a[b]c", "a[b]c[d]", "a[[b]]", "a" + "[b]" * 8, "a[][b]"]


@pytest.mark.parametrize(("form", "value"), TAKEN.items())
def test_a_form_becomes_a_typed_value(form: str, value: dict[str, Any]) -> None:  # B066
    found, faults = BODY.read(form.encode(), FORM)
    assert faults == []
    assert json.dumps(found) == json.dumps(value), "1, 1.0 and true are equal in Python only"


@pytest.mark.parametrize(("form", "expected"), REFUSED.items(), ids=[form[:40] for form in REFUSED])
def test_everything_wrong_with_a_form_is_listed(form: str, expected: list[tuple[str, str]]) -> None:
    value, faults = BODY.read(form.encode(), FORM)
    assert value is None
    found = sorted((fault.pointer, fault.reason) for fault in faults)
    assert found == sorted(expected)


@pytest.mark.parametrize("form", ["metadata[]=1", "metadata[]=1&metadata[]=2", "totals[]=1"])
def test_an_object_has_no_member_without_a_name(form: str) -> None:  # X21
    value, faults = BODY.read(form.encode(), FORM)
    assert value is None
    assert {fault.param.partition(".")[0].partition("[")[0] for fault in faults if fault.param} == {
        form.partition("[")[0]
    }


@pytest.mark.parametrize("name", NOT_NAMES)
def test_what_is_no_field_name_is_refused(name: str) -> None:
    fields, (fault,) = forms.parse(f"{quote(name)}=1")
    assert (fields, fault.path, fault.reason) == ({}, (name,), "malformed")
    assert "field[member]" in fault.says


WRITABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0[]"), min_size=1)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
FLAT = st.dictionaries(WRITABLE, VALUES | st.dictionaries(WRITABLE, VALUES, min_size=1))


@hypothesis.settings(deadline=None)
@hypothesis.given(FLAT)
def test_what_a_client_writes_with_brackets_is_read(value: dict[str, Any]) -> None:
    pairs = []
    for name, inner in value.items():
        members = inner.items() if isinstance(inner, dict) else ()
        pairs += [(f"{name}[{member}]", text) for member, text in members] or [(name, inner)]
    assert forms.parse(urlencode(pairs)) == (value, [])


ANY_FORM = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    st.text("[]&=.%+0a19ctgsm\0", max_size=40).map(str.encode),
    st.lists(
        st.tuples(
            st.sampled_from(
                ["name", "tags[]", "tags[0]", "tags", "metadata[]", "items[0][name]", "items[]", "count", "a[b]", "[]"]
            ),
            st.sampled_from(["", "1", "true", "x"]),
        )
    ).map(lambda pairs: urlencode(pairs).encode()),
)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(ANY_FORM)
def test_any_bytes_are_a_valid_value_or_have_a_fault(raw: bytes) -> None:
    value, faults = BODY.read(raw, FORM)
    assert bool(faults) == (value is None)
    for fault in faults:
        assert fault.where == "body"
        assert fault.says
    if not faults:
        assert all(isinstance(key, str) for key in value)
        assert isinstance(value.get("tags", []), list)
