"""A document that disagrees with the code does not start, and says where; one that agrees needs nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest

from contract import compiler, lint
from contract import document as documents
from contract.compiler import CompiledContract
from contract.document import Finding, SpecError
from contract.middleware import HandlerResolver
from gateway.settings import ROOT
from tests import serving

TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
UNIX_TIME = "{$ref: '#/components/schemas/UnixTime'}"
MISSPELT = ("        - name: starting_after\n", "        - name: start_after\n")
DELETED = "      responses:\n        '200':\n          description: The resource is gone."


def compiled(text: str, package: str = "handlers") -> CompiledContract:
    """A document compiled against the handlers of a package."""
    document = documents.parse(text)
    specification = compiler.specification(document)
    return compiler.compile_document(document, specification, HandlerResolver(package), check_answers=True)


def replaced(old: str, new: str, text: str = TEXT) -> str:
    """The document with one place changed."""
    assert text.count(old) == 1, f"{text.count(old)} × {old}"
    return text.replace(old, new)


def refusal(text: str, package: str = "handlers") -> list[Finding]:
    """Why a document does not start."""
    with pytest.raises(SpecError) as refused:
        compiled(text, package)
    for finding in refused.value.findings:
        assert f"openapi.yaml:{finding.line}  " in str(refused.value)
        assert finding.mend
        assert finding.mend in str(refused.value)
    return refused.value.findings


def within(component: str, old: str, new: str) -> str:
    """The document with the first place after a component's name changed."""
    start = TEXT.index(component)
    assert old in TEXT[start:]
    return TEXT[:start] + TEXT[start:].replace(old, new, 1)


def line_of(text: str, *marks: str) -> int:
    """The line of the last mark, each looked for after the one before it."""
    place = -1
    for mark in marks:
        place = text.index(mark, place + 1)
    return text.count("\n", 0, place + len(mark) - len(mark.lstrip("\n"))) + 1


def test_the_document_agrees_with_the_code() -> None:  # D05
    operations = compiled(TEXT).operations
    names = [node.operation["operationId"] for node in documents.parse(TEXT).operations()]
    assert list(operations) == names
    for operation in operations.values():
        contract, kind, function = operation.id.split(".")
        assert operation.contract.name == contract
        assert (operation.handler.__module__, operation.handler.__name__) == (f"handlers.{kind}", function)


def test_a_missing_handler_is_given_as_a_stub_to_paste() -> None:  # D08
    text = replaced("operationId: v2.resources.list_resources", "operationId: v2.resources.browse_resources")
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "\n  /v2/resources:", "\n    get:")
    assert "v2.resources.browse_resources has no handler" in finding.message
    assert "handlers/resources.py" in finding.mend
    check_stub(finding.mend, "browse_resources", ["call", "query"])


def check_stub(mend: str, name: str, arguments: list[str]) -> None:
    """The stub is Python that a person can paste."""
    (function,) = [
        node for node in ast.walk(ast.parse(mend[mend.index("def ") :])) if isinstance(node, ast.FunctionDef)
    ]
    assert (function.name, [argument.arg for argument in function.args.args]) == (name, arguments)
    assert function.args.args[0].annotation is not None


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("update_resource", ["call", "id", "body"]),
        ("create_resource", ["call", "body"]),
        ("get_resource", ["call", "id", "query"]),
    ],
)
def test_a_stub_has_the_arguments_that_the_document_sends(operation: str, arguments: list[str]) -> None:  # D08
    text = TEXT.replace(f"v2.resources.{operation}", f"v2.gadgets.{operation.replace('resource', 'gadget')}")
    (finding,) = refusal(text)
    assert "handlers/gadgets.py" in finding.mend
    check_stub(finding.mend, operation.replace("resource", "gadget"), arguments)


def test_an_argument_that_the_handler_does_not_take_is_named() -> None:
    schema = "{type: boolean}"
    parameter = f"        - {{name: force, in: query, description: Whether to insist., schema: {schema}}}\n"
    text = replaced(DELETED, parameter + DELETED)
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "\n  /v2/resources/{id}:", "\n    delete:")
    assert "the handler takes (call, id), the document sends (call, id, query)" in finding.message
    source = (ROOT / "handlers" / "resources.py").read_text(encoding="utf-8")
    assert f"handlers/resources.py:{line_of(source, 'def delete_resource')}" in finding.mend


