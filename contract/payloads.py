"""Events as webhooks receive them: compiled from the document's `webhooks`, whose keys are `contract.kind.verb`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import orjson

from contract import events, presentation, schemas
from contract.document import Document
from contract.operation import Version


class PayloadMismatch(Exception):
    """An event does not fit the schema that the document gives for its type."""


class Payloads:
    """Writes events in each contract, always the same bytes for the same event and version."""

    def __init__(self, document: Document, versions: Mapping[str, Version], *, check: bool) -> None:
        self._contracts = {date: version.contract for date, version in versions.items()}
        names = sorted(set(self._contracts.values()))
        self._present = {name: presentation.compile_events(document, name) for name in names}
        self._validators = validators(document) if check else {}

    def render(self, event: Any, version: str) -> bytes:
        """The body that tells of an event in a dated version; the event has a `type` and `attributes`."""
        contract = self._contracts[version]
        shown = self._present[contract](event, ())
        validator = self._validators.get(f"{contract}.{event.type}")
        if validator is not None and (error := next(validator.iter_errors(shown), None)):
            raise PayloadMismatch(f"{contract}.{event.type} is not as openapi.yaml describes it: {error.message}")
        return orjson.dumps(shown)


def validators(document: Document) -> dict[str, jsonschema_rs.Draft202012Validator]:
    """The validator of each payload, by the name of its entry under `webhooks`."""
    compiled = schemas.Schemas(document)
    found = events.payloads(document)
    return {name: compiled.validator(schemas.reference(payload.pointer)) for name, payload in found.items()}
