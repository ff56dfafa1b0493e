"""More faults for test_lint.py: the rule, what to replace, by what, a part of the message and of the line."""

from contract.lint import Rule
from contract.rules import extensions, responses, webhooks

SECTIONS = "components:\n  securitySchemes"
TOLD = "{post: {requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {}}}"
FIRST = (
    "x-contracts:\n  v1: {title: One, dialect: bare, stability: beta, default_version: 2024-01-01}\nx-api-versions:\n"
)
BOTH_CONTRACTS = FIRST.replace(
    "x-api", "  v2: {title: Two, dialect: bare, stability: beta, default_version: 2024-02-01}\nx-api"
)
BOTH_CONTRACTS += "  2024-02-01: {contract: v2, limits: minutely, changes: Second.}\n"
UNTOLD = "{post: {responses: {}}}"
FAULTS: list[tuple[Rule, str, str, str, str]] = [
    (
        responses.typed,
        "application/json:\n              schema: {$ref: '#/components/schemas/Job'}",
        "text/csv:\n              schema: {$ref: '#/components/schemas/Job'}",
        "the answer is text/csv",
        "text/csv:",
    ),
    (
        responses.typed,
        "content: *job",
        "content: {application/x-ndjson: {schema: {type: integer}, example: 1}}",
        "the lines of a file are no string",
        "x-ndjson",
    ),
    (extensions.expanding, "{logs: jobs:all}", "{tags: jobs:all}", "names tags, which is not", "{tags: jobs:all}"),
    (extensions.expanding, "{logs: jobs:all}", "{logs: jobs:none}", "the scope jobs:none, which", "jobs:none"),
    (extensions.listed, "x-lists: roles", "x-lists: events", "it lacks *, has owner", "enum: [owner]"),
    (webhooks.named, SECTIONS, f"webhooks:\n  v9.job.done: {TOLD}\n{SECTIONS}", "contract.kind.verb", "v9.job.done"),
    (webhooks.sent, SECTIONS, f"webhooks:\n  v1.job.done: {UNTOLD}\n{SECTIONS}", "not say what is sent", "v1.job"),
    (webhooks.complete, FIRST, f"webhooks:\n  v1.job.done: {TOLD}\n{BOTH_CONTRACTS}", "for the contract v2", "v1.job"),
]
