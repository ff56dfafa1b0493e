"""Judges openapi.yaml by the house rules."""

from collections.abc import Callable, Iterator

from contract.document import Document, Finding
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
    webhooks,
)
from contract.rules.survey import Survey

Rule = Callable[[Survey], Iterator[Finding]]


def lint(document: Document) -> list[Finding]:
    """Everything that breaks a house rule, by line. A group of rules runs when the groups before it found nothing."""
    return _judge(document, RULES)


def unfit(document: Document) -> list[Finding]:
    """Everything for which the document cannot be compiled. What is merely unfinished, such as an example, may wait."""
    return _judge(document, (STRUCTURE, REFERENCES, FITNESS))


def _judge(document: Document, groups: tuple[tuple[Rule, ...], ...]) -> list[Finding]:
    survey = Survey(document)
    for group in groups:
        # Aliases and references show one fault in many places; one report of it is enough.
        found = {(each.line, each.message): each for rule in group for each in rule(survey)}
        if found:
            return sorted(found.values())
    return []


STRUCTURE: tuple[Rule, ...] = (
    shape.version,
    shape.objects,
    shape.keys,
    shape.values,
    shape.required,
    shape.requirements,
    shape.schemas,
    extensions.known,
    extensions.present,
    extensions.placed,
    extensions.formed,
    extensions.coded,
)
REFERENCES: tuple[Rule, ...] = (
    references.resolvable,
    references.sections,
)
FITNESS: tuple[Rule, ...] = (
    schemas.required,
    schemas.items,
    schemas.satisfiable,
    schemas.values,
    parameters.typed,
    parameters.styled,
    parameters.in_path,
    parameters.once,
    requests.typed,
    operations.named,
    operations.unique,
    operations.secured,
    operations.alternative,
    operations.bodiless,
    operations.paths,
    responses.succeeds,
    responses.typed,
    responses.created,
    responses.linked,
    extensions.scaled,
    extensions.mapped,
    extensions.expandable,
    extensions.expanding,
    extensions.versioned,
    extensions.classed,
    servers.environments,
    servers.regions,
    servers.variables,
    deprecations.announced,
    deprecations.noticed,
    deprecations.succeeded,
    extensions.granted,
    extensions.refilled,
    extensions.listed,
    webhooks.named,
    webhooks.sent,
    webhooks.complete,
)
COMPLETENESS: tuple[Rule, ...] = (
    references.used,
    schemas.described,
    schemas.examples,
    parameters.described,
    requests.strings,
    requests.without_nul,
    requests.numbers,
    requests.objects,
    requests.arrays,
    operations.described,
    operations.tagged,
    operations.idempotent,
    operations.conditional,
    responses.documented,
    responses.catalogued,
    responses.headed,
    responses.bodies,
    responses.exemplified,
    responses.described,
)
RULES = (STRUCTURE, REFERENCES, FITNESS, COMPLETENESS)
