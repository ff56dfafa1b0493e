"""One request and its answer, as the stages see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.compiler import CompiledContract
from contract.middleware import Receive, Scope
from contract.operation import Contract, Operation
from contract.router import Match
from domain.callers import Caller

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """What is sent back: `headers` beside the ones that every answer has."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)


class Exchange:
    """A request on its way through the stages; each fills in what it found out."""

    __slots__ = (
        "answer",
        "arguments",
        "body",
        "caller",
        "compiled",
        "contract",
        "expand",
        "header_arguments",
        "headers",
        "match",
        "method",
        "now",
        "operation",
        "receive",
        "request_id",
        "scope",
        "version",
    )

    def __init__(self, compiled: CompiledContract, scope: Scope, receive: Receive) -> None:
        self.compiled = compiled
        self.scope = scope
        self.receive = receive
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.answer: Answer | None = None
        self.request_id = ""
        self.now = 0
        self.match: Match
        self.contract: Contract
        self.version = ""
        self.caller: Caller
        self.operation: Operation
        self.arguments: dict[str, Any]
        self.header_arguments: dict[str, Any] = {}
        self.expand: tuple[str, ...] = ()

    def header_is_repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once."""
        given = self.scope["headers"]
        return len(given) != len(self.headers) and sum(key == name for key, _ in given) > 1
