import json
import pathlib
import re
from typing import Any

import pytest
import yaml

from contract import document
from contract.document import Document, Finding, SpecError

ROOT = pathlib.Path(__file__).parent.parent.parent
LOADERS = pytest.mark.parametrize("loader", [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])])
SMALL = """\
paths:
  /a~b/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
      - {name: page, in: query}
    get:
      operationId: first
      parameters:
        - {name: page, in: query, description: own}
        - {name: page, in: header}
    summary: No operation.
    delete: {}
  /b: {$ref: '#/components/pathItems/B'}
components:
  parameters:
    Id: &id {name: id, in: path}
    Again: {$ref: '#/components/parameters/Id', description: beside}
    Twice: {$ref: '#/components/parameters/Again', description: outside}
    Round: {$ref: '#/components/parameters/About'}
    About: {$ref: '#/components/parameters/Round'}
    Alias: *id
  pathItems:
    B:
      post: {parameters: [{$ref: '#/components/parameters/Twice'}]}
  schemas:
    A{b}: {type: string}
"""


@pytest.fixture
def small() -> Document:
    return document.parse(SMALL)


def findings_of(text: str) -> list[Finding]:
    with pytest.raises(SpecError) as raised:
        document.parse(text)
    return raised.value.findings


@LOADERS
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-15", "2024-01-15"),
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("On", "On"),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.2.3", "1.2.3"),
        ("", None),
        ("~", None),
        ("Null", None),
        ("'null'", "null"),
        ("TRUE", True),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("=", "="),
        ("'{{ x }}'", "{{ x }}"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "LOADER", loader)
    read = document.parse(f"a: {text}").raw["a"]
    assert (read, type(read)) == (value, type(value))


