"""The `x-` extensions that openapi.yaml may use, as data."""

from typing import Any, NamedTuple

import yaml

from contract import servers

PLACES = {
    "root": "the document's root",
    "server": "a server",
    "operation": "an operation",
    "parameter": "a parameter",
    "property": "a property of a schema",
    "schema": "a component schema",
}


class Extension(NamedTuple):
    """One extension: where it may stand (keys of PLACES), the JSON Schema of its value, what it does, an example."""

    name: str
    places: tuple[str, ...]
    schema: dict[str, Any]
    effect: str
    example: Any


_TEXT = {"type": "string", "minLength": 1}
_NAME = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_COUNT = {"type": "integer", "minimum": 1}
_DATE = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


def _record(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _table(keys: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "propertyNames": keys, "additionalProperties": values}


_DECLARED = (
    Extension(
        "x-contracts",
        ("root",),
        _table(
            {"pattern": "^v[1-9][0-9]*$"},
            _record(
                title=_TEXT,
                dialect={"type": "string", "enum": ["envelope", "bare"]},
                stability={"type": "string", "enum": ["stable", "beta"]},
                default_version=_DATE,
            ),
        ),
        "Names each contract, which is the first segment of its paths, and says in which dialect it answers, how "
        "stable it is and which dated version a request to it has when nothing else decides.",
        {"v1": {"title": "Version 1", "dialect": "envelope", "stability": "stable", "default_version": "2023-09-15"}},
    ),
    Extension(
        "x-api-versions",
        ("root",),
        _table(
            _DATE,
            _record(
                contract={"type": "string"}, limits={"type": "string", "enum": ["hourly", "minutely"]}, changes=_TEXT
            ),
        ),
        "Lists the dated versions, oldest first, the contract that answers each, which limits hold in it and what came "
        "with it. `hourly` is the plan's requests per hour alone; `minutely` is all its other numbers.",
        {"2023-09-15": {"contract": "v1", "limits": "hourly", "changes": "Added webhook signature verification."}},
    ),
    Extension(
        "x-max-body-bytes",
        ("root",),
        {"type": "integer", "minimum": 1},
        "Says how many bytes a request body may have; a larger one is answered 413.",
        10485760,
    ),
    Extension(
        "x-plans",
        ("root",),
        _table(
            _NAME,
            _record(
                requests_per_hour=_COUNT,
                requests_per_minute=_COUNT,
                burst=_COUNT,
                concurrent_requests=_COUNT,
                monthly_quota={"type": ["integer", "null"], "minimum": 0},
            ),
        ),
        "Names the plans and what each allows an account in live mode: the requests in an hour, which starts on the "
        "hour in UTC; the requests in a minute; the `burst` of requests that may come at once after a pause, refilled "
        "at the rate per minute, which takes an hour at most; the requests under way at once; the requests in a "
        "calendar month in UTC, where null is no limit. Single numbers can be agreed otherwise with an account.",
        {
            "free": {
                "requests_per_hour": 100,
                "requests_per_minute": 60,
                "burst": 100,
                "concurrent_requests": 10,
                "monthly_quota": 10000,
            }
        },
    ),
    Extension(
        "x-scopes",
        ("root",),
        _table({"pattern": "^[a-z][a-z0-9_]*:[a-z][a-z0-9_]*$"}, _TEXT),
        "Names the scopes that a key can have and says what each allows; an operation's `security` asks for them.",
        {"resources:read": "Read resources."},
    ),
    Extension(
        "x-roles",
        ("root",),
        _table(
            _NAME,
            {
                "type": "array",
                "items": {
                    "type": "string",
                    "pattern": "^([*]|[*]:[a-z][a-z0-9_]*|[a-z][a-z0-9_]*:([a-z][a-z0-9_]*|[*]))$",
                },
                "uniqueItems": True,
            },
        ),
        "Names the roles of users and the scopes that each may have: by name, by kind (`resources:*`), by action "
        "(`*:read`) or all (`*`). A key that belongs to a user has its own scopes within those of the user's role.",
        {"member": ["*:read", "resources:*"]},
    ),
    Extension(
        "x-errors",
        ("root",),
        _table(
            _NAME,
            _record(
                status={"type": "integer", "minimum": 400, "maximum": 599},
                type=_NAME,
                v1={"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
                message=_TEXT,
                meaning=_TEXT,
                recovery=_TEXT,
            ),
        ),
        "Is the catalogue of errors: for each code its status, its type in the bare dialect, its code in the envelope "
        "dialect, the message when nothing more exact is known, what it means and how to recover.",
        {
            "scope_missing": {
                "status": 403,
                "type": "permission_error",
                "v1": "FORBIDDEN",
                "message": "The API key lacks a scope that this operation needs.",
                "meaning": "The key is valid but was not given the scope that the message names.",
                "recovery": "Use a key with that scope, or give the scope to this key.",
            }
        },
    ),
    Extension(
        "x-environment",
        ("server",),
        {"type": "string", "enum": list(servers.ENVIRONMENTS)},
        "Says which environment the server is. Answers at its host are marked so, and a sandbox takes test keys only.",
        "sandbox",
    ),
    Extension(
        "x-region",
        ("server",),
        {"type": "string", "enum": list(servers.REGIONS)},
        "Says in which region the server is. Only keys of accounts of that region are served at its host.",
        "eu",
    ),
    Extension(
        "x-attribute",
        ("parameter", "property"),
        _NAME,
        "Names the domain attribute or argument that holds the value, where it differs from the name on the wire.",
        "configuration",
    ),
    Extension(
        "x-scale",
        ("property",),
        {"type": "integer", "minimum": 2},
        "Makes the domain's number this many times the number on the wire; the property must be a number.",
        1000,
    ),
    Extension(
        "x-values",
        ("parameter",),
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "integer", "boolean"]}},
        "Maps values on the wire, which the parameter's `enum` must list, to the domain's; others stay as they are.",
        {"created_at": "created"},
    ),
    Extension(
        "x-lists",
        ("schema",),
        {"type": "string", "enum": ["scopes", "roles", "versions", "events"]},
        "Holds the schema's `enum` against what the root declares: `scopes` are those of x-scopes, each kind with `*` "
        "(`resources:*`), and `*`; `roles` those of x-roles; `versions` those of x-api-versions; `events` the types of "
        "events under `webhooks`, each kind with `*` (`resource.*`), and `*`.",
        "scopes",
    ),
    Extension(
        "x-expand",
        ("property",),
        _NAME,
        "Shows the property only when `expand[]` has this value. With `oneOf`, the first alternative is shown "
        "otherwise and the second when expanded.",
        "logs",
    ),
    Extension(
        "x-expand-scopes",
        ("schema",),
        _table(_NAME, _TEXT),
        "Says for values of `expand[]` which scope a key needs to have them shown, beside those of the operation.",
        {"logs": "logs:read"},
    ),
    Extension(
        "x-payload",
        ("schema",),
        {"type": "string", "pattern": "^v[1-9][0-9]*$"},
        "Says that the schema is an event, which is shown as `webhooks` describes its type in this contract.",
        "v2",
    ),
    Extension(
        "x-deprecated",
        ("operation",),
        {**_record(since=_DATE, sunset=_DATE, successor=_TEXT), "required": ["since", "sunset"]},
        "Says of a `deprecated` operation since when it is, on which day it ends, at least 180 days later, and which "
        "operation follows it; every answer says so in `Deprecation`, `Sunset` and `Link`.",
        {"since": "2024-01-15", "sunset": "2024-07-15", "successor": "v2.jobs.list_jobs"},
    ),
    Extension(
        "x-batch",
        ("operation",),
        {"const": True},
        "Runs the `operations` in the request's body through their own endpoints before the handler sums up. Each is "
        "held against its own scopes, so that the operation itself may need none.",
        True,
    ),
    Extension(
        "x-opaque",
        ("property",),
        {"const": True},
        "Passes the value on as it is: where it goes it is checked, so what it may hold needs no bounds here.",
        True,
    ),
)

