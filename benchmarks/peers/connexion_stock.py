"""Stock Connexion with the project's own document: its routing, security and validation; handlers without storage."""

import argparse
from pathlib import Path
from typing import Any

import connexion
import uvicorn
import yaml
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolver
from connexion.spec import OpenAPISpecification

from benchmarks.peers import rows

DOCUMENT = Path(__file__).resolve().parents[2] / "openapi.yaml"
RESOURCE = {key: value for key, value in next(rows.resources(1)).items() if key not in ("account_id", "livemode")}


async def get_resource(id: str) -> tuple[dict[str, Any], int]:
    """Show a resource that nothing had to be read for."""
    answer = {"object": "resource", **RESOURCE, "id": id, "metrics": rows.metrics(), "limits": rows.limits()}
    return answer, 200


async def unused() -> tuple[dict[str, Any], int]:
    """Stand for the operations that are not measured."""
    return {"error": "not measured"}, 501


async def bearer_info(token: str) -> dict[str, Any] | None:
    """Accept the one key there is."""
    return {"sub": rows.ACCOUNT, "scope": "resources:read resources:write"} if token == rows.KEY else None


def resolve(operation: str) -> Any:
    """Find the function of an operation."""
    return get_resource if operation == "v2.resources.get_resource" else unused


def adapted() -> dict[str, Any]:
    """Take the project's document and say in it how keys are checked, as Connexion wants to be told."""
    document: dict[str, Any] = yaml.load(DOCUMENT.read_text(), yaml.CSafeLoader)
    document["components"]["securitySchemes"]["bearer"]["x-bearerInfoFunc"] = f"{bearer_info.__module__}.bearer_info"
    return document


def create_app() -> connexion.AsyncApp:
    """Build the app from the adapted document."""
    OpenAPISpecification.openapi_schema = {}  # Connexion knows the schema of OpenAPI 3.0 only and refuses 3.1 with it
    app = connexion.AsyncApp(__name__, swagger_ui_options=SwaggerUIOptions(swagger_ui=False, serve_spec=False))
    app.add_api(adapted(), resolver=Resolver(function_resolver=resolve))
    return app


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    uvicorn.run(create_app(), port=given.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
