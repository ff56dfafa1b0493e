"""The entries under the document's `webhooks`: what is sent of each type of event in each contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from contract import document as documents
from contract.document import Document

JSON = "application/json"


class Payload(NamedTuple):
    """The schema of what is sent, and its pointer."""

    schema: Mapping[str, Any]
    pointer: str


def payloads(document: Document) -> dict[str, Payload]:
    """What each entry sends, by its name, such as `v2.resource.created`; entries without one are left out."""
    found = {}
    for name, entry in document.raw.get("webhooks", {}).items():
        item, place = document.deref(entry, documents.join("#", "webhooks", name))
        body, place = document.deref(item.get("post", {}).get("requestBody", {}), documents.join(place, "post"))
        place = documents.join(place, "content", JSON, "schema")
        media = body.get("content", {}).get(JSON, {})
        if "schema" in media:
            found[name] = Payload(media["schema"], place)
    return found


def types(document: Document) -> list[str]:
    """Every type of event, such as `resource.created`, in the order of the file."""
    return list(dict.fromkeys(name.partition(".")[2] for name in document.raw.get("webhooks", {})))
