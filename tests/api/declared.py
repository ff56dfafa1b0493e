"""Holds every answer against openapi.yaml: its status, its headers and its body must be declared for its operation."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import jsonschema_rs

from contract import document as documents
from contract.document import Document, OperationNode

# What can be answered before it is known which operation was meant, or when there is none.
WITHOUT_OPERATION = (204, 400, 401, 403, 404, 405, 429, 503)

URN = "urn:declared"


class Declared:
    """The answers that a document declares."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # A path without names goes before one that has a name in its place.
        nodes = sorted(document.operations(), key=lambda node: node.path.count("{"))
        self._patterns = [(re.compile(re.sub(r"\{[^}]*\}", "[^/]+", node.path) + r"\Z"), node) for node in nodes]
        self._registry = jsonschema_rs.Registry([(URN, document.raw)], draft=jsonschema_rs.Draft202012)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def check(self, answer: httpx2.Response) -> None:
        """Fail with what an answer of the API has that the document does not declare."""
        path = answer.request.url.raw_path.decode().partition("?")[0]
        if path.split("/")[1] not in self.document.raw["x-contracts"]:
            return
        told = f"{answer.request.method} {path} answered {answer.status_code}"
        node = self._operation(answer, path)
        if node is None:
            assert answer.status_code in WITHOUT_OPERATION, f"{told}, but there is no such operation"
            return
        responses = node.operation["responses"]
        status = str(answer.status_code)
        assert status in responses, f"{told}, which {node.operation['operationId']} does not declare: {answer.text}"
        pointer = documents.join(node.pointer, "responses", status)
        response, pointer = self.document.deref(responses[status], pointer)
        self._check_headers(answer, response, told)
        self._check_body(answer, response, (pointer, told))

    def _operation(self, answer: httpx2.Response, path: str) -> OperationNode | None:
        """The operation that the answer is from: that of the contract which the answer's version has."""
        contract = self.document.raw["x-api-versions"][answer.headers["API-Version"]]["contract"]
        own = f"/{contract}/{path.split('/', 2)[2]}" if path.count("/") > 1 else path
        method = {"HEAD": "get"}.get(answer.request.method, answer.request.method.lower())
        return next((node for found, node in self._patterns if node.method == method and found.match(own)), None)

    def _check_headers(self, answer: httpx2.Response, response: dict[str, Any], told: str) -> None:
        for name, header in response.get("headers", {}).items():
            node, _ = self.document.deref(header, "#")
            if node.get("required"):
                assert name in answer.headers, f"{told} without the header {name}"

    def _check_body(self, answer: httpx2.Response, response: dict[str, Any], place: tuple[str, str]) -> None:
        pointer, told = place
        content = response.get("content", {})
        if not content or answer.request.method == "HEAD":
            assert answer.content == b"", f"{told} with a body: {answer.text}"
            return
        media_type = answer.headers["Content-Type"]
        assert media_type in content, f"{told} as {media_type}"
        schema = documents.join(pointer, "content", media_type, "schema")
        shown = answer.json() if media_type == "application/json" else answer.text
        for error in self._validator(schema).iter_errors(shown):
            raise AssertionError(f"{told} with a body that {schema} does not allow: {error.message}")

    def _validator(self, pointer: str) -> jsonschema_rs.Draft202012Validator:
        if pointer not in self._validators:
            reference = pointer.replace("{", "%7B").replace("}", "%7D")
            self._validators[pointer] = jsonschema_rs.Draft202012Validator(
                {"$ref": URN + reference}, registry=self._registry, validate_formats=True
            )
        return self._validators[pointer]