EXTENSIONS = {extension.name: extension for extension in _DECLARED}

_HEAD = """\
# The `x-` extensions of openapi.yaml

<!-- Made from contract/vocabulary.py; a test compares the two. -->

OpenAPI says what goes over the wire. These extensions say the rest: what the server enforces, and how the wire and the
domain belong together. No others exist: an unknown one, one in the wrong place and one of the wrong form are errors.

| extension | stands on | what it does |
|---|---|---|
"""


def page() -> str:
    """The page that documents the extensions, in Markdown."""
    rows = (f"| [`{each.name}`](#{each.name}) | {_places(each)} | {each.effect} |" for each in EXTENSIONS.values())
    return _HEAD + "\n".join([*rows, *map(_section, EXTENSIONS.values())]) + "\n"


def _places(extension: Extension) -> str:
    return " or ".join(PLACES[place] for place in extension.places)


def _section(extension: Extension) -> str:
    schema = _yaml(extension.schema)
    example = _yaml({extension.name: extension.example})
    return (
        f"\n## {extension.name}\n\n{extension.effect} It stands on {_places(extension)}.\n\n"
        f"```yaml\n{example}```\n\nIts form, as a JSON Schema:\n\n```yaml\n{schema}```"
    )


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110)


class _Plain(yaml.SafeDumper):
    """Writes a repeated value out instead of as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
