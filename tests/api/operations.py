"""The operations of openapi.yaml as requests, with the document's own examples and objects made through its links."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from contract import document as documents
from contract.document import Document, OperationNode
from tests import stored
from tests.serving import Client

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

# Fields whose value no two objects of an account share.
UNIQUE = {collection.unique for collection in stored.collections() if collection.unique}
NUMBERS = itertools.count(1)
# How long what is written behind an answer may take to show, in seconds.
PATIENCE = 10
# How often a slow server is asked again for what a test only needs.
MOST_TRIES = 100

# The operations here are named without their contract; a row that is not needed fails in test_every_operation.py.
# Operation → the only mode whose keys may use it.
ONE_MODE: dict[str, str] = {
    "test_clock.advance_test_clock": "test",
    "test_clock.get_test_clock": "test",
}
# Read → why it shows something else each time: reading is recorded in what is read.
RESTLESS: dict[str, str] = {
    "api_keys.list_api_keys": "the key that asks is marked as used",
    "deliveries.get_delivery": "it is being sent",
    "logs.list_logs": "a request is on the list once it is answered",
    "logs.list_resource_logs": "as above",
    "test_clock.get_test_clock": "time goes on",
    "usage.get_usage": "a request counts once it is answered",
}
# What shows how events are sent, which goes on beside the requests of an account that has webhooks.
SENDING = (
    "deliveries.list_deliveries",
    "webhooks.get_webhook",
    "webhooks.list_webhook_deliveries",
    "webhooks.list_webhooks",
)
# Operation → the one that is done first, so that there is something in its answer.
PREPARED: dict[str, str] = {"events.list_events": "projects.create_project"}
# Operation → scopes that its example needs beside the operation's own, such as those that a new key is given.
MORE_SCOPES: dict[str, set[str]] = {
    "api_keys.create_api_key": {"resources:read", "resources:write"},
    "api_keys.rotate_api_key": {"resources:read", "resources:write"},
    "exports.get_job_output": {"resources:read", "projects:read"},
    "jobs.create_job": {"resources:read", "projects:read"},
}
# Operation → what a fresh body has for another reason than the example: every event would be sent to each webhook.
QUIET: dict[str, dict[str, Any]] = {"webhooks.create_webhook": {"events": ["user.deleted"]}}
# What these make goes on after the answer; a test begins once it has ended.
GOING_ON = {"jobs.create_job"}
ENDED = {"succeeded", "failed", "canceled"}


@functools.cache
def document() -> Document:
    """The document that the server serves."""
    return documents.load(Path(__file__).parents[2] / "openapi.yaml")


@functools.cache
def nodes() -> tuple[OperationNode, ...]:
    """The operations of the document, in its order."""
    return tuple(document().operations())


@functools.cache
def links() -> dict[str, list[tuple[OperationNode, dict[str, Any]]]]:
    """The links to each operation by its id, each with the operation whose answer has it."""
    found: dict[str, list[tuple[OperationNode, dict[str, Any]]]] = {}
    for node in nodes():
        for response in node.operation["responses"].values():
            for link in document().deref(response, "#")[0].get("links", {}).values():
                found.setdefault(link["operationId"], []).append((node, link))
    return found


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation reached in one way: at a prefix, with the headers that it takes to be answered by its contract."""

    node: OperationNode
    prefix: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operation_id}-at-{self.prefix}"

    @property
    def operation_id(self) -> str:
        return str(self.node.operation["operationId"])

    @property
    def name(self) -> str:
        """The kind and the function, which the contracts share: `resources.create_resource`."""
        return self.operation_id.partition(".")[2]

    @property
    def version(self) -> dict[str, str]:
        """The header that names the version, so that a version which the account is pinned to does not count."""
        contract = document().raw["x-contracts"][self.operation_id.partition(".")[0]]
        return {"API-Version": contract["default_version"]}

    @property
    def mode(self) -> str:
        """A mode whose keys may use it."""
        return ONE_MODE.get(self.name, "live")

    def serves(self, mode: str) -> bool:
        """Whether keys of a mode may use it."""
        return ONE_MODE.get(self.name, mode) == mode

    @property
    def method(self) -> str:
        return self.node.method.upper()

    @property
    def names(self) -> list[str]:
        """The names in the path."""
        return [segment[1:-1] for segment in self.node.path.split("/") if segment.startswith("{")]

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """What the operation asks of a caller; empty when it asks for nothing."""
        found: list[dict[str, list[str]]] = self.node.operation.get("security", document().raw.get("security", []))
        return found

    @property
    def scopes(self) -> set[str]:
        """Every scope that the operation needs."""
        return {scope for requirement in self.security for scopes in requirement.values() for scope in scopes}

    @property
    def all_scopes(self) -> set[str]:
        """Every scope that its example needs."""
        return self.scopes | MORE_SCOPES.get(self.name, set())

    @property
    def takes_key_in_query(self) -> bool:
        """Whether a key in the query string will do."""
        schemes = document().raw["components"]["securitySchemes"]
        return any(schemes[name].get("in") == "query" for requirement in self.security for name in requirement)

    @property
    def success(self) -> int:
        """The status of an answer to a request that went well."""
        return min(int(status) for status in self.node.operation["responses"] if status.startswith("2"))

    def parameters(self, where: str) -> list[dict[str, Any]]:
        """The parameters that stand in one place."""
        return [parameter for parameter, _ in self.node.parameters if parameter["in"] == where]

    def bodies(self, media_type: str = JSON) -> list[Any]:
        """The examples of the request body."""
        if "requestBody" not in self.node.operation:
            return []
        body = self._resolved(self.node.operation["requestBody"])
        media = body["content"].get(media_type, {})
        examples = [self._resolved(example)["value"] for example in media.get("examples", {}).values()]
        return [*examples, *([media["example"]] if "example" in media else [])]

    def fresh_body(self, client: Client) -> Any:
        """The first example of the body with new values where they must be unique; None where it takes none."""
        if not self.bodies():
            return None
        body = freshened(self.bodies()[0], next(NUMBERS))
        return self.completed(client, {**body, **QUIET.get(self.name, {})})

    def completed(self, client: Client, body: Any) -> Any:
        """The body with what a link takes for it from another answer, such as a token; as it is for who may not ask."""
        found = [(maker, link["requestBody"]) for maker, link in self._links() if "requestBody" in link]
        for maker, given in found[:1]:
            answer = maker.done(client)
            if answer.status_code == maker.success:
                taken = {name: text for name, text in given.items() if str(text).startswith("$response")}
                return {**body, **{name: evaluate(taken[name], answer) for name in taken.keys() & body.keys()}}
        return body

    def path(self, values: Mapping[str, str]) -> str:
        """The path with these values in the places of its names."""
        filled = "/".join(
            quote(values[segment[1:-1]], safe="") if segment.startswith("{") else segment
            for segment in self.node.path.split("/")[2:]
        )
        return f"/{self.prefix}/{filled}"

    def send(self, client: Client, values: Mapping[str, str] | None = None, **options: Any) -> httpx2.Response:
        """Send the request; its body is a fresh one unless one is given as `json` or `content`."""
        headers = {**self.headers, **options.pop("headers", {})}
        if self.bodies() and not {"json", "content"} & options.keys():
            options["json"] = self.fresh_body(client)
        if "content" in options:
            headers.setdefault("Content-Type", JSON)
        return client.request(self.method, self.path(values or self.examples("path")), headers=headers, **options)

    def examples(self, where: str) -> dict[str, Any]:
        """The parameters of one place with their examples."""
        return {parameter["name"]: parameter["example"] for parameter in self.parameters(where)}

    def target(self, client: Client) -> dict[str, str]:
        """The values of the path for an object that is made for this request and belongs to the client's caller."""
        if not self.names:
            return {}
        maker, expressions = self._maker()
        answer = maker.done(client)
        assert answer.status_code == maker.success, f"{maker} for {self}: {answer.text}"
        return {name.removeprefix("path."): evaluate(text, answer) for name, text in expressions.items()}

    def done(self, client: Client) -> httpx2.Response:
        """The answer to a request that is good; one that was given up left nothing, so it is sent again."""
        if self.name in PREPARED:
            first = f"{self.operation_id.partition('.')[0]}.{PREPARED[self.name]}"
            found = (each for each in operations() if each.operation_id == first and each.prefix == self.prefix)
            next(found).done(client)
        answers = (self.send(client, self.target(client), headers=self.version) for _ in range(MOST_TRIES))
        answer = next(answer for answer in answers if answer.status_code != 504)
        if self.name in GOING_ON and answer.status_code == self.success:
            wait_for_end(client, answer.headers["Location"])
        return answer

    def schema(self) -> dict[str, dict[str, Any]]:
        """The properties of the object in its answer, out of the envelope; none where there is no such object."""
        answer = self._resolved(self.node.operation["responses"][str(self.success)])
        shown = properties(answer.get("content", {}).get(JSON, {}).get("schema", {}))
        return properties(shown["data"]) if {"status", "data", "meta"} <= shown.keys() else shown

    def body_schema(self) -> dict[str, dict[str, Any]]:
        """The properties of its body."""
        body = self._resolved(self.node.operation.get("requestBody", {}))
        return properties(body.get("content", {}).get(JSON, {}).get("schema", {}))

    @property
    def is_list(self) -> bool:
        """Whether it shows a page of objects."""
        answer = self._resolved(self.node.operation["responses"][str(self.success)])
        shown = properties(answer.get("content", {}).get(JSON, {}).get("schema", {}))
        pages = {"total_count", "has_more"} & shown.keys() or "total_items" in properties(shown.get("meta", {}))
        return bool(pages) and self.method == "GET"

    @property
    def secrets(self) -> set[str]:
        """The properties of its answer that are shown this once."""
        return {name for name, schema in self.schema().items() if schema.get("format") == "password"}

    def _maker(self) -> tuple[Operation, Mapping[str, str]]:
        """The operation whose answer has a link to this one, a POST before others, and what the link sets."""
        found = [(maker, link["parameters"]) for maker, link in self._links() if "parameters" in link]
        assert found, f"{self.operation_id} needs an object: add a link to it to the response that has the object's id"
        return min(found, key=lambda each: each[0].method != "POST")

    def _links(self) -> Iterator[tuple[Operation, dict[str, Any]]]:
        """The links to this operation from the answers of others."""
        for node, link in links().get(self.operation_id, ()):
            if node.operation is not self.node.operation:
                yield Operation(node, self.prefix, self.headers), link

    @staticmethod
    def _resolved(node: dict[str, Any]) -> dict[str, Any]:
        return document().deref(node, "#")[0]