def test_an_argument_that_the_document_does_not_send_is_named() -> None:
    start = TEXT.index("      requestBody:", TEXT.index("operationId: v2.resources.update_resource"))
    text = TEXT[:start] + TEXT[TEXT.index("      responses:", start) :]
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "\n  /v2/resources/{id}:", "\n    patch:")
    assert "the handler takes (call, id, body), the document sends (call, id)" in finding.message


def test_a_query_parameter_that_the_handler_does_not_know_is_named() -> None:
    text = within("operationId: v2.resources.list_resources", *MISSPELT)
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "- name: start_after")
    assert "no 'start_after'" in finding.message
    assert "did you mean 'starting_after'?" in finding.message
    assert "ResourceQuery" in finding.mend


def test_a_parameter_that_the_handler_relies_on_must_always_be_sent() -> None:
    text = within("    Limit:\n", "        default: 20\n", "")
    findings = refusal(text)
    assert line_of(text, "\n  /v2/resources:", "\n    get:") in [finding.line for finding in findings]
    assert all("'limit'" in finding.message for finding in findings)


BODY_FIELDS = {
    "a field": (
        "    ResourceUpdate:\n",
        ("        name: {$ref", "        nam: {$ref"),
        ("body is a ResourceUpdate", "no 'nam'", "did you mean 'name'?"),
    ),
    "a nested field": (
        "    ConfigurationCreate:\n",
        ("        batch_size: {", "        batch_sizes: {"),
        ("body.configuration is a Settings", "no 'batch_sizes'", "did you mean 'batch_size'?"),
    ),
    "a field under another name": (
        "    V1ConfigCreate:\n",
        ("default: 5, x-attribute: timeout_ms", "default: 5, x-attribute: time_ms"),
        ("body.configuration is a Settings", "no 'time_ms'", "did you mean 'timeout_ms'?"),
    ),
}


@pytest.mark.parametrize(("component", "change", "words"), BODY_FIELDS.values(), ids=BODY_FIELDS.keys())
def test_a_field_of_a_body_that_the_handler_does_not_know_is_named(
    component: str, change: tuple[str, str], words: tuple[str, ...]
) -> None:
    text = within(component, *change)
    (finding,) = refusal(text)
    for word in words:
        assert word in finding.message
    assert finding.line == line_of(text, component, change[1])
    assert "scripts/generate" in finding.mend


def test_a_property_that_the_result_lacks_is_named_once() -> None:
    text = within("    Resource:\n", "      properties:\n", f"      properties:\n        updatd: {UNIX_TIME}\n")
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "        updatd:")
    assert "is a Resource, which has no 'updatd'" in finding.message
    assert "did you mean 'updated'?" in finding.message


NESTED = {
    "in an object": ("    Provisioning:\n", "steps_done", "provisioning is a Provisioning", ""),
    "in an item": ("    RelatedResource:\n", "nam", "an item of", "did you mean 'name'?"),
    "in a page": ("    ResourceList:\n", "has_mor", "the result is a Page", "did you mean 'has_more'?"),
    "in an envelope's meta": ("    V1PageMeta:\n", "total_item", "is a Page", "did you mean 'total_items'?"),
    "in the short form": ("    MetricsSummary:\n", "request_today", "is a Metrics", "did you mean 'requests_today'?"),
    "in what is deleted": (
        "    DeletedResource:\n",
        "deleted_att",
        "the result is a Deleted",
        "did you mean 'deleted_at'?",
    ),
}


@pytest.mark.parametrize(("component", "name", "of", "nearest"), NESTED.values(), ids=NESTED.keys())
def test_a_property_is_looked_for_at_every_level(component: str, name: str, of: str, nearest: str) -> None:
    added = f"      properties:\n        {name}: {{type: string, description: Added.}}\n"
    text = within(component, "      properties:\n", added)
    (finding,) = refusal(text)
    assert finding.line == line_of(text, f"        {name}:")
    assert of in finding.message
    assert f"no '{name}'" in finding.message
    assert nearest in finding.message


