"""One operation of the document, compiled: everything that does not depend on the request is worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from contract.bodies import Body
from contract.dialects import Dialect, Render
from contract.parameters import Decoder

# The media type of a file in which each line is an object.
LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Contract:
    """One of the contracts of the document, from `x-contracts`."""

    name: str
    dialect: Dialect
    stability: str
    default_version: str


@dataclass(frozen=True, slots=True)
class Success:
    """The answer of an operation that went well.

    `location` is the path of a new object without its id. `is_secret` says that the answer shows a secret, and
    `is_download` that it is a file in lines, sent part by part.
    """

    status: int
    render: Render | None
    location: str | None
    is_valid: Callable[[bytes], str | None]
    is_secret: bool = False
    is_download: bool = False


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Says that an operation ends: from `x-deprecated`.

    `sunset` is its last day; `successor` is the path of what to use instead, with the names of its variables.
    """

    sunset: str
    fixed: tuple[tuple[bytes, bytes], ...]
    path_names: tuple[str, ...]
    successor: str | None

    def headers(self, values: Sequence[str]) -> list[tuple[bytes, bytes]]:
        """The headers that every answer of the operation has; `values` are those of its path."""
        if self.successor is None:
            return list(self.fixed)
        filled = {name: quote(value, safe="") for name, value in zip(self.path_names, values, strict=True)}
        link = f'<{self.successor.format_map(filled)}>; rel="successor-version"'
        return [*self.fixed, (b"link", link.encode())]


@dataclass(frozen=True, slots=True)
class Operation:
    """What the gateway needs to serve one operation; `key_parameter` of the query string may hold the API key."""

    id: str
    contract: Contract
    method: str
    path: str
    handler: Callable[..., Any]
    path_names: tuple[str, ...]
    scopes: tuple[str, ...]
    # What else a key needs for values of `expand[]`.
    expansion_scopes: Mapping[str, str]
    key_parameter: str | None
    takes_query: bool
    query: Decoder
    headers: Decoder
    body: Body | None
    success: Success
    deprecation: Deprecation | None
    is_batch: bool

    @property
    def writes(self) -> bool:
        """Whether the operation may change something."""
        return self.method != "GET"

    def declares_header(self, name: str) -> bool:
        """Whether the operation takes this header."""
        return name in self.headers.parameters


@dataclass(frozen=True, slots=True)
class Version:
    """A dated version, the contract that answers it and which limits hold in it, from `x-api-versions`."""

    date: str
    contract: str
    limits: str


Methods = Mapping[str, Operation]
