"""What every answer of a deprecated operation says: since when, until when, and what to use instead."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from contract.operation import Deprecation

DOCUMENTATION = b'</docs>; rel="deprecation", </docs>; rel="sunset"'


def compile_deprecation(
    operation: Mapping[str, Any], path_names: tuple[str, ...], paths: Mapping[str, str]
) -> Deprecation | None:
    """The deprecation of an operation of the document; `paths` are those of all operations by their ids."""
    declared = operation.get("x-deprecated")
    if declared is None:
        return None
    since, sunset = midnight(declared["since"]), midnight(declared["sunset"])
    fixed = (
        (b"deprecation", b"@%d" % since.timestamp()),
        (b"sunset", format_datetime(sunset, usegmt=True).encode()),
        (b"link", DOCUMENTATION),
    )
    return Deprecation(declared["sunset"], fixed, path_names, paths.get(declared.get("successor", "")))


def midnight(date: str) -> datetime.datetime:
    """The first second of a day in UTC; raises ValueError for a day that no calendar has."""
    return datetime.datetime.combine(datetime.date.fromisoformat(date), datetime.time(), datetime.UTC)
