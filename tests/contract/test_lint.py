import pathlib
import re

import pytest

from contract import document, lint
from contract.lint import Rule
from contract.rules import (
    deprecations,
    extensions,
    operations,
    parameters,
    references,
    requests,
    responses,
    schemas,
    servers,
    shape,
)
from contract.rules.survey import Survey
from tests.contract import more_faults

ROOT = pathlib.Path(__file__).parent.parent.parent
CLEAN = (pathlib.Path(__file__).parent / "small.yaml").read_text(encoding="utf-8")

INFO = "info: {title: Small, version: '1'}"
KEY = "        - $ref: '#/components/parameters/Key'"
IF_MATCH = "        - $ref: '#/components/parameters/IfMatch'"
PROBLEMS = "        '500': *problem\n        '503': *problem\n"
MARKED = "summary: Text\n      deprecated: true"
ENDS = "summary: Text\n      x-deprecated: {since: 2024-01-01, sunset: 2024-"
BOTH = ENDS.replace("summary: Text", MARKED)
NEXT = "06-29, successor: v1.jobs.get_job}"
# rule, what to replace in CLEAN, by what, a part of the message, a part of the line it points to
FAULTS: list[tuple[Rule, str, str, str, str]] = [
    *more_faults.FAULTS,
    (shape.version, "openapi: 3.1.1", "openapi: 3.0.4", "not OpenAPI 3.1", "openapi: 3.0.4"),
    (shape.objects, "info: {title: Small, version: '1'}", "info: Small", "the info must be a mapping", "info: Small"),
    (shape.objects, "NewJob: {value: {name: run}}", "NewJob: run", "this example must be a mapping", "NewJob: run"),
    (shape.keys, "summary: Get a job", "sumary: x", "this operation has no key sumary", "sumary"),
    (shape.keys, "      minimum: 0", "      minimun: 0", "this schema has no key minimun", "minimun"),
    (shape.values, "summary: Get a job", "summary: 1", "summary must be a string", "summary: 1"),
    (shape.values, "tags: [Jobs]\n      summary: Get", "tags: x\n      summary: Get", "tags must be a list", "tags: x"),
    (shape.required, "{name: Jobs, description: Work.}", "{description: Work.}", "lacks the key name", "Work."),
    (shape.requirements, "security: []", "security: [bearer: all]", "scopes of bearer must be a list", "bearer: all"),
    (shape.schemas, "      minimum: 0", "      minimum: none", "not a JSON Schema 2020-12", "minimum: none"),
    (shape.schemas, "pattern: '^[a-z]*$', ex", "pattern: '[', ex", "not a JSON Schema 2020-12", "name: {type"),
    (extensions.known, "x-scale: 1000", "x-scal: 1000", "there is no extension x-scal", "x-scal"),
    (extensions.known, "summary: Get a job", "summary: Get\n      x-cost: 1", "no extension x-cost", "x-cost"),
    (
        extensions.placed,
        "summary: Get a job",
        "summary: Get\n      x-scale: 2",
        "cannot stand on this op",
        "x-scale: 2",
    ),
    (extensions.formed, "x-scale: 1000", "x-scale: 1", "x-scale has not its form", "x-scale: 1"),
    (extensions.formed, "status: 503", "status: 200", "x-errors has not its form", "status: 200"),
    (
        servers.environments,
        INFO,
        f"servers:\n  - url: https://a.example\n{INFO}",
        "does not say which environment",
        "url: https://a.example",
    ),
    (
        servers.regions,
        INFO,
        f"servers:\n  - {{url: https://a.example, x-environment: staging, x-region: eu}}\n{INFO}",
        "the region eu has no production server",
        "x-region: eu",
    ),
    (
        servers.regions,
        INFO,
        f"servers:\n  - {{url: https://a.example, x-environment: production}}\n{INFO}",
        "the production server has no region",
        "url: https://a.example",
    ),
    (
        servers.variables,
        INFO,
        f"servers:\n  - {{url: 'https://{{a}}', x-environment: staging}}\n{INFO}",
        "the variable a of the URL has no default",
        "https://{a}",
    ),
    (extensions.coded, "  busy:", "  busy_:", "busy_ is not in snake_case", "busy_:"),
    (references.resolvable, "parameters/Id'", "parameters/Jd'", "parameters/Jd points nowhere", "parameters/Jd"),
    (references.resolvable, "'#/components/schemas/NewJob'", "other.yaml", "points outside", "other.yaml"),
    (
        references.resolvable,
        "{value: {name: run}}",
        "{$ref: '#/components/examples/NewJob'}",
        "goes in a circle through #/components/examples/NewJob",
        "{job: {$ref | NewJob: {$ref",
    ),
    (
        references.sections,
        "parameters/Id'",
        "schemas/Time'",
        "does not point into #/components/parameters/",
        "schemas/T",
    ),
    (references.used, "  examples:\n", "  examples:\n    Old: {value: 1}\n", "component is never used", "Old:"),
    (
        references.used,
        "    Job:\n",
        "    A: {type: object, description: A., properties: {b: {$ref: '#/components/schemas/A'}}}\n    Job:\n",
        "the component is never used",
        "A: {type",
    ),
    (
        schemas.required,
        "{type: object}\n              example: {}",
        "{type: object, required: [a], properties: {b: {description: B.}}}\n              example: {a: 1}",
        "the required a is not a property",
        "required: [a]",
    ),
    (schemas.items, "maxItems: 3, items: {type: string, enum: [big, small]}", "maxItems: 3", "its items are", "tags:"),
    (schemas.described, "description: Its id., x-at", "x-at", "the schema has no description", "x-attribute"),
    (schemas.described, "      description: A time.\n", "", "the schema has no description", "Time:"),
    (schemas.satisfiable, "x-expand: logs", "x-expand: logs, minLength: 2, maxLength: 1", "no value can", "logs: {"),
    (schemas.values, "examples: [run]", "examples: [RUN]", "the example is not valid against its schema", "[RUN]"),
    (schemas.values, "default: 5", "default: 500", "the default is not valid", "default: 500"),
    (schemas.values, "enum: [newest, oldest]", "enum: [newest, 1]", "the enum value is not valid", "[newest, 1]"),
    (schemas.examples, "{value: {name: run}}", "{value: {name: 1}}", "the example is not valid", "name: 1"),
    (schemas.examples, "example: newest", "example: new", "the example is not valid", "example: new"),
    (parameters.described, "      description: The key.\n", "", "the parameter has no description", "Key:"),
    (parameters.described, ", description: The key.", "", "security scheme has no description", "bearer:"),
    (
        parameters.typed,
        "schema: {type: string, enum: [newest, oldest]}",
        "schema: {type: [string, 'null'], enum: [newest, oldest]}",
        "the parameter sort cannot be decoded",
        "'null'",
    ),
    (
        parameters.typed,
        "{type: string, maxLength: 255}",
        "{type: integer, minimum: 1, maximum: 9}",
        "cannot be decoded: a header is a string",
        "minimum: 1",
    ),
    (parameters.typed, "items: {type: string, enum: [logs]}", "items: {enum: [logs]}", "its items are None", "Shown:"),
    (
        parameters.typed,
        "{gte: {$ref: '#/components/schemas/Time'}}",
        "{gte: {$ref: '#/components/schemas/NewJob'}}",
        "its property gte is object",
        "gte:",
    ),
    (
        parameters.styled,
        "sort\n          in: query",
        "sort\n          in: cookie",
        "no parameters in cookie",
        "in: cookie",
    ),
    (parameters.styled, "style: deepObject", "style: form", "objects need it", "style: form"),
    (parameters.styled, "          x-values", "          style: matrix\n          x-values", "matrix is not", "matrix"),
    (
        parameters.styled,
        "          x-values",
        "          style: pipeDelimited\n          x-values",
        "is for arr",
        "pipeD",
    ),
    (parameters.in_path, "      required: true\n", "", "path parameter id is not required", "    Id:"),
    (parameters.in_path, "/v1/jobs/{id}:", "/v1/jobs/x{id}{no}:", "{no} is not declared", "get: | patch:"),
    (
        parameters.in_path,
        "/v1/jobs:\n    post",
        "/v1/jobs:\n    parameters: [{$ref: '#/components/parameters/Id'}]\n    post",
        "no {id}",
        "post:",
    ),
    (
        parameters.once,
        "parameters/IfMatch'",
        "parameters/Key'\n        - $ref: '#/components/parameters/IfMatch'",
        "twice",
        "Key",
    ),
    (requests.strings, "maxLength: 30, ", "", "a string in a request has no maxLength", "'^[a-z0-9_]*$'"),
    (
        requests.strings,
        "propertyNames: {maxLength: 9, ",
        "propertyNames: {",
        "string in a request has no maxL",
        "propertyN",
    ),
    (requests.without_nul, "maxLength: 30, pattern: '^[a-z0-9_]*$'", "maxLength: 30", "may hold NUL", "maxLength: 30"),
    (requests.without_nul, "'^[a-z0-9_]*$'", "'^[^x]*$'", "may hold NUL", "'^[^x]*$'"),
    (requests.without_nul, "'^[a-z0-9_]*$'", "'[a-z0-9_]+'", "may hold NUL", "'[a-z0-9_]+'"),
    (requests.numbers, "      minimum: 0\n", "", "a number in a request has no minimum", "Time:"),
    (requests.numbers, "      maximum: 99\n", "", "a number in a request has no maximum", "Time:"),
    (requests.objects, "      additionalProperties: false\n", "", "takes unknown keys", "NewJob:"),
    (
        requests.objects,
        "additionalProperties: {$ref: '#/components/schemas/Time'}",
        "additionalProperties: true",
        "takes unknown keys",
        "free:",
    ),
    (requests.objects, "          maxProperties: 2\n", "", "free keys in a request has no maxProperties", "free:"),
    (requests.arrays, "maxItems: 3, ", "", "an array in a request has no maxItems", "tags: {type"),
    (requests.typed, "name: {type: string, ", "name: {", "may be anything", "name: {"),
    (operations.named, "      operationId: v1.jobs.update_job\n", "", "has no operationId", "patch:"),
    (operations.named, "v1.jobs.update_job", "v1.jobs.update", "has not the form", "v1.jobs.update"),
    (
        operations.named,
        "v1.jobs.update_job",
        "v2.jobs.update_job",
        "does not begin with the first",
        "v2.jobs.update_job",
    ),
    (
        operations.unique,
        "v1.jobs.update_job",
        "v1.jobs.create_job",
        "already that of the operation in line 24",
        "v1.jobs.create_job",
    ),
    (operations.described, "      description: Changes a job.\n", "", "the operation has no description", "patch:"),
    (operations.described, "summary: Change a job", "summary: ''", "the operation has no summary", "patch:"),
    (operations.tagged, "tags: [Jobs]\n      summary: Get", "summary: Get", "the operation has no tag", "get:"),
    (
        operations.tagged,
        "tags: [Jobs]\n      summary: Get",
        "tags: [Job]\n      summary: Get",
        "tag Job is not",
        "[Job]",
    ),
    (operations.secured, "      security: []\n", "", "the operation has no security", "get:"),
    (
        operations.secured,
        "- bearer: ['jobs:write']\n      parameters:\n        - $ref: '#/components/parameters/Key'\n      req",
        "- bearer: []\n      parameters:\n        - $ref: '#/components/parameters/Key'\n      req",
        "needs no scope",
        "bearer: []",
    ),
    (
        operations.secured,
        "  jobs:write:",
        "  jobs:read:",
        "the scope jobs:write is not declared",
        "bearer: ['jobs:write'] | bearer: ['jobs:write']",
    ),
    (
        operations.secured,
        "description: Changes a job.\n      security:\n        - bearer",
        "description: Changes a job.\n      security:\n        - basic",
        "the security scheme basic is not declared",
        "- basic: ",
    ),
    (
        operations.alternative,
        "description: Changes a job.\n      security:\n        - bearer",
        "description: Changes a job.\n      security:\n        - {}\n        - bearer",
        "does not name one scheme",
        "- {}",
    ),
    (
        operations.alternative,
        "description: Changes a job.\n      security:\n        - bearer",
        "description: Changes a job.\n      security:\n        - bearer: ['jobs:all']\n        - bearer",
        "ask for different scopes",
        "security:",
    ),
    (operations.alternative, "scheme: bearer", "scheme: basic", "no key is sent in this way", "bearer:"),
    (
        operations.bodiless,
        f"{PROBLEMS}    patch:",
        f"        '413': *problem\n        '415': *problem\n{PROBLEMS}      requestBody: *body\n    patch:",
        "GET has a request body",
        "requestBody: *body",
    ),
    (operations.idempotent, f"{KEY}\n{IF_MATCH}", IF_MATCH, "take the header Idempotency-Key", "patch:"),
    (operations.conditional, "name: If-Match,", "name: If,", "does not take the header If-Match", "patch:"),
    (operations.conditional, "name: If-None-Match,", "name: If,", "not take the header If-None-Match", "get:"),
    (operations.conditional, "        '412': *problem\n", "", "does not document 412", "patch:"),
    (operations.paths, "  /v1/jobs:", "  /v1/jobs/:", "must begin with a slash and end without", "/v1/jobs/:"),
    (operations.paths, "components:", "  /v1/jobs/{x}: {}\ncomponents:", "same shape as /v1/jobs/{id}", "{x}: {}"),
    (responses.documented, "        '401': *problem\n", "", "does not document 401, but it needs a key", "post:"),
    (responses.documented, "        '413': *problem\n", "", "does not document 413, but it has a body", "post:"),
    (responses.documented, "        '400': *problem\n", "", "does not document 400, but it has parameters", "get:"),
    (
        responses.succeeds,
        "'503': *problem\ncomp",
        "'503': *problem\n        5XX: *problem\ncomp",
        "5XX is not three",
        "5XX:",
    ),
    (responses.succeeds, "'204':", "'304':", "the operation documents no success", "patch:"),
    (
        responses.catalogued,
        "status: 413",
        "status: 414",
        "413 is documented, but x-errors has no code",
        "'413': *problem",
    ),
    (responses.headed, "API-Version:", "Api-Version:", "the response lacks the header API-Version", "'201':"),
    (responses.headed, "Its id., required: true", "Its id., required: false", "not required", "X-Request-Id"),
    (responses.bodies, "It is changed.", "It is changed.\n          content: *job", "204 has a body", "content: *job"),
    (responses.bodies, "          content: *job\n", "", "200 has no body", "'200':"),
    (responses.bodies, "schema: {type: object}\n              ", "", "the body has no schema", "application/json:"),
    (responses.exemplified, "              example: {id: job_1}\n", "", "the body has no example", "application/json:"),
    (responses.described, "description: It is unchanged.", "description: ''", "response has no description", "'304':"),
    (responses.created, "            Location: {", "            X-Place: {", "201 lacks the header Location", "'201':"),
    (
        responses.created,
        "get: {operationId: v1.jobs.get_job, ",
        "get: {operationId: v1.jobs.update_job, ",
        "201 has no link to the GET",
        "'201':",
    ),
    (
        responses.linked,
        "            get: {op",
        "            next: {operationId: v1.x}\n            get: {op",
        "no operation: v1.x",
        "next:",
    ),
    (
        responses.linked,
        "parameters: {id: '$r",
        "parameters: {key: '$r",
        "the link sets key, which v1.jobs.get_job does not",
        "key:",
    ),
    (
        extensions.scaled,
        "tags: {type: array,",
        "tags: {x-scale: 2, type: array,",
        "on a property of type array",
        "tags: {",
    ),
    (extensions.present, "x-max-body-bytes: 1000\n", "", "the root lacks x-max-body-bytes", "# A document"),
    (extensions.mapped, "{newest: created}", "{new: created}", "x-values maps new, which", "x-values"),
    (extensions.expandable, "x-expand: logs", "x-expand: log", "no expand[] parameter takes log", "x-expand: log"),
    (
        extensions.versioned,
        "x-scopes:",
        "  2024-01-02: {contract: v2, limits: hourly, changes: No.}\nx-scopes:",
        "contract v2, which",
        "01-02:",
    ),
    (
        extensions.versioned,
        "default_version: 2024-01-01",
        "default_version: 2024-01-02",
        "2024-01-02 is not a version of v1",
        "v1: {",
    ),
    (
        extensions.classed,
        "  media:",
        "  huge: {status: 413, type: huge_error, v1: BAD, message: No., meaning: No., recovery: Stop.}\n  media:",
        "the status 413 has the type huge_error here and large_error above",
        "huge:",
    ),
    (
        extensions.granted,
        "owner: ['*']",
        "owner: ['*', 'jobs:*', '*:read']",
        "may have *:read, which is no",
        "owner: [",
    ),
    (extensions.refilled, "burst: 1,", "burst: 61,", "the burst of the plan free takes longer than an hour", "free: {"),
    (extensions.listed, "enum: [owner]", "enum: [owner, boss]", "it has boss", "boss"),
    (extensions.classed, "type: media_error", "type: large_error", "has the status 415 here and 413 above", "media:"),
    (deprecations.announced, "summary: Get a job", MARKED, "does not say until when", "deprecated: true"),
    (deprecations.announced, "summary: Get a job", ENDS + "07-01}", "but is not deprecated", "x-deprecated"),
    (deprecations.noticed, "summary: Get a job", BOTH + "06-28}", "the sunset is 179 days after", "x-deprecated"),
    (deprecations.noticed, "summary: Get a job", BOTH + "02-31}", "no calendar has both", "x-deprecated"),
    (deprecations.succeeded, "summary: Get a job", BOTH + NEXT, "is no other operation", "x-deprecated"),
    (deprecations.succeeded, "summary: Create a job", BOTH + NEXT, "needs id, which /v1/jobs does", "x-deprecated"),
]


