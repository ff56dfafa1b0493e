"""The API reference as one HTML page: Scalar, the document of each contract and the fonts, and nothing to load."""

import gzip
import http
import json
import re
from collections.abc import Iterator
from typing import Any

import markupsafe

from docs import pages

# Scalar is one inline script that styles its elements inline; "Test request" reaches this server and no other.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# Everything else that begins with x- steers the server and says nothing to readers.
SHOWN_EXTENSIONS = frozenset(
    {"x-badges", "x-codeSamples", "x-displayName", "x-tagGroups"}
    | {"x-disabled", "x-enum-descriptions", "x-enum-varnames"}
)

# The keys of these objects are names that somebody chose, so one that begins with x- is no extension.
_MAPS = frozenset(
    {"callbacks", "content", "encoding", "examples", "headers", "links", "parameters", "pathItems", "paths"}
    | {"properties", "requestBodies", "responses", "schemas", "securitySchemes", "variables", "webhooks"}
    | {"$defs", "dependentSchemas", "mapping", "patternProperties", "scopes"}
)
_LITERALS = frozenset({"const", "default", "enum", "example", "value"})

_OPTIONS: dict[str, Any] = {
    "agent": {"disabled": True},
    "defaultOpenAllTags": True,
    "defaultHttpClient": {"targetKey": "shell", "clientKey": "curl"},
    "hideClientButton": True,
    "mcp": {"disabled": True},
    "modelsSectionLabel": "Schemas",
    "orderSchemaPropertiesBy": "preserve",
    "showDeveloperTools": "never",
    "telemetry": False,
    "withDefaultFonts": False,
}

_PAGES = (
    "Every code is explained in the [error catalogue](/docs/errors), and what each version changed is in the "
    "[changelog](/docs/changelog)."
)


def reference(raw: dict[str, Any], base_url: str | None) -> bytes:
    """The page of the reference; `base_url` is the server that samples and "Test request" use first."""
    return pages.render(
        "reference.html",
        title=raw["info"]["title"],
        summary=raw["info"].get("summary", ""),
        bundle=_bundle(),
        configuration=_inline({**_OPTIONS, "sources": sources(raw, base_url)}),
    )


def sources(raw: dict[str, Any], base_url: str | None) -> list[dict[str, Any]]:
    """Scalar's sources, one for each contract; the first stable contract is shown first."""
    contracts = raw["x-contracts"]
    first = next((name for name in contracts if contracts[name]["stability"] == "stable"), next(iter(contracts)))
    return [
        {
            "title": pages.contract_title(contracts[name]),
            "slug": name,
            "default": name == first,
            "content": contract_document(raw, name, base_url),
        }
        for name in contracts
    ]


def contract_document(raw: dict[str, Any], contract: str, base_url: str | None) -> dict[str, Any]:
    """The document of a contract: its paths and those of no contract, and only the components that they use."""
    others = set(raw["x-contracts"]) - {contract}
    paths = {path: _sampled(raw, item) for path, item in raw["paths"].items() if path.split("/")[1] not in others}
    shown = {"paths": paths, "webhooks": _webhooks(raw, contract)}
    used = {tag for operation in _every_operation(shown) for tag in operation.get("tags", [])}
    groups = [{**group, "tags": [tag for tag in group["tags"] if tag in used]} for group in raw.get("x-tagGroups", [])]
    info = {
        **raw["info"],
        "version": raw["x-contracts"][contract]["default_version"],
        "description": f"{raw['info'].get('description', '').rstrip()}\n\n{_PAGES}\n",
    }
    document = {**raw, "info": info, "servers": _servers(raw.get("servers", []), base_url), **shown}
    document["tags"] = [tag for tag in raw.get("tags", []) if tag["name"] in used]
    if groups:
        document["x-tagGroups"] = [group for group in groups if group["tags"]]
    readable: dict[str, Any] = _readable({**document, "components": _components(raw, document)})
    return readable


def _webhooks(raw: dict[str, Any], contract: str) -> dict[str, Any]:
    """What a contract sends, by the type of event, such as `resource.created`."""
    named = ((*name.partition("."), item) for name, item in raw.get("webhooks", {}).items())
    return {event: item for owner, _, event, item in named if owner == contract}


