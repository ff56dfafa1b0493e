"""Rules about schemas and about the values that are written beside them."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
from jsonschema_rs import canonical

from contract import document as documents
from contract.document import Finding
from contract.rules import survey as surveys
from contract.rules.survey import Survey

_NOUNS = {"examples": "example", "enum": "enum value"}
_SHAPED = ("$ref", "allOf", "anyOf", "oneOf")


def required(survey: Survey) -> Iterator[Finding]:
    """Every name in `required` is a property."""
    for _, schema, pointer in survey.of(*surveys.SCHEMAS):
        properties = schema.get("properties")
        for index, name in enumerate(schema.get("required", [])):
            if properties is not None and name not in properties:
                place = documents.join(pointer, "required", index)
                mend = f"Add it to properties, which has {', '.join(properties)}."
                yield survey.document.finding(place, f"the required {name} is not a property", mend)


def items(survey: Survey) -> Iterator[Finding]:
    """Arrays say what their items are."""
    for _, schema, pointer in survey.of(*surveys.SCHEMAS):
        if schema.get("type") == "array" and not {"items", "prefixItems"} & schema.keys():
            yield survey.document.finding(pointer, "the array does not say what its items are", "Add items.")


def described(survey: Survey) -> Iterator[Finding]:
    """Every component schema and every property written out has a description."""
    for kind, schema, pointer in survey.of("schema", "property"):
        named = kind == "property" or pointer.startswith("#/components/schemas/")
        if named and not schema.get("description") and not any(key in schema for key in _SHAPED):
            yield survey.document.finding(pointer, "the schema has no description", "Add description.")


def satisfiable(survey: Survey) -> Iterator[Finding]:
    """Every schema allows some value."""
    empty = set(_unsatisfiable(survey))
    for pointer in sorted(empty, key=survey.document.line):
        inner = any(other.startswith(pointer + "/") for other in empty)
        if not inner and survey.document.at(pointer).get("$ref") not in empty:
            mend = "Correct its bounds, enum, required or combination of types."
            yield survey.document.finding(pointer, "no value can satisfy this schema", mend)


def values(survey: Survey) -> Iterator[Finding]:
    """Examples, defaults, enum values and const are valid against their schema."""
    for _, schema, pointer in survey.of(*surveys.SCHEMAS):
        written = [(key, documents.join(pointer, key), schema[key]) for key in ("default", "const") if key in schema]
        for key in ("examples", "enum"):
            written += [(key, documents.join(pointer, key, i), value) for i, value in enumerate(schema.get(key, []))]
        if written:
            yield from _judge(survey, pointer, written)


def examples(survey: Survey) -> Iterator[Finding]:
    """The examples of bodies, parameters and headers are valid against their schema."""
    for _, owner, pointer in survey.of("media_type", "parameter", "header"):
        written = [("example", documents.join(pointer, "example"), owner["example"])] if "example" in owner else []
        for name, example in owner.get("examples", {}).items():
            node, place = survey.deref(example, documents.join(pointer, "examples", name))
            written.append(("example", documents.join(place, "value"), node["value"]))
        if written and "schema" in owner:
            yield from _judge(survey, documents.join(pointer, "schema"), written)


def _judge(survey: Survey, schema: str, written: list[tuple[str, str, Any]]) -> Iterator[Finding]:
    validator = survey.validator(schema)
    for key, pointer, value in written:
        for error in validator.iter_errors(value):
            place = documents.join(pointer, *error.instance_path)
            noun = _NOUNS.get(key, key)
            message = f"the {noun} is not valid against its schema: {error.message}"
            yield survey.document.finding(place, message, f"Correct the {noun} or the schema.")


def _unsatisfiable(survey: Survey) -> Iterator[str]:
    """The pointers of what nothing can satisfy; a literal `false` is meant. One question for all is far quicker."""
    schemas = [{"$ref": surveys.reference(node.pointer)} for node in survey.of("schema")]
    whole = {**survey.raw, "properties": {str(index): schema for index, schema in enumerate(schemas)}}
    for place, reason in canonical.find_unsatisfiable(whole, draft=jsonschema_rs.Draft202012).items():
        if not isinstance(reason, canonical.UnsatisfiableReason.Literal) and not place.startswith("/properties/"):
            yield f"#{place}"
