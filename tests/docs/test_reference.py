import copy
import gzip
import html.parser
import json
import re
from typing import Any

import openapi_spec_validator
import pytest

from docs import pages, reference

BASE_URL = "http://127.0.0.1:8123"
METHODS = ("get", "put", "post", "patch", "delete")
HOSTILE = "</script><script>alert(1)</script><!-- <script> \u2028 \u2029 & ]]>"


class Page(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the text of each script by its place."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._into: list[str] | None = None
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._into = {"script": self.scripts, "style": self.styles}.get(tag)
        if self._into is not None:
            self._into.append("")

    def handle_endtag(self, tag: str) -> None:
        self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] += data


def configuration(content: bytes) -> dict[str, Any]:
    """What the page gives to Scalar."""
    found = re.search(rb'<script id="configuration" type="application/json">(.*?)</script>', content, re.DOTALL)
    assert found
    parsed: dict[str, Any] = json.loads(found[1])
    return parsed


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations of a document by method and path."""
    return {
        f"{method} {path}": item[method] for path, item in document["paths"].items() for method in METHODS & item.keys()
    }


@pytest.fixture(scope="module")
def content(raw: dict[str, Any]) -> bytes:
    return reference.reference(raw, BASE_URL)


@pytest.fixture(scope="module")
def sources(content: bytes) -> dict[str, dict[str, Any]]:
    return {source["slug"]: source for source in configuration(content)["sources"]}


def test_both_contracts_are_there_and_the_stable_one_comes_first(sources: dict[str, dict[str, Any]]) -> None:
    titles = {slug: (source["title"], source["default"]) for slug, source in sources.items()}
    assert titles == {"v1": ("Version 1", True), "v2": ("Version 2 (beta)", False)}  # A074 A075


def test_every_operation_stands_in_its_contract_and_only_there(
    raw: dict[str, Any], sources: dict[str, dict[str, Any]]
) -> None:
    for slug, source in sources.items():
        expected = {name: op for name, op in operations(raw).items() if f" /{slug}/" in name}
        shown = operations(source["content"])
        assert {name: op["summary"] for name, op in shown.items()} == {
            name: op["summary"] for name, op in expected.items()
        }
        assert shown, f"{slug} shows no operation"
    assert sum(len(operations(source["content"])) for source in sources.values()) == len(operations(raw))


def test_every_type_of_event_is_shown_as_its_contract_sends_it(
    raw: dict[str, Any], sources: dict[str, dict[str, Any]]
) -> None:
    for slug, source in sources.items():
        assert source["content"]["webhooks"] == {
            name.removeprefix(f"{slug}."): item for name, item in raw["webhooks"].items() if name.startswith(f"{slug}.")
        }
        assert "resource.status_changed" in source["content"]["webhooks"]


def test_every_schema_that_an_operation_uses_is_shown(raw: dict[str, Any], sources: dict[str, dict[str, Any]]) -> None:
    shown = {name for source in sources.values() for name in source["content"]["components"]["schemas"]}
    unused = raw["components"]["schemas"].keys() - shown
    text = json.dumps(raw)
    assert not {name for name in unused if f'"#/components/schemas/{name}"' in text}
    assert "V1Error" not in sources["v2"]["content"]["components"]["schemas"]
    assert "Error" not in sources["v1"]["content"]["components"]["schemas"]


def test_each_source_is_a_valid_document_of_its_own(sources: dict[str, dict[str, Any]]) -> None:
    for source in sources.values():
        openapi_spec_validator.validate(source["content"])


def test_each_source_keeps_no_component_that_it_does_not_use(sources: dict[str, dict[str, Any]]) -> None:
    for slug, source in sources.items():
        text = json.dumps(source["content"])
        for kind, entries in source["content"]["components"].items():
            for name in entries:
                used = f'"{name}"' if kind == "securitySchemes" else f'"#/components/{kind}/{name}"'
                assert used in text, f"{slug}: {kind} {name}"


def test_what_only_the_server_understands_is_left_out(sources: dict[str, dict[str, Any]]) -> None:
    text = json.dumps({slug: source["content"] for slug, source in sources.items()})
    assert set(re.findall(r'"(x-[a-zA-Z-]+)":', text)) <= reference.SHOWN_EXTENSIONS


def test_names_and_values_that_look_like_extensions_stay(raw: dict[str, Any]) -> None:
    changed = copy.deepcopy(raw)
    schema = changed["components"]["schemas"]["ResourceCreate"]
    schema["properties"]["x-colour"] = {"type": "string", "x-attribute": "colour", "default": {"x-kept": 1}}
    shown = reference.contract_document(changed, "v2", None)["components"]["schemas"]["ResourceCreate"]
    assert shown["properties"]["x-colour"] == {"type": "string", "default": {"x-kept": 1}}


def test_the_document_given_stays_as_it_is(raw: dict[str, Any]) -> None:
    before = json.dumps(raw)
    reference.reference(raw, BASE_URL)
    assert json.dumps(raw) == before


def test_a_path_of_no_contract_stands_in_every_source(raw: dict[str, Any]) -> None:
    item = {"get": {"operationId": "health", "summary": "Is it up?", "responses": {"204": {"description": "Yes."}}}}
    changed = {**raw, "paths": {**raw["paths"], "/health": item}}
    for contract in raw["x-contracts"]:
        assert "/health" in reference.contract_document(changed, contract, None)["paths"]


def test_tags_and_their_groups_without_an_operation_are_left_out(raw: dict[str, Any]) -> None:
    groups = [{"name": "Used", "tags": [raw["tags"][0]["name"], "Idle"]}, {"name": "Unused", "tags": ["Idle"]}]
    changed = {**raw, "tags": [*raw["tags"], {"name": "Idle"}], "x-tagGroups": groups}
    shown = reference.contract_document(changed, "v1", None)
    assert "Idle" not in [tag["name"] for tag in shown["tags"]]
    assert shown["x-tagGroups"] == [{"name": "Used", "tags": [raw["tags"][0]["name"]]}]


def test_the_running_server_is_the_first_one(raw: dict[str, Any], sources: dict[str, dict[str, Any]]) -> None:
    for source in sources.values():
        assert [server["url"] for server in source["content"]["servers"]] == [
            BASE_URL,
            *(server["url"] for server in raw["servers"]),
        ]
    listed = reference.contract_document(raw, "v1", None)["servers"]
    assert [server["url"] for server in listed] == [server["url"] for server in raw["servers"]]


def test_a_server_that_the_document_knows_is_not_listed_twice(raw: dict[str, Any]) -> None:
    known = raw["servers"][-1]
    servers = reference.contract_document(raw, "v1", known["url"] + "/")["servers"]
    assert servers[0]["url"] == known["url"]
    assert len(servers) == len(raw["servers"])


def test_the_reference_has_its_four_parts(sources: dict[str, dict[str, Any]]) -> None:  # A002
    for source in sources.values():
        introduction = source["content"]["info"]["description"]
        assert {"Authentication", "Request format"} <= set(re.findall(r"^## (.+)$", introduction, re.MULTILINE))
        for name, operation in operations(source["content"]).items():
            answers = [each for status, each in operation["responses"].items() if status.startswith("2")]
            media = [each for answer in answers for each in answer.get("content", {}).values()]
            media += operation.get("requestBody", {}).get("content", {}).values()
            assert all(each["examples"] for each in media), f"{name} lacks an example"


def test_samples_send_what_is_required_and_no_more(sources: dict[str, dict[str, Any]]) -> None:
    for source in sources.values():
        for name, operation in operations(source["content"]).items():
            for parameter in operation["parameters"]:
                if parameter.get("required"):
                    assert "example" in parameter, f"{name} {parameter['name']}"
                    continue
                examples = parameter.get("examples")
                assert examples, f"{name}: without an example, the optional {parameter['name']} is on in every sample"
                assert all(example["x-disabled"] for example in examples.values())
                for media in operation.get("requestBody", {}).get("content", {}).values():
                    assert examples.keys() >= media["examples"].keys(), f"{name} {parameter['name']}"


def test_a_parameter_with_several_examples_is_left_out_with_its_first(raw: dict[str, Any]) -> None:
    changed = copy.deepcopy(raw)
    changed["components"]["examples"]["Second"] = {"value": 2}
    page_number = changed["components"]["parameters"]["Page"]
    del page_number["example"]
    page_number["examples"] = {"second": {"$ref": "#/components/examples/Second"}, "third": {"value": 3}}
    listed = operations(reference.contract_document(changed, "v1", None))["get /v1/resources"]
    shown = next(parameter for parameter in listed["parameters"] if parameter["name"] == "page")
    assert shown["examples"] == {"default": {"value": 2, "x-disabled": True}}


def test_the_introduction_leads_to_the_error_catalogue(sources: dict[str, dict[str, Any]]) -> None:
    for source in sources.values():
        assert "(/docs/errors)" in source["content"]["info"]["description"]
        assert "(/docs/changelog)" in source["content"]["info"]["description"]


def test_the_version_shown_is_that_of_the_contract(raw: dict[str, Any], sources: dict[str, dict[str, Any]]) -> None:
    for slug, source in sources.items():
        assert source["content"]["info"]["version"] == raw["x-contracts"][slug]["default_version"]


def test_nothing_of_scalars_services_is_on(content: bytes) -> None:
    options = configuration(content)
    assert options["telemetry"] is False
    assert options["withDefaultFonts"] is False
    assert options["agent"] == options["mcp"] == {"disabled": True}
    assert options["showDeveloperTools"] == "never"
    assert options["hideClientButton"] is True
    assert "proxyUrl" not in options


def test_the_page_loads_nothing(content: bytes) -> None:
    page = Page(content)
    loading = [attributes for _, attributes in page.elements if {"src", "srcset", "data", "action"} & attributes.keys()]
    assert not loading
    assert all(attrs["href"] and attrs["href"].startswith("data:") for tag, attrs in page.elements if tag == "link")
    style = "".join(page.styles)
    assert "@import" not in style
    assert all(target.startswith("data:font/woff2;base64,") for target in re.findall(r"url\((.{,30})", style))
    assert style.count("@font-face") == 2


def test_the_page_has_the_three_scripts_that_it_should_have(content: bytes) -> None:
    bundle, given, start = Page(content).scripts
    published = gzip.decompress((pages.ASSETS / "scalar.js.gz").read_bytes()).decode()
    assert bundle.replace("\\x3c", "<") == published.replace("\\x3c", "<")
    assert json.loads(given)["sources"]
    assert start.strip().startswith("Scalar.createApiReference(")


def test_no_text_of_the_document_leaves_its_script(raw: dict[str, Any]) -> None:
    changed = copy.deepcopy(raw)
    changed["info"] |= {"title": HOSTILE, "summary": HOSTILE, "description": HOSTILE}
    changed["components"]["schemas"]["ResourceName"]["description"] = HOSTILE
    changed["x-contracts"]["v1"]["title"] = HOSTILE
    content = reference.reference(changed, f"http://127.0.0.1/{HOSTILE}")
    page = Page(content)
    assert len(page.scripts) == 3
    assert sum(tag == "script" for tag, _ in page.elements) == 3
    assert b"alert(1)</script>" not in content
    assert "\u2028" not in page.scripts[1]
    given = configuration(content)["sources"][0]
    assert given["title"] == HOSTILE
    assert given["content"]["components"]["schemas"]["ResourceName"]["description"] == HOSTILE


def test_the_policy_lets_the_page_reach_its_own_server_only() -> None:
    directives = dict(part.strip().split(" ", 1) for part in reference.CONTENT_SECURITY_POLICY.split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert not re.search(r"https?:|\*|unsafe-eval", reference.CONTENT_SECURITY_POLICY)