def _operations(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {key: value for key, value in item.items() if key.upper() in http.HTTPMethod.__members__}


def _every_operation(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in [*document["paths"].values(), *document.get("webhooks", {}).values()]:
        yield from _operations(item).values()


def _sampled(raw: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """A path item whose samples leave out what is optional: an example of `If-Match` would make them fail."""
    sampled = {key: value for key, value in item.items() if key != "parameters"}
    for method, operation in _operations(item).items():
        bodies = pages.resolved(raw, operation.get("requestBody", {})).get("content", {}).values()
        # Scalar looks for the parameter's example that is named as the body's, and switches on what has none.
        names = [name for body in bodies for name in body.get("examples", {})] or ["default"]
        parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
        sampled[method] = {**operation, "parameters": [_left_out(raw, each, names) for each in parameters]}
    return sampled


def _left_out(raw: dict[str, Any], parameter: dict[str, Any], names: list[str]) -> dict[str, Any]:
    parameter = pages.resolved(raw, parameter)
    given = [{"value": parameter["example"]}] if "example" in parameter else [*parameter.get("examples", {}).values()]
    if parameter.get("required") or not given:
        return parameter
    example = {**pages.resolved(raw, given[0]), "x-disabled": True}
    others = {key: value for key, value in parameter.items() if key != "example"}
    return {**others, "examples": dict.fromkeys(names, example)}


def _servers(servers: list[dict[str, Any]], base_url: str | None) -> list[dict[str, Any]]:
    if base_url is None:
        return servers
    url = base_url.rstrip("/")
    same = [server for server in servers if server["url"] == url]
    return [*(same or [{"url": url, "description": "This server"}]), *(s for s in servers if s["url"] != url)]


def _components(raw: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The components that a document reaches by reference or by the name of a security scheme."""
    every = raw["components"]
    known = {(kind, name) for kind, entries in every.items() for name in entries}
    guarded = [document, *_every_operation(document)]
    schemes = {name for node in guarded for requirement in node.get("security", []) for name in requirement}
    roots = {key: value for key, value in document.items() if key != "components"}
    waiting = {*_references(roots), *(("securitySchemes", name) for name in schemes)} & known
    reached: set[tuple[str, str]] = set()
    while waiting:
        reached |= waiting
        waiting = {found for kind, name in waiting for found in _references(every[kind][name])} & known - reached
    return {
        kind: {name: value for name, value in entries.items() if (kind, name) in reached}
        for kind, entries in every.items()
        if any((kind, name) in reached for name in entries)
    }


def _references(node: Any) -> Iterator[tuple[str, str]]:
    """The components that are named anywhere in a node."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)
        elif isinstance(node, str) and node.startswith("#/components/"):
            kind, _, name = node.removeprefix("#/components/").partition("/")
            yield kind, name.partition("/")[0]


def _readable(node: Any, names: bool = False) -> Any:
    """A copy of a node without the extensions that say nothing to readers; with `names`, its keys are names."""
    if isinstance(node, list):
        return [_readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {key: _readable(value) for key, value in node.items()}
    return {
        key: value if _literal(key, value) else _readable(value, names=key in _MAPS)
        for key, value in node.items()
        if not key.startswith("x-") or key in SHOWN_EXTENSIONS
    }


def _literal(key: str, value: Any) -> bool:
    return key in _LITERALS or key in SHOWN_EXTENSIONS or (key == "examples" and isinstance(value, list))


def _bundle() -> markupsafe.Markup:
    """Scalar's script, with what would end or confuse a <script> element written as an escape."""
    script = gzip.decompress((pages.ASSETS / "scalar.js.gz").read_bytes()).decode()
    return markupsafe.Markup(re.sub(r"<(?=/script|script|!--)", r"\\x3c", script, flags=re.IGNORECASE))  # noqa: S704


def _inline(value: Any) -> markupsafe.Markup:
    """JSON that may stand in a <script> element, whatever it says."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return markupsafe.Markup(re.sub("[<>&\u2028\u2029]", lambda match: f"\\u{ord(match.group()):04x}", text))  # noqa: S704
