"""One request and its answer, as the stages see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from contract.compiler import CompiledContract
from contract.middleware import Receive, Scope
from contract.operation import Contract, Operation
from contract.plans import Plan
from contract.problems import Problem
from contract.router import Match
from domain.api_keys import Caller

if TYPE_CHECKING:
    from gateway.limiting import Standing

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """What is sent back: `headers` beside the ones that every answer has."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)


class Exchange:
    """A request on its way through the stages; each fills in what it found out.

    `nested` says that it is part of another one. `charged` is what it counts for in the limits and the usage.
    """

    __slots__ = (
        "address",
        "answer",
        "arguments",
        "body",
        "caller",
        "charged",
        "compiled",
        "contract",
        "expand",
        "header_arguments",
        "headers",
        "limit_headers",
        "match",
        "method",
        "misrouted",
        "nested",
        "now",
        "operation",
        "plan",
        "prefix",
        "receive",
        "request_id",
        "scope",
        "standing",
        "time",
        "version",
    )

    def __init__(self, compiled: CompiledContract, scope: Scope, receive: Receive, *, nested: bool = False) -> None:
        self.compiled = compiled
        self.scope = scope
        self.receive = receive
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.answer: Answer | None = None
        self.request_id = ""
        self.now = 0
        self.time = 0.0
        self.address = ""
        self.nested = nested
        self.prefix: str
        self.misrouted: Problem | None = None
        self.match: Match
        self.contract: Contract
        self.version = ""
        self.caller: Caller
        self.plan: Plan
        self.standing: Standing | None = None
        self.limit_headers: Headers = []
        self.charged = 0
        self.operation: Operation
        self.arguments: dict[str, Any]
        self.header_arguments: dict[str, Any] = {}
        self.expand: tuple[str, ...] = ()

    def header_is_repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once."""
        given = self.scope["headers"]
        return len(given) != len(self.headers) and sum(key == name for key, _ in given) > 1
