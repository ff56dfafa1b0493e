"""What every answer is held against: the document's responses, the catalogue of errors, and the contract's shape."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx2
import jsonschema_rs

from contract import document as documents
from contract import schemas
from contract.document import OperationNode
from gateway.settings import ROOT

DOCUMENT = documents.load(ROOT / "openapi.yaml")
CATALOGUE: dict[str, dict[str, Any]] = DOCUMENT.raw["x-errors"]
OPERATIONS = {node.operation["operationId"]: node for node in DOCUMENT.operations()}
ERROR_SCHEMAS = {"v1": "#/components/schemas/V1Error", "v2": "#/components/schemas/Error"}
REQUEST_ID = re.compile(r"req_[0-9a-z]{16,32}")
# What tells a client more than the body does, by status.
TELLING = {401: "WWW-Authenticate", 403: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def contract_of(operation: OperationNode) -> str:
    """The contract that an operation belongs to."""
    return str(operation.operation["operationId"].partition(".")[0])


@cache
def validator(pointer: str) -> jsonschema_rs.Draft202012Validator:
    """The validator of a schema of the document."""
    return schemas.Schemas(DOCUMENT).validator(schemas.reference(pointer))


def check_declared(operation: OperationNode, answer: httpx2.Response) -> None:
    """The document declares this status for the operation, with these headers and this body."""  # A030
    responses = operation.operation["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{operation.operation['operationId']} does not declare {status}: {answer.text[:300]}"
    response, pointer = DOCUMENT.deref(responses[status], f"{operation.pointer}/responses/{status}")
    for name, header in response.get("headers", {}).items():
        node, place = DOCUMENT.deref(header, documents.join(pointer, "headers", name))
        assert name in answer.headers or not node.get("required"), f"{status} lacks the header {name}"
        if name in answer.headers:
            text = answer.headers[name]
            typed = int(text) if node["schema"]["type"] == "integer" else text
            assert validator(f"{place}/schema").is_valid(typed), f"{name}: {text}"
    if "content" in response:
        assert answer.headers["Content-Type"] in response["content"]
        schema = documents.join(pointer, "content", answer.headers["Content-Type"], "schema")
        is_json = answer.headers["Content-Type"] == "application/json"
        validator(schema).validate(answer.json() if is_json else answer.text)
    else:
        assert answer.content == b""


def check_error(contract: str, code: str, answer: httpx2.Response) -> None:
    """The answer is this error of the catalogue, in the shape of the contract."""  # B118 B119 B120 B121 A084
    kind = CATALOGUE[code]
    assert answer.status_code == kind["status"], answer.text[:500]
    assert answer.headers["Content-Type"] == "application/json"
    assert REQUEST_ID.fullmatch(answer.headers["X-Request-Id"])
    assert kind["status"] not in TELLING or TELLING[kind["status"]] in answer.headers
    assert (answer.headers.get("X-API-Stability") == "beta") == (contract == "v2")
    body = answer.json()
    validator(ERROR_SCHEMAS[contract]).validate(body)
    error = body["error"]
    assert error["message"].strip()
    if contract == "v1":
        assert (body["status"], error["code"]) == ("error", kind["v1"])
        assert str(error.get("retry_after")) == answer.headers.get("Retry-After", "None")
    else:
        assert (error["type"], error["code"]) == (kind["type"], code)
        assert error["request_id"] == answer.headers["X-Request-Id"]
        assert error["doc_url"].endswith(f"/errors/{code}")
        assert error["request_log_url"].endswith(f"/logs/{error['request_id']}")
