"""Batches for the tests: operations in short, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from tests.serving import Client

Operation = dict[str, Any]
KEY = "Idempotency-Key"


def create(name: str = "Resource 1", *, contract: str = "v2", **more: Any) -> Operation:
    """Create a resource."""
    return {
        "method": "POST",
        "path": f"/{contract}/resources",
        "body": {"name": name, "type": "production"},
        **more,
    }


def change(resource_id: str, *, contract: str = "v2", **fields: Any) -> Operation:
    """Change a resource."""
    method = {"v1": "PUT", "v2": "PATCH"}[contract]
    return {"method": method, "path": f"/{contract}/resources/{resource_id}", "body": fields}


def delete(resource_id: str, *, contract: str = "v2") -> Operation:
    """Delete a resource."""
    return {"method": "DELETE", "path": f"/{contract}/resources/{resource_id}"}


def read(path: str) -> Operation:
    """Read whatever is at a path."""
    return {"method": "GET", "path": path}


def send(
    client: Client, operations: Sequence[Operation], headers: Mapping[str, str] | None = None, **more: Any
) -> httpx2.Response:
    """Send a batch."""
    return client.post("/batch", json={"operations": operations, **more}, headers=headers)


def told(answer: httpx2.Response) -> dict[str, Any]:
    """The results and the summary of a batch, in either contract."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found: dict[str, Any] = body.get("data", body)
    return found


def run(client: Client, operations: Sequence[Operation], **more: Any) -> list[dict[str, Any]]:
    """Send a batch; the results."""
    results: list[dict[str, Any]] = told(send(client, operations, **more))["results"]
    return results


def statuses(results: Sequence[dict[str, Any]]) -> list[int]:
    """The statuses of results."""
    return [result["status"] for result in results]


def code(result: dict[str, Any]) -> str:
    """The code of the error in a result of either contract."""
    found: str = result["body"]["error"]["code"]
    return found
