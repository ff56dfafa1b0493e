"""Rules about the shape of the document; the other rules rely on it."""

import difflib
from collections.abc import Iterator

import jsonschema_rs

from contract import document as documents
from contract.document import Finding
from contract.rules import survey as surveys
from contract.rules.survey import Survey

_REQUIRED = {
    "root": ("openapi", "info", "paths"),
    "info": ("title", "version"),
    "server": ("url",),
    "tag": ("name",),
    "parameter": ("name", "in"),
    "operation": ("responses",),
    "request_body": ("content",),
    "response": ("description",),
    "example": ("value",),
    "security_scheme": ("type",),
}
_FORMS = {
    "text": (str, "a string"),
    "flag": (bool, "true or false"),
    "map": (dict, "a mapping"),
    "list": (list, "a list"),
}
_ANY: tuple[type, str] = (object, "")


def version(survey: Survey) -> Iterator[Finding]:
    """The document is OpenAPI 3.1."""
    if not str(survey.raw.get("openapi")).startswith("3.1."):
        yield survey.document.finding("#/openapi", "the document is not OpenAPI 3.1", "Write 'openapi: 3.1.1'.")


def objects(survey: Survey) -> Iterator[Finding]:
    """Every OpenAPI object is a mapping; schemas may be true or false."""
    for kind, value, pointer in survey.nodes:
        if not isinstance(value, dict) and not (kind in surveys.SCHEMAS and isinstance(value, bool)):
            yield survey.document.finding(pointer, f"{_noun(kind)} must be a mapping", "Write its keys and values.")


def keys(survey: Survey) -> Iterator[Finding]:
    """OpenAPI objects have only keys that OpenAPI knows."""
    for kind, value, pointer in survey.of(*surveys.GRAMMAR):
        grammar = surveys.GRAMMAR[kind]
        for key in value:
            if key not in grammar and not key.startswith("x-") and kind != "security_requirement":
                near = difflib.get_close_matches(key, grammar, 1)
                mend = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(grammar)}."
                place = documents.join(pointer, key)
                yield survey.document.finding(place, f"{_noun(kind)} has no key {key}", mend)


def values(survey: Survey) -> Iterator[Finding]:
    """Keys hold a string, a flag, a mapping or a list as OpenAPI says."""
    forms = {
        kind: {key: _FORMS.get(held.split()[0], _ANY) for key, held in grammar.items()}
        for kind, grammar in surveys.GRAMMAR.items()
    }
    for kind, value, pointer in survey.of(*surveys.GRAMMAR):
        for key, held in value.items():
            expected, noun = forms[kind].get(key, _ANY)
            if not isinstance(held, expected):
                yield survey.document.finding(documents.join(pointer, key), f"{key} must be {noun}", f"Write {noun}.")


def required(survey: Survey) -> Iterator[Finding]:
    """OpenAPI objects have the keys that OpenAPI requires."""
    for kind, value, pointer in survey.of(*_REQUIRED):
        for key in _REQUIRED[kind]:
            if key not in value and "$ref" not in value:
                yield survey.document.finding(pointer, f"{_noun(kind)} lacks the key {key}", f"Add {key}.")


def schemas(survey: Survey) -> Iterator[Finding]:
    """Every schema is one of JSON Schema 2020-12."""
    dialect = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    judge = jsonschema_rs.Draft202012Validator(dialect, validate_formats=True, offline=True)
    for _, value, pointer in survey.of("schema"):
        for error in judge.iter_errors(value):
            place = documents.join(pointer, *error.instance_path)
            message = f"not a JSON Schema 2020-12: {error.message}"
            yield survey.document.finding(place, message, "Correct the keyword.")


def requirements(survey: Survey) -> Iterator[Finding]:
    """A security requirement is a list of scopes for each scheme."""
    for _, value, pointer in survey.of("security_requirement"):
        for name, scopes in value.items():
            if not (isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)):
                place = documents.join(pointer, name)
                message = f"the scopes of {name} must be a list of strings"
                yield survey.document.finding(place, message, "Write a list of scopes.")


def _noun(kind: str) -> str:
    noun = "schema" if kind in surveys.SCHEMAS else kind.replace("_", " ")
    return f"the {noun}" if kind in ("root", "info", "components") else f"this {noun}"
