"""One operation of the document, compiled: everything that does not depend on the request is worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.bodies import Body
from contract.dialects import Dialect, Render
from contract.parameters import Decoder


@dataclass(frozen=True, slots=True)
class Contract:
    """One of the contracts of the document, from `x-contracts`."""

    name: str
    dialect: Dialect
    stability: str
    default_version: str


@dataclass(frozen=True, slots=True)
class Success:
    """The answer of an operation that went well; `location` is the path of a new object without its id."""

    status: int
    render: Render | None
    location: str | None
    is_valid: Callable[[bytes], str | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """What the gateway needs to serve one operation."""

    id: str
    contract: Contract
    method: str
    path: str
    handler: Callable[..., Any]
    path_names: tuple[str, ...]
    scopes: tuple[str, ...]
    takes_query: bool
    query: Decoder
    headers: Decoder
    body: Body | None
    success: Success

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
