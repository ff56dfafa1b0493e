"""What the rules look at: every OpenAPI object of a document with its kind, and every operation."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib import parse as urls

import jsonschema_rs

from contract import document as documents

_EXAMPLES = {"example": "any", "examples": "map example"}
_STYLED = {"description": "text", "required": "flag", "deprecated": "flag", "style": "text", "explode": "flag"}
_VALUE = {**_STYLED, "schema": "schema", "content": "map media_type", **_EXAMPLES}
_ABOUT = {"summary": "text", "description": "text"}
_NAMED = ("title", "description", "format", "pattern", "contentEncoding", "contentMediaType", "$comment", "$ref")
_SCHEMA = {
    **dict.fromkeys(_NAMED, "text"),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly"), "flag"),
    **dict.fromkeys(("type", "enum", "const", "default", "examples", "required"), "any"),
    **dict.fromkeys(("minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems"), "any"),
    **dict.fromkeys(("minLength", "maxLength", "minimum", "maximum", "multipleOf", "dependentRequired"), "any"),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum", "minContains", "maxContains", "externalDocs"), "any"),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "list subschema"),
    **dict.fromkeys(("items", "contains", "not", "if", "then", "else", "contentSchema"), "subschema"),
    **dict.fromkeys(("additionalProperties", "propertyNames", "unevaluatedItems"), "subschema"),
    **dict.fromkeys(("unevaluatedProperties",), "subschema"),
    **dict.fromkeys(("patternProperties", "dependentSchemas", "$defs"), "map subschema"),
    "properties": "map property",
    "discriminator": "map any",
}
SCHEMAS = ("schema", "subschema", "property")
# The keys of each kind of object and what they hold: `text`, `flag`, `any`, a kind, or a map or list of one.
GRAMMAR: dict[str, dict[str, str]] = {
    "root": {
        "openapi": "text",
        "info": "info",
        "servers": "list server",
        "paths": "map path_item",
        "webhooks": "map path_item",
        "components": "components",
        "security": "list security_requirement",
        "tags": "list tag",
        "externalDocs": "any",
        "jsonSchemaDialect": "text",
    },
    "info": {
        **_ABOUT,
        **dict.fromkeys(("title", "version", "termsOfService"), "text"),
        **dict.fromkeys(("contact", "license"), "any"),
    },
    "server": {"url": "text", "description": "text", "variables": "map any"},
    "security_requirement": {},
    "tag": {"name": "text", "description": "text", "externalDocs": "any"},
    "components": {
        "schemas": "map schema",
        "responses": "map response",
        "parameters": "map parameter",
        "examples": "map example",
        "requestBodies": "map request_body",
        "headers": "map header",
        "securitySchemes": "map security_scheme",
        "links": "map link",
        "pathItems": "map path_item",
    },
    "path_item": {
        **_ABOUT,
        "$ref": "text",
        "servers": "list server",
        "parameters": "list parameter",
        **dict.fromkeys(documents.METHODS, "operation"),
    },
    "operation": {
        **_ABOUT,
        "operationId": "text",
        "tags": "list any",
        "externalDocs": "any",
        "parameters": "list parameter",
        "requestBody": "request_body",
        "responses": "map response",
        "deprecated": "flag",
        "security": "list security_requirement",
        "servers": "list server",
    },
    "parameter": {
        **_VALUE,
        "$ref": "text",
        "name": "text",
        "in": "text",
        "allowEmptyValue": "flag",
        "allowReserved": "flag",
    },
    "header": {**_VALUE, "$ref": "text"},
    "request_body": {"$ref": "text", "description": "text", "content": "map media_type", "required": "flag"},
    "media_type": {"schema": "schema", **_EXAMPLES, "encoding": "map encoding"},
    "encoding": {
        "contentType": "text",
        "headers": "map header",
        "style": "text",
        "explode": "flag",
        "allowReserved": "flag",
    },
    "response": {
        "$ref": "text",
        "description": "text",
        "headers": "map header",
        "content": "map media_type",
        "links": "map link",
    },
    "example": {**_ABOUT, "$ref": "text", "value": "any", "externalValue": "text"},
    "link": {
        "$ref": "text",
        "operationRef": "text",
        "operationId": "text",
        "parameters": "map any",
        "requestBody": "any",
        "description": "text",
        "server": "server",
    },
    "security_scheme": {
        **dict.fromkeys(("$ref", "type", "description", "name", "in", "scheme", "bearerFormat"), "text"),
        "flows": "any",
        "openIdConnectUrl": "text",
    },
    **dict.fromkeys(SCHEMAS, _SCHEMA),
}


class Node(NamedTuple):
    """An OpenAPI object: its kind (a key of GRAMMAR), its value and its pointer."""

    kind: str
    value: Any
    pointer: str


class Survey:
    """A document as the rules see it. `value`s of `nodes` are objects once the rules about shape found nothing."""

    def __init__(self, document: documents.Document) -> None:
        self.document = document
        self.raw = document.raw
        self.nodes = list(_walk(Node("root", document.raw, "#")))
        self._found: dict[tuple[str, ...], list[Node]] = {}

    @functools.cached_property
    def operations(self) -> list[documents.OperationNode]:
        """Every operation, in the order of the file."""
        return list(self.document.operations())

    @functools.cached_property
    def operation_ids(self) -> dict[str, documents.OperationNode]:
        """The operations that have an operationId."""
        return {each.operation["operationId"]: each for each in self.operations if "operationId" in each.operation}

    def of(self, *kinds: str) -> Iterator[Node]:
        """The nodes of these kinds that are objects; one that aliases repeat comes once."""
        if kinds not in self._found:
            unique: dict[int, Node] = {}
            for node in self.nodes:
                if node.kind in kinds and isinstance(node.value, dict):
                    unique.setdefault(id(node.value), node)
            self._found[kinds] = list(unique.values())
        yield from self._found[kinds]

    def deref(self, node: Any, pointer: str) -> tuple[dict[str, Any], str]:
        """Document.deref, where the schema `true` has no keywords and `false` lists no values."""
        if isinstance(node, bool):
            return {} if node else {"enum": []}, pointer
        return self.document.deref(node, pointer)

    def validator(self, pointer: str) -> jsonschema_rs.Draft202012Validator:
        """The validator of the schema at a pointer."""
        return jsonschema_rs.Draft202012Validator(
            {"$ref": "urn:api" + reference(pointer)},
            registry=self._registry,
            validate_formats=True,
            offline=True,
        )

    @functools.cached_property
    def _registry(self) -> jsonschema_rs.Registry:
        return jsonschema_rs.Registry([("urn:api", self.raw)], draft=jsonschema_rs.Draft202012)


def reference(pointer: str) -> str:
    """A pointer as the fragment of a URI, which may have no braces."""
    return urls.quote(pointer, safe="#/~")


def _walk(node: Node) -> Iterator[Node]:
    yield node
    if not isinstance(node.value, dict):
        return
    for key, value in node.value.items():
        form, _, kind = GRAMMAR[node.kind].get(key, "any").rpartition(" ")
        pointer = documents.join(node.pointer, key)
        if kind not in GRAMMAR:
            continue
        if form == "map" and isinstance(value, dict):
            children = list(value.items())
        elif form == "list" and isinstance(value, list):
            children = list(enumerate(value))
        else:
            children = []
        for name, child in children:
            yield from _walk(Node(kind, child, documents.join(pointer, name)))
        if not form:
            yield from _walk(Node(kind, value, pointer))