WRONG = {
    "an unknown extension": ("      x-attribute: limit\n", "      x-atribute: limit\n", "x-atribute:", "x-attribute?"),
    "an extension in a wrong place": ("  title: Platform API\n", "  title: A\n  x-scale: 2\n", "  x-scale:", "x-scale"),
    "an unknown scope": (
        "      operationId: v1.resources.list_resources\n",
        "      operationId: v1.resources.list_resources\n      security: [{bearer: ['resources:raed']}]\n",
        "security: [{bearer",
        "resources:raed",
    ),
    "a parameter that is not there": (
        "- $ref: '#/components/parameters/Limit'\n",
        "- $ref: '#/components/parameters/Limits'\n",
        "- $ref: '#/components/parameters/Limits'",
        "#/components/parameters/Limits points nowhere",
    ),
    "a schema that is not there": (
        "schema: {$ref: '#/components/schemas/ResourceList'}",
        "schema: {$ref: '#/components/schemas/ResourceLists'}",
        "schema: {$ref: '#/components/schemas/ResourceLists'}",
        "#/components/schemas/ResourceLists points nowhere",
    ),
    "a file elsewhere": (
        "- $ref: '#/components/parameters/Limit'\n",
        "- $ref: 'other.yaml#/Limit'\n",
        "- $ref: 'other.yaml#/Limit'",
        "points outside",
    ),
    "a key twice": ("  starter:\n", "  free: \n", "  free: \n", "free stands here twice"),
    "a bad indentation": ("  summary: Create, run", "\tsummary: Create, run", "\tsummary: Create, run", "YAML"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "mark", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_in_itself_is_named(old: str, new: str, mark: str, words: str) -> None:
    text = within("openapi:", old, new)
    if "security:" in new:
        text = text.replace("      security:\n        - bearer: [resources:read]\n", "", 1)
    (finding,) = refusal(text)
    assert finding.line == line_of(text, mark)
    assert words in f"{finding.message} {finding.mend}"


NOT_USED = {"rate_limit_exceeded"}  # limits are not enforced yet


def test_the_codes_that_the_server_uses_must_be_in_the_catalogue() -> None:
    used = documents.parse(TEXT).raw["x-errors"].keys() - NOT_USED
    text = re.sub(r"\n  (\w+):\n    status:", r"\n  another_\1:\n    status:", TEXT)
    said = " ".join(finding.message for finding in refusal(text))
    assert {code for code in used if f"'{code}'" not in said and f" {code} " not in said} == set()


def test_everything_is_reported_at_once_in_the_order_of_the_file() -> None:
    text = within("operationId: v2.resources.list_resources", *MISSPELT)
    text = replaced("operationId: v1.resources.list_resources", "operationId: v1.resources.browse_resources", text)
    text = text.replace("operationId: v2.resources.delete_resource", "operationId: v2.resources.erase_resource")
    found = refusal(text)
    expected = [
        line_of(text, "\n  /v1/resources:", "\n    get:"),
        line_of(text, "- name: start_after"),
        line_of(text, "\n  /v2/resources/{id}:", "\n    delete:"),
    ]
    assert [finding.line for finding in found] == expected


VERSION = "        version: {type: integer, description: How often it was changed., minimum: 1}\n"


def test_a_field_whose_attribute_exists_needs_only_its_line(fresh_database: Callable[[], str]) -> None:  # D04 D08
    text = within("    Resource:\n", "      properties:\n", f"      properties:\n{VERSION}")
    with serving.running(fresh_database(), document=documents.parse(text)) as server:
        tenant = server.tenant()
        with tenant.client("/v2") as v2, tenant.client("/v1") as v1:
            made = v2.create()
            changed = v2.patch(f"/resources/{made['id']}", json={"name": "Another name"}).json()
            assert (made["version"], changed["version"]) == (1, 2)
            assert "version" not in v1.get(f"/resources/{made['id']}").json()["data"]


GREETINGS = """\
  /v2/greetings:
    parameters:
      - $ref: '#/components/parameters/V2ApiVersion'
    post:
      operationId: v2.greetings.create_greeting
      tags: [Resources]
      summary: Greet
      description: Says hello.
      security:
        - bearer: [resources:write]
      parameters:
        - $ref: '#/components/parameters/IdempotencyKey'
      requestBody:
        required: true
        description: Whom to greet.
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              required: [name]
              properties:
                name: {$ref: '#/components/schemas/ResourceName', x-attribute: whom}
                times: {type: integer, description: How often., minimum: 1, maximum: 3, default: 2}
            example: {name: World}
      responses:
        '200':
          description: The greeting.
          headers: *v2_written_headers
          content:
            application/json:
              schema:
                type: object
                required: [object, text]
                properties:
                  object: {type: string, description: Always `greeting`., const: greeting}
                  text: {type: string, description: What is said.}
              example: {object: greeting, text: Hello Hello World}
        '400': {$ref: '#/components/responses/BadRequest'}
        '401': {$ref: '#/components/responses/Unauthorized'}
        '403': {$ref: '#/components/responses/Forbidden'}
        '413': {$ref: '#/components/responses/PayloadTooLarge'}
        '415': {$ref: '#/components/responses/UnsupportedMediaType'}
        '422': {$ref: '#/components/responses/IdempotencyKeyReused'}
        '429': {$ref: '#/components/responses/TooManyRequests'}
        '500': {$ref: '#/components/responses/InternalError'}
        '503': {$ref: '#/components/responses/Unavailable'}
        '504': {$ref: '#/components/responses/Timeout'}

"""


class WithGreetings(HandlerResolver):
    """Finds the project's handlers, and those of a kind that it does not have."""

    def resolve_operation_id(self, operation: Any) -> str:
        self.package = "tests.contract.handlers_added" if ".greetings." in operation.operation_id else "handlers"
        return super().resolve_operation_id(operation)


def test_an_operation_is_its_lines_and_a_handler(fresh_database: Callable[[], str]) -> None:  # D05 D08
    document = documents.parse(replaced("\nwebhooks:\n", f"\n{GREETINGS}webhooks:\n"))
    assert lint.lint(document) == []
    with serving.running(fresh_database(), document=document, resolver=WithGreetings()) as server:
        tenant = server.tenant()
        with tenant.client("/v2", headers={"Idempotency-Key": "one"}) as v2:
            said = v2.post("/greetings", json={"name": "World"})
            assert (said.status_code, said.json()) == (200, {"object": "greeting", "text": "Hello Hello World"})
            again = v2.post("/greetings", json={"name": "World"})
            assert (again.content, again.headers["Idempotent-Replayed"]) == (said.content, "true")
            refused = v2.post("/greetings", json={"name": "W", "times": 4, "mode": "live"})
            assert {item["param"] for item in refused.json()["error"]["errors"]} == {"name", "times", "mode"}
            assert v2.get("/greetings").headers["Allow"] == "POST, OPTIONS"
        with tenant.client("/v2", key=tenant.key("resources:read")) as reader:
            assert reader.post("/greetings", json={"name": "World"}).status_code == 403
        with tenant.client("/v1") as v1:
            assert v1.post("/greetings", json={"name": "World"}).status_code == 404


def test_the_new_operation_without_its_handler_does_not_start() -> None:  # D08
    text = replaced("\nwebhooks:\n", f"\n{GREETINGS}webhooks:\n")
    (finding,) = refusal(text)
    assert finding.line == line_of(text, "\n  /v2/greetings:", "\n    post:")
    check_stub(finding.mend, "create_greeting", ["call", "body"])


ROOT_EXTENSIONS = ["x-contracts", "x-api-versions", "x-max-body-bytes", "x-plans", "x-scopes", "x-roles", "x-errors"]


@pytest.mark.parametrize("name", ROOT_EXTENSIONS)
def test_an_extension_that_the_server_needs_must_be_there(name: str) -> None:
    text = re.sub(rf"^{name}:.*\n(?:(?: .*)?\n)*", "", TEXT, count=1, flags=re.MULTILINE)
    assert name not in documents.parse(text).raw
    assert any(name in f"{finding.message} {finding.mend}" for finding in refusal(text))
