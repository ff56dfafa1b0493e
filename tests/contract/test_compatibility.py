"""What would break clients of a stable contract is found, and what would not is left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from contract import compatibility
from contract import document as documents
from contract.document import Document
from gateway.settings import ROOT

CURRENT = documents.load(ROOT / "openapi.yaml")
KINDS = ("resources", "projects")
# Two kinds show as much as all of them, in a fraction of the time.
SOME = {path: item for path, item in CURRENT.raw["paths"].items() if path.split("/")[2] in KINDS}
Change = Callable[[dict[str, Any]], None]


def made_of(raw: dict[str, Any]) -> Document:
    """A document of these values, each of which stands in its first line; reading a text of them takes longer."""
    lines: dict[int, dict[str | int, int]] = {}
    waiting: list[Any] = [raw]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            items = node.items() if isinstance(node, dict) else enumerate(node)
            lines[id(node)] = dict.fromkeys((key for key, _ in items), 1)
            waiting += node.values() if isinstance(node, dict) else node
    return Document(raw, lines, b"", "openapi.yaml")


RELEASED = made_of({**CURRENT.raw, "paths": SOME})


def changed(change: Change) -> Document:
    """The document after a change of its values."""
    raw = json.loads(json.dumps(RELEASED.raw))
    change(raw)
    return made_of(raw)


def operation(raw: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = raw["paths"][path][method]
    return found


def schema(name: str, *path: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def find(raw: dict[str, Any]) -> dict[str, Any]:
        node: dict[str, Any] = raw["components"]["schemas"][name]
        for step in path:
            node = node[step]
        return node

    return find


def setting(find: Callable[[dict[str, Any]], dict[str, Any]], **values: Any) -> Change:
    return lambda raw: find(raw).update(values)


def removing(find: Callable[[dict[str, Any]], dict[str, Any]], key: str) -> Change:
    return lambda raw: find(raw).pop(key) and None


def parameter(path: str, method: str, name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def find(raw: dict[str, Any]) -> dict[str, Any]:
        return next(each for each in operation(raw, path, method)["parameters"] if each.get("name") == name)

    return find


def without_parameter(raw: dict[str, Any]) -> None:
    listed = operation(raw, "/v1/resources", "get")["parameters"]
    listed[:] = [each for each in listed if each.get("name") != "status"]


def with_required_parameter(raw: dict[str, Any]) -> None:
    added = {"name": "reason", "in": "query", "required": True, "description": "Why.", "schema": {"type": "string"}}
    operation(raw, "/v1/resources", "get")["parameters"].append(added)


def with_other_page_size(raw: dict[str, Any]) -> None:
    raw["components"]["parameters"]["PerPage"]["schema"]["default"] = 50


def with_more_scopes(raw: dict[str, Any]) -> None:
    operation(raw, "/v1/resources", "get")["security"] = [{"bearer": ["resources:read", "resources:write"]}]


def with_renamed_schema(raw: dict[str, Any]) -> None:
    raw["components"]["schemas"]["Name"] = raw["components"]["schemas"]["ResourceName"]
    raw["components"]["schemas"]["V1ResourceCreate"]["properties"]["name"] = {"$ref": "#/components/schemas/Name"}


def with_deprecation(raw: dict[str, Any]) -> None:
    operation(raw, "/v1/resources", "get")["deprecated"] = True


CREATE = schema("V1ResourceCreate")
SHOWN = schema("V1Resource", "properties")
# what is done → a part of what is said about it
BREAKING: dict[str, tuple[Change, str]] = {
    "an operation goes": (
        removing(lambda raw: raw["paths"]["/v1/resources/{id}"], "delete"),
        "DELETE /v1/resources/{id}",
    ),
    "a path goes": (removing(lambda raw: raw["paths"], "/v1/projects"), "GET /v1/projects was released"),
    "a name of an operation": (
        setting(lambda raw: operation(raw, "/v1/resources", "get"), operationId="v1.resources.list_all"),
        "as v1.resources.list_resources",
    ),
    "a filter goes": (without_parameter, "the query parameter status"),
    "a parameter is required": (with_required_parameter, "reason is required now"),
    "another default": (with_other_page_size, "had the default 20 and now has 50"),
    "more scopes": (with_more_scopes, "bearer resources:read is not enough"),
    "a field is required": (setting(CREATE, required=["name", "type", "metadata"]), "does not take everything"),
    "a field goes": (removing(schema("V1ResourceCreate", "properties"), "metadata"), "does not take everything"),
    "a shorter name": (setting(schema("ResourceName"), maxLength=100), "in name"),
    "a value less": (setting(schema("ResourceStatusChange"), enum=["active", "archived"]), "in status"),
    "a body is required": (
        setting(lambda raw: operation(raw, "/v1/resources/{id}", "put")["requestBody"], required=True),
        "the request body is required now",
    ),
    "forms are not taken": (
        removing(
            lambda raw: operation(raw, "/v1/resources", "post")["requestBody"]["content"],
            "application/x-www-form-urlencoded",
        ),
        "as application/x-www-form-urlencoded is not taken",
    ),
    "a property that is always there may be missing": (
        setting(schema("V1Resource"), required=["id"]),
        "the answer 200",
    ),
    "another type": (setting(SHOWN, name={"type": "integer", "description": "x"}), "in data.name"),
    "a new status": (
        setting(schema("ResourceStatus"), enum=["pending", "active", "paused", "archived", "lost"]),
        "in data.status",
    ),
    "a header goes": (
        removing(lambda raw: operation(raw, "/v1/resources", "post")["responses"]["201"]["headers"], "Location"),
        "the header Location of the answer 201",
    ),
    "another success": (
        removing(lambda raw: operation(raw, "/v1/resources", "post")["responses"], "201"),
        "the answer 201 is not given",
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "an optional field": setting(schema("V1ResourceCreate", "properties"), note={"type": "string", "maxLength": 9}),
    "a longer name": setting(schema("ResourceName"), maxLength=300),
    "a property more": setting(SHOWN, note={"type": "string", "description": "A note."}),
    "another text": setting(lambda raw: operation(raw, "/v1/resources", "get"), summary="All of them"),
    "a schema of another name": with_renamed_schema,
    "deprecation": with_deprecation,
    "an error less": removing(lambda raw: operation(raw, "/v1/resources", "get")["responses"], "504"),
    "the contract in beta": removing(lambda raw: raw["paths"], "/v2/resources"),
    "another name in a path": lambda raw: raw["paths"].update(
        {"/v1/projects/{project}": raw["paths"].pop("/v1/projects/{id}")}
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_what_breaks_clients_is_found(case: str) -> None:  # A076
    change, part = BREAKING[case]
    found = compatibility.breaks(RELEASED, changed(change))
    assert any(part in finding.message for finding in found), [finding.message for finding in found]
    assert all(finding.mend and finding.line > 0 for finding in found)


@pytest.mark.parametrize("case", HARMLESS)
def test_what_breaks_nobody_is_left_alone(case: str) -> None:  # A076
    assert compatibility.breaks(RELEASED, changed(HARMLESS[case])) == []


def test_the_document_keeps_what_was_released() -> None:  # A076
    released = documents.load(ROOT / "releases" / "openapi.yaml")
    assert compatibility.breaks(released, CURRENT) == []
