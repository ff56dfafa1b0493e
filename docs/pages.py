"""The error catalogue and the changelog as HTML."""

import base64
import datetime
import functools
import http
import itertools
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jinja2
import markupsafe

# These pages run no script and load nothing: style and fonts stand in the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECTIONS = (("/docs/errors", "Errors"), ("/docs/changelog", "Changelog"))

ASSETS = pathlib.Path(__file__).parent / "assets"
TEMPLATES = pathlib.Path(__file__).parent / "templates"

_JSON_TOKEN = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>-?\b[\w.+-]+\b)')


class Answer(NamedTuple):
    """What a contract answers with: the name of the contract, its code for the error, and the body."""

    contract: str
    code: str
    body: dict[str, Any]


class Version(NamedTuple):
    """A dated version: its day in words, what it changed, its contract's title, and the paths whose default it is."""

    date: str
    day: str
    changes: str
    title: str
    paths: str


class Group(NamedTuple):
    """The codes that share a status, in the order of the catalogue."""

    status: int
    phrase: str
    codes: list[str]


def error_index(raw: dict[str, Any]) -> bytes:
    """The page that lists every code of the catalogue, by status."""
    return render("error_index.html", **_catalogue(raw))


def error_page(raw: dict[str, Any], code: str) -> bytes | None:
    """The page about a code; None when the catalogue has no such code."""
    if code not in raw["x-errors"]:
        return None
    answers = [_answer(raw, code, contract) for contract in raw["x-contracts"]]
    return render("error_page.html", code=code, answers=answers, **_catalogue(raw))


def changelog(raw: dict[str, Any]) -> bytes:
    """The page that says what each dated version changed, newest first."""
    return render(
        "changelog.html", versions=[_version(raw, date) for date in sorted(raw["x-api-versions"])[::-1]], **_about(raw)
    )


def render(template: str, **values: Any) -> bytes:
    """A template filled with values, escaped, in UTF-8."""
    return _environment().get_template(template).render(values).encode()


def contract_title(contract: dict[str, Any]) -> str:
    """A contract's title, with its stability where that is not stable."""
    title, stability = contract["title"], contract["stability"]
    return str(title) if stability == "stable" else f"{title} ({stability})"


def resolved(raw: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A node, or the component that it refers to."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].split("/")[2:]
    component: dict[str, Any] = raw["components"][kind][name]
    return resolved(raw, component)


def _catalogue(raw: dict[str, Any]) -> dict[str, Any]:
    entries = raw["x-errors"]
    by_status = sorted(entries, key=lambda code: entries[code]["status"])
    groups = [
        Group(status, http.HTTPStatus(status).phrase, list(codes))
        for status, codes in itertools.groupby(by_status, lambda code: entries[code]["status"])
    ]
    return {**_about(raw), "entries": entries, "groups": groups}


def _about(raw: dict[str, Any]) -> dict[str, Any]:
    """What every page shows."""
    return {"api": raw["info"]["title"], "contact": raw["info"].get("contact", {}), "sections": SECTIONS}


def _version(raw: dict[str, Any], date: str) -> Version:
    entry = raw["x-api-versions"][date]
    day = datetime.date.fromisoformat(date)
    defaults = [f"`/{name}`" for name, contract in raw["x-contracts"].items() if contract["default_version"] == date]
    contract = contract_title(raw["x-contracts"][entry["contract"]])
    return Version(date, f"{day:%b} {day.day}, {day.year}", entry["changes"], contract, " and ".join(defaults))


def _answer(raw: dict[str, Any], code: str, contract: str) -> Answer:
    declared = raw["x-contracts"][contract]
    shown = raw["x-errors"][code].get(contract, code)
    body = _example(raw, code, contract) or _composed(raw, code, contract)
    return Answer(contract_title(declared), shown, body)


def _example(raw: dict[str, Any], code: str, contract: str) -> dict[str, Any] | None:
    """The body that the responses show for a code; of several, the one named after the code or with its message."""
    entry = raw["x-errors"][code]
    shown = entry.get(contract, code)
    found = dict(_examples(raw, raw["x-contracts"][contract]["dialect"], shown))
    shared = sum(other.get(contract) == shown for other in raw["x-errors"].values()) > 1
    for name, body in found.items():
        if not shared or name == code or body["error"]["message"] == entry["message"]:
            return body
    return None


def _examples(raw: dict[str, Any], dialect: str, shown: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The error bodies that show a code in a dialect, by the name of the example."""
    for response in raw["components"]["responses"].values():
        for name, example in response.get("content", {}).get("application/json", {}).get("examples", {}).items():
            body = resolved(raw, example)["value"]
            if body.get("error", {}).get("code") == shown and ("status" in body) == (dialect == "envelope"):
                yield name, body


def _composed(raw: dict[str, Any], code: str, contract: str) -> dict[str, Any]:
    """The body of an error that no example shows in this contract, from the catalogue and the other contracts."""
    entry = raw["x-errors"][code]
    request = "req_8a7b6c5d4e3f2g1h"
    bare = {
        "type": entry["type"],
        "code": code,
        "message": entry["message"],
        "param": None,
        "doc_url": f"https://docs.example.com/errors/{code}",
        "request_id": request,
        "request_log_url": f"https://dashboard.example.com/logs/{request}",
    }
    if raw["x-contracts"][contract]["dialect"] == "bare":
        return {"error": bare}
    for other, declared in raw["x-contracts"].items():
        example = _example(raw, code, other) if declared["dialect"] == "bare" else None
        bare = example["error"] if example else bare
    error = {"code": entry[contract], "message": bare["message"]}
    if bare.get("errors"):
        first = bare["errors"][0]
        error["details"] = {"field": first["param"], "reason": first["reason"]}
    return {"status": "error", "error": error}


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["font"] = _font
    environment.filters |= {"prose": _prose, "json": _json}
    return environment


@functools.cache
def _font(name: str) -> markupsafe.Markup:
    """A vendored font as the value of a CSS `src`."""
    content = base64.b64encode((ASSETS / f"{name}.woff2").read_bytes()).decode()
    return markupsafe.Markup(f"url(data:font/woff2;base64,{content}) format('woff2')")  # noqa: S704


def _prose(text: str) -> markupsafe.Markup:
    """Text of the document, with what stands in backticks as code."""
    pieces = text.split("`")
    code = markupsafe.Markup("<code>{}</code>")
    return markupsafe.Markup("").join(code.format(piece) if index % 2 else piece for index, piece in enumerate(pieces))


def _json(value: Any) -> markupsafe.Markup:
    """JSON over several lines, marked for the style: each line by its depth, each token by its kind."""
    line_of = markupsafe.Markup('<span class="line" style="--depth: {}">{}</span>').format
    lines = json.dumps(value, indent=2, ensure_ascii=False).splitlines()
    return markupsafe.Markup("\n").join(line_of((len(line) - len(line.lstrip())) // 2, _marked(line)) for line in lines)


def _marked(line: str) -> markupsafe.Markup:
    marked = markupsafe.Markup("")
    end = 0
    for match in _JSON_TOKEN.finditer(line):
        marked += line[end : match.start()]
        marked += markupsafe.Markup('<span class="{}">{}</span>').format(match.lastgroup, match.group())
        end = match.end()
    return marked + line[end:]