def wait_for_end(client: Client, location: str) -> None:
    """Wait until something that goes on has ended."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        shown = client.get(location).json()
        if shown.get("data", shown)["status"] in ENDED:
            return
        time.sleep(0.01)
    raise AssertionError(f"{location} does not end")


def properties(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of an object's schema without references, those of its parts included."""
    schema, _ = document().deref(schema, "#")
    found = {name: document().deref(node, "#")[0] for name, node in schema.get("properties", {}).items()}
    for part in schema.get("allOf", ()):
        found |= properties(part)
    return found


def freshened(value: Any, number: int) -> Any:
    """A JSON value with this number before the values, at any depth, that must be unique; they stay valid."""
    if isinstance(value, list):
        return [freshened(each, number) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: f"{number}-{each}" if name in UNIQUE and isinstance(each, str) else freshened(each, number)
        for name, each in value.items()
    }


def mode_of(client: Client) -> str:
    """The mode of the client's key."""
    return "test" if "sk_test_" in client.headers["Authorization"] else "live"


def evaluate(expression: str, answer: httpx2.Response) -> str:
    """The value of a link's expression, such as `$response.body#/data/id`, in an answer."""
    if expression.startswith("$response.header."):
        return str(answer.headers[expression.removeprefix("$response.header.")])
    value = answer.json()
    for token in documents.tokens(expression.removeprefix("$response.body#")):
        value = value[int(token) if isinstance(value, list) else token]
    return str(value)


def operations() -> Iterator[Operation]:
    """Every operation in every way: at its own path, and at an older contract's by its dated version."""
    contracts = document().raw["x-contracts"]
    for node in nodes():
        own = node.path.split("/")[1]
        yield Operation(node, own)
        for older in contracts:
            if older == own:
                break
            yield Operation(node, older, {"API-Version": contracts[own]["default_version"]})


def form_of(value: Any, name: str = "") -> dict[str, str]:
    """A JSON value as the fields of a form, with brackets."""
    if not isinstance(value, dict):
        return {name: str(value)}
    fields: dict[str, str] = {}
    for key, inner in value.items():
        fields |= form_of(inner, f"{name}[{key}]" if name else key)
    return fields


def query_of(parameter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The example of a query parameter as pairs of a query string."""
    name, example = parameter["name"], parameter["example"]
    if isinstance(example, list):
        return [(name, str(item)) for item in example]
    return list(form_of(example, name).items())