@LOADERS
@pytest.mark.parametrize(
    ("text", "line", "pointer", "message"),
    [
        (
            "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n",
            5,
            "#/b/c",
            "the key c stands here twice; it was already given in line 3",
        ),
        ("responses:\n  200: {}\n", 2, "#/responses/200", "the key 200 is not a string but int"),
        ("a: {true: 1}", 1, "#/a/true", "the key true is not a string but bool"),
        ("a:\n  ? [x]\n  : 1\n", 2, "#/a", "a key is a list or a mapping"),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", 3, "#/c", "merge keys (<<) are not part of YAML 1.2"),
        ("a: &a\n  b: [*a]\n", 1, "#/a/b/0", "an alias stands within its own anchor"),
        ("a:\n  - .inf\n", 2, "#/a/0", ".inf (tag:yaml.org,2002:float) has no place in JSON"),
        ("a: -.INF", 1, "#/a", "-.INF (tag:yaml.org,2002:float) has no place in JSON"),
        ("a: !!int x", 1, "#/a", "x (tag:yaml.org,2002:int) has no place in JSON"),
        ("a: !secret x", 1, "#/a", "x (!secret) has no place in JSON"),
        ("a: 1\nb:\n\t- c\n", 3, "#", "the YAML cannot be read: while scanning for the next token"),
        ("a: 1\nb: c: d\n", 2, "#", "the YAML cannot be read: mapping values are not allowed"),
        ("a: 1\nb: \x01\n", 2, "#", "the YAML cannot be read"),
        ("a: *b", 1, "#", "the YAML cannot be read: found undefined alias"),
        ("a: 1\n---\nb: 1\n", 2, "#", "expected a single document in the stream"),
        ("", 1, "#", "the document is not a mapping"),
        ("- a", 1, "#", "the document is not a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    text: str, line: int, pointer: str, message: str, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "LOADER", loader)
    (finding,) = findings_of(text)
    assert (finding.line, finding.pointer) == (line, pointer)
    assert message in finding.message
    assert finding.mend


def test_everything_wrong_is_said_at_once() -> None:
    assert [finding.line for finding in findings_of("1: a\nb: .nan\nb: c\n")] == [1, 2, 3]


def test_an_error_is_readable() -> None:
    error = SpecError(
        [Finding(7, "#/a", "It is wrong.", "Mend it."), Finding(9, "#", "So is this.", "Also.")], "x.yaml"
    )
    assert str(error) == "x.yaml:7  #/a  It is wrong.\n    Mend it.\nx.yaml:9  #  So is this.\n    Also."
    assert str(SpecError([Finding(1, "#", "No.", "Do.")])) == "openapi.yaml:1  #  No.\n    Do."


def test_a_file_knows_its_name_and_its_bytes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "api.yaml"
    path.write_bytes("a: ü\r\n".encode())
    read = document.load(path)
    assert (read.name, read.text, read.raw) == ("api.yaml", "a: ü\r\n".encode(), {"a": "ü"})
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(SpecError, match=r"api\.yaml:2  #  the file is not UTF-8"):
        document.load(path)


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("#", 1),
        ("#/paths/~1a~0b~1{id}", 2),
        ("#/paths/~1a~0b~1{id}/parameters/1", 5),
        ("#/paths/~1a~0b~1{id}/parameters/1/name", 5),
        ("#/paths/~1a~0b~1{id}/get/operationId", 7),
        ("#/paths/~1a~0b~1{id}/parameters/0/schema/type", 4),
        ("#/paths/~1a~0b~1{id}/parameters/9", 3),
        ("#/paths/~1a~0b~1{id}/parameters/-1", 3),
        ("#/components/parameters/Alias", 21),
        ("#/components/parameters/Alias/name", 16),
        ("#/nowhere", 1),
    ],
)
def test_the_line_of_a_pointer(small: Document, pointer: str, line: int) -> None:
    assert small.line(pointer) == line


def test_every_line_of_openapi_yaml_holds_its_key() -> None:
    real = document.load(ROOT / "openapi.yaml")
    lines = real.text.decode().splitlines()
    waiting: list[tuple[str, Any]] = [("#", real.raw)]
    seen = 0
    while waiting:
        pointer, value = waiting.pop()
        for key, child in value.items() if isinstance(value, dict) else []:
            place = document.join(pointer, key)
            assert real.at(place) is child
            assert re.search(rf"['\" {{]?{re.escape(key)}['\"]?:", lines[real.line(place) - 1]), place
            waiting.append((place, child))
            seen += 1
    assert seen > 1000


def test_the_values_are_plain_json() -> None:
    real = document.load(ROOT / "openapi.yaml")
    assert json.loads(json.dumps(real.raw)) == real.raw


def test_the_value_at_a_pointer(small: Document) -> None:
    assert small.at("#") is small.raw
    assert small.at("#/paths/~1a~0b~1{id}/parameters/1/name") == "page"
    for pointer in ("#/paths/no", "#/paths/~1a~0b~1{id}/parameters/2", "#/paths/~1a~0b~1{id}/summary/0"):
        with pytest.raises(KeyError, match=r"openapi\.yaml has nothing at"):
            small.at(pointer)


def test_references_are_followed_and_keys_beside_them_win(small: Document) -> None:
    node = {"$ref": "#/components/parameters/Twice", "in": "cookie"}
    merged, place = small.deref(node, "#/x")
    assert merged == {"name": "id", "in": "cookie", "description": "outside"}
    assert place == "#/components/parameters/Id"
    assert small.at("#/components/parameters/Id") == {"name": "id", "in": "path"}
    assert small.deref({"a": 1}, "#/x") == ({"a": 1}, "#/x")
    assert small.deref({"$ref": "#/components/schemas/A%7Bb%7D"}, "#/x") == (
        {"type": "string"},
        "#/components/schemas/A{b}",
    )


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/parameters/None", "$ref #/components/parameters/None points nowhere"),
        ("other.yaml#/a", "$ref other.yaml#/a points outside this file"),
        ("#/components/parameters/Id/name", "points to something that is not an object"),
        ("#/components/parameters/Round", "$ref goes in a circle through #/components/parameters/Round"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(small: Document, reference: str, message: str) -> None:
    with pytest.raises(SpecError) as raised:
        small.deref({"$ref": reference}, "#/paths/~1b")
    (finding,) = raised.value.findings
    assert message in finding.message
    assert finding.mend


def test_operations_with_their_parameters(small: Document) -> None:
    first, second, third = small.operations()
    assert (first.path, first.method, first.pointer) == ("/a~b/{id}", "get", "#/paths/~1a~0b~1{id}/get")
    assert first.operation["operationId"] == "first"
    assert first.parameters == [
        ({"name": "id", "in": "path"}, "#/components/parameters/Id"),
        ({"name": "page", "in": "query", "description": "own"}, "#/paths/~1a~0b~1{id}/get/parameters/0"),
        ({"name": "page", "in": "header"}, "#/paths/~1a~0b~1{id}/get/parameters/1"),
    ]
    assert (second.method, [each.pointer for each in second.parameters]) == (
        "delete",
        ["#/components/parameters/Id", "#/paths/~1a~0b~1{id}/parameters/1"],
    )
    assert (third.path, third.pointer) == ("/b", "#/components/pathItems/B/post")
    assert third.parameters[0].parameter["description"] == "outside"


def test_findings_about_a_document_have_its_line_and_name(small: Document) -> None:
    assert small.finding("#/paths/~1b/get", "Wrong.", "Mend.") == (13, "#/paths/~1b/get", "Wrong.", "Mend.")
    assert str(small.error("#/paths/~1b", "Wrong.", "Mend.")) == "openapi.yaml:13  #/paths/~1b  Wrong.\n    Mend."


def test_pointers_are_escaped_both_ways() -> None:
    pointer = document.join("#", "a/b", "c~d", 0, "~1")
    assert pointer == "#/a~1b/c~0d/0/~01"
    assert document.tokens(pointer) == ["a/b", "c~d", "0", "~1"]
