"""Rules about `$ref` and the components it points to."""

import re
from collections.abc import Iterator
from urllib import parse as urls

from contract import document as documents
from contract.document import Finding
from contract.rules import survey as surveys
from contract.rules.survey import Survey

_SECTIONS = {kind.split()[1]: section for section, kind in surveys.GRAMMAR["components"].items()}
_SECTIONS |= dict.fromkeys(surveys.SCHEMAS, "schemas")


def resolvable(survey: Survey) -> Iterator[Finding]:
    """Every `$ref` and discriminator mapping points to something in this file, and not in a circle."""
    for place, reference in _references(survey):
        try:
            survey.deref({"$ref": reference}, place)
        except documents.SpecError as error:
            yield from error.findings


def sections(survey: Survey) -> Iterator[Finding]:
    """A `$ref` points to a component of the kind that belongs there."""
    for kind, value, pointer in survey.nodes:
        reference = value.get("$ref") if isinstance(value, dict) else None
        section = f"#/components/{_SECTIONS.get(kind)}/"
        if reference and reference.startswith("#/") and not reference.startswith(section):
            message = f"$ref {reference} does not point into {section}"
            yield survey.document.finding(documents.join(pointer, "$ref"), message, f"Move its target to {section}.")


def used(survey: Survey) -> Iterator[Finding]:
    """Every component is used by an operation, through others or directly."""
    components = survey.raw.get("components", {})
    names = {documents.join("#/components", section, name) for section in components for name in components[section]}
    edges: dict[str, set[str]] = {}
    for place, reference in _references(survey):
        edges.setdefault(_component(place), set()).add(_component(urls.unquote(reference)))
    for requirement in survey.of("security_requirement"):
        schemes = {documents.join("#/components/securitySchemes", scheme) for scheme in requirement.value}
        edges.setdefault("#", set()).update(schemes)
    reached: set[str] = set()
    waiting = ["#"]
    while waiting:
        new = edges.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    for pointer in sorted(names - reached, key=survey.document.line):
        yield survey.document.finding(pointer, "the component is never used", "Use it or remove it.")


def _component(pointer: str) -> str:
    """The component that a pointer lies in, or `#`."""
    match = re.match(r"#/components/[^/]+/[^/]+", pointer)
    return match[0] if match else "#"


def _references(survey: Survey) -> Iterator[tuple[str, str]]:
    """Every place that refers to a component, and what it says."""
    for kind, value, pointer in survey.nodes:
        if kind not in _SECTIONS or not isinstance(value, dict):
            continue
        if "$ref" in value:
            yield documents.join(pointer, "$ref"), value["$ref"]
        mapping = value.get("discriminator", {}).get("mapping", {}) if kind in surveys.SCHEMAS else {}
        for name, reference in mapping.items():
            yield documents.join(pointer, "discriminator", "mapping", name), str(reference)
