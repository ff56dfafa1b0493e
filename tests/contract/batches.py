"""Errors that stand in the answer to a batch, as if each were an answer of its own."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.serving import Tenant


def rolled_back(tenant: Tenant, contract: str) -> httpx2.Response:
    """What an operation answers that could have been done if the one after it had not failed."""
    operations = [
        {"method": "GET", "path": f"/{contract}/resources"},
        {"method": "GET", "path": f"/{contract}/resources/123"},
    ]
    with tenant.client(f"/{contract}") as client:
        answer = client.post("/batch", json={"operations": operations, "atomic": True})
    body = answer.json()
    outcome: dict[str, Any] = body.get("data", body)["results"][0]
    headers = {name: answer.headers[name] for name in ("API-Version", "X-API-Stability") if name in answer.headers}
    headers["X-Request-Id"] = outcome["request_id"]
    return httpx2.Response(outcome["status"], headers=headers, json=outcome["body"])
