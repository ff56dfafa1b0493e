"""Rules about webhooks: each type of event is described for every contract."""

import re
from collections.abc import Iterator

from contract import document as documents
from contract import events
from contract.document import Finding
from contract.rules.survey import Survey

_NAME = re.compile(r"(v[1-9][0-9]*)\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


def named(survey: Survey) -> Iterator[Finding]:
    """The key of every entry is `contract.kind.verb`."""
    for name in survey.raw.get("webhooks", {}):
        if not _is_named(survey, name):
            message = f"the webhook {name} is not called contract.kind.verb"
            mend = f"Write it such as {next(iter(survey.raw.get('x-contracts', {})), 'v1')}.job.failed."
            yield survey.document.finding(documents.join("#/webhooks", name), message, mend)


def sent(survey: Survey) -> Iterator[Finding]:
    """Every entry is a POST of JSON with a schema."""
    described = events.payloads(survey.document)
    for name in survey.raw.get("webhooks", {}):
        if name not in described:
            message = f"the webhook {name} does not say what is sent"
            mend = "Give it a post with a requestBody of application/json and its schema."
            yield survey.document.finding(documents.join("#/webhooks", name), message, mend)


def complete(survey: Survey) -> Iterator[Finding]:
    """Every type of event has an entry for each contract."""
    entries = [name for name in survey.raw.get("webhooks", {}) if _is_named(survey, name)]
    for name in entries:
        event = name.partition(".")[2]
        for contract in survey.raw.get("x-contracts", {}):
            if f"{contract}.{event}" not in entries:
                message = f"the type {event} is not described for the contract {contract}"
                place = documents.join("#/webhooks", name)
                yield survey.document.finding(place, message, f"Add the entry {contract}.{event}.")


def _is_named(survey: Survey, name: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and match[1] in survey.raw.get("x-contracts", {})