@pytest.fixture(scope="module")
def real() -> document.Document:
    return document.load(ROOT / "openapi.yaml")


def test_the_small_document_is_clean() -> None:
    assert lint.lint(document.parse(CLEAN)) == []


@pytest.mark.parametrize(("rule", "old", "new", "message", "line"), FAULTS)
def test_a_planted_fault_is_found_alone(rule: Rule, old: str, new: str, message: str, line: str) -> None:
    assert old in CLEAN
    text = CLEAN.replace(old, new, 1)
    findings = lint.lint(document.parse(text))
    expected = line.split(" | ")
    assert len(findings) == len(expected), document.render(findings, "small")
    for finding, part in zip(findings, expected, strict=True):
        assert message in finding.message
        assert part in text.splitlines()[finding.line - 1]
        assert finding.mend
    group = next(group for group in lint.RULES if rule in group)
    survey = Survey(document.parse(text))
    assert [each for each in group if list(each(survey))] == [rule]


def test_every_rule_has_a_planted_fault() -> None:
    planted = {rule for rule, *_ in FAULTS}
    assert [rule for group in lint.RULES for rule in group if rule not in planted] == []


def test_every_rule_says_what_it_is() -> None:
    assert [rule for group in lint.RULES for rule in group if not re.fullmatch(r".+\.", rule.__doc__ or "")] == []


