"""JSON bodies: strict where the standard library is lenient, and media types."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from contract import bodies
from contract import document as documents
from contract.bodies import FORM, JSON, Body
from contract.schemas import Schemas

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


@hypothesis.settings(deadline=None)
@hypothesis.given(ANYTHING, st.sampled_from([None, 2]), st.booleans())
def test_json_is_read_as_it_was_written(value: Any, indent: int | None, escaped: bool) -> None:
    raw = json.dumps(value, indent=indent, ensure_ascii=escaped).encode()
    assert bodies.parse_json(raw) == (value, [])


PIECES = st.sampled_from(
    [b"{", b"}", b"[", b"]", b",", b":", b'"a"', b'"b"', b'"\\""', b'":"', b"1", b"\\", b" ", b"null"]
)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(st.binary() | st.lists(PIECES).map(b"".join) | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_bytes_are_a_value_or_have_a_fault(raw: bytes) -> None:
    value, faults = bodies.parse_json(raw)
    if faults:
        (fault,) = faults
        assert (fault.where, value) == ("body", None)
        assert fault.reason in ("malformed", "duplicate")
    else:
        assert value == json.loads(raw)


KEYS = st.sampled_from(["a", "b", 'a":', "\\", '"', "é", "a: "])
PAIRS = st.recursive(
    st.just("1") | st.sampled_from(['"x"', '"\\": "', '":"', "[]"]),
    lambda inner: st.lists(st.tuples(KEYS, inner), max_size=4).map(
        lambda pairs: "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in pairs) + "}"
    ),
    max_leaves=8,
)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(PAIRS)
def test_a_key_given_twice_is_found_at_every_level(text: str) -> None:  # X12
    seen_twice = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen_twice.extend([len(pairs) > len(dict(pairs))])

    json.loads(text, object_pairs_hook=look)
    _, faults = bodies.parse_json(text.encode())
    assert [fault.reason for fault in faults] == (["duplicate"] if any(seen_twice) else [])


@pytest.mark.parametrize("depth", [1, 30])
def test_what_is_nested_as_real_bodies_are_is_read(depth: int) -> None:
    value, faults = bodies.parse_json(b'{"a":' * depth + b"1" + b"}" * depth)
    assert faults == []
    assert json.dumps(value).count("a") == depth


DOCUMENT = documents.parse(
    json.dumps({"both": {"content": {JSON: {"schema": {"type": "object"}}, FORM: {"schema": {"type": "object"}}}}})
)
BOTH = Body(Schemas(DOCUMENT), DOCUMENT.raw["both"], "#/both")
SUPPORTED = [
    (JSON, None),
    (JSON, ""),
    (JSON, "identity"),
    (JSON.upper(), None),
    (f" {JSON} ; charset = utf-8", None),
    (f"{JSON};CHARSET=UTF-8", None),
    (f'{JSON}; charset="utf-8"', None),
    (f"{JSON}; charset=us-ascii", None),
    (f"{JSON};", None),
    (f"{JSON}; profile=x; charset=utf8", None),
    (FORM, None),
]
UNSUPPORTED = [
    (None, None, JSON),
    ("", None, "''"),
    ("text/plain", None, "'text/plain'"),
    ("application/json5", None, JSON),
    (f"{JSON}; charset=utf-16", None, "'utf-16'"),
    (f"{JSON}; charset=", None, "charset"),
    (f"{FORM}; charset=latin1", None, "'latin1'"),
    (JSON, "gzip", "'gzip'"),
    (JSON, "identity, gzip", "gzip"),
]


@pytest.mark.parametrize(("content_type", "encoding"), SUPPORTED)
def test_a_media_type_is_supported_however_it_is_written(content_type: str, encoding: str | None) -> None:
    assert BOTH.media_type_problem(content_type, encoding) is None


@pytest.mark.parametrize(("content_type", "encoding", "named"), UNSUPPORTED)
def test_an_unsupported_media_type_is_named(content_type: str | None, encoding: str | None, named: str) -> None:
    problem = BOTH.media_type_problem(content_type, encoding)
    assert problem is not None
    assert problem.code == "media_type_unsupported"
    assert named in str(problem)


def test_an_optional_body_may_be_absent() -> None:
    assert BOTH.read(b"", None) == ({}, [])