def test_one_fault_behind_an_alias_is_reported_once() -> None:
    findings = lint.lint(document.parse(CLEAN.replace("description: A problem.", "description: ''")))
    assert [finding.message for finding in findings] == ["the response has no description"]


def test_a_schema_may_be_true_or_false() -> None:
    text = CLEAN.replace("timeout: {$ref: '#/components/schemas/Time', x-scale: 1000, default: 5}", "timeout: true")
    assert [finding.message for finding in lint.lint(document.parse(text))] == ["a value in a request may be anything"]
    assert lint.lint(document.parse(text.replace("timeout: true", "timeout: false"))) == []


def test_a_recursive_schema_is_judged() -> None:
    text = CLEAN.replace("x-expand: logs}", "x-expand: logs}\n        next: {$ref: '#/components/schemas/Job'}")
    assert lint.lint(document.parse(text)) == []


def test_a_branch_without_a_type_adds_to_the_schema_it_stands_in() -> None:
    branches = "anyOf: [{maxProperties: 0}, {required: [a]}]"
    text = CLEAN.replace("maxProperties: 2", f"maxProperties: 2\n          {branches}")
    assert lint.lint(document.parse(text)) == []


def test_a_batch_may_need_no_scope() -> None:
    scopes = "security:\n        - bearer: ['jobs:write']"
    assert scopes in CLEAN
    text = CLEAN.replace(scopes, "x-batch: true\n      security:\n        - bearer: []")
    assert lint.lint(document.parse(text)) == []


def test_what_is_passed_on_needs_no_bounds() -> None:
    given = "timeout: {$ref: '#/components/schemas/Time', x-scale: 1000, default: 5}"
    opaque = "timeout: {type: object, description: For others., x-opaque: true}"
    assert lint.lint(document.parse(CLEAN.replace(given, opaque))) == []
    bounded = [finding.message for finding in lint.lint(document.parse(CLEAN.replace(given, opaque[:-17] + "}")))]
    assert bounded == ["an object in a request takes unknown keys"]


def test_openapi_yaml_is_clean(real: document.Document) -> None:
    findings = lint.lint(real)
    assert not findings, "\n" + document.render(findings, real.name)
