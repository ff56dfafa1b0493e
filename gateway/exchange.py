"""One request and its answer, as the stages see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.compiler import CompiledContract
from contract.middleware import Receive, Scope
from contract.operation import Contract, Operation
from contract.plans import Plan
from contract.problems import Problem
from contract.router import Match
from domain.batch import Outcomes
from domain.callers import Caller
from domain.downloads import Download
from storage.database import Transaction

if TYPE_CHECKING:
    from gateway.limiting import Standing

Headers = list[tuple[bytes, bytes]]


class Place(NamedTuple):
    """Which environment in which region serves a request."""

    environment: str
    region: str


@dataclass(slots=True)
class Answer:
    """What is sent back: `headers` beside the ones that every answer has.

    `body` is only the first part of a `download`.
    """

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)
    download: Download | None = None


class Exchange:
    """A request on its way through the stages; each fills in what it found out.

    `error_code`, `limiter` (`admitted`, or `refused:` and the limit) and `idempotency` (`none`, `stored`, `replayed` or
    `refused`) are for the log. `charged` is what the request counts for in the limits and the usage.
    `nested` holds for an operation of a batch, which is not begun once the monotonic clock has passed `expires`;
    `prepaid` for the one that the charge for the batch itself has paid.
    `outcomes` of a batch runs its operations, or tells what they came to, in the transaction that keeps its answer.
    """

    __slots__ = (
        "address",
        "answer",
        "arguments",
        "body",
        "caller",
        "charged",
        "clock_offset",
        "compiled",
        "contract",
        "error_code",
        "expand",
        "expires",
        "forget_callers",
        "header_arguments",
        "headers",
        "idempotency",
        "limit_headers",
        "limiter",
        "match",
        "method",
        "misrouted",
        "nested",
        "now",
        "operation",
        "outcomes",
        "place",
        "plan",
        "prefix",
        "prepaid",
        "receive",
        "request_id",
        "scope",
        "standing",
        "started",
        "time",
        "topics",
        "version",
    )

    def __init__(self, compiled: CompiledContract, scope: Scope, receive: Receive, *, nested: bool = False) -> None:
        self.started = time.perf_counter()
        self.compiled = compiled
        self.scope = scope
        self.receive = receive
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.answer: Answer | None = None
        self.request_id = ""
        self.now = 0
        self.clock_offset = 0
        self.time = 0.0
        self.address = ""
        self.prefix: str
        self.misrouted: Problem | None = None
        self.match: Match
        self.contract: Contract
        self.version = ""
        self.place: Place
        self.caller: Caller
        self.plan: Plan
        self.standing: Standing | None = None
        self.limit_headers: Headers = []
        self.charged = 0
        self.operation: Operation
        self.arguments: dict[str, Any]
        self.header_arguments: dict[str, Any] = {}
        self.expand: tuple[str, ...] = ()
        self.error_code: str | None = None
        self.limiter = "admitted"
        self.idempotency = "none"
        self.forget_callers = False
        self.topics: Collection[str] = ()
        self.nested = nested
        self.prepaid = False
        self.expires: float
        self.outcomes: Callable[[Transaction], Outcomes]

    @property
    def streams(self) -> bool:
        """Whether the answer goes on after its first part."""
        answer = self.answer
        return answer is not None and answer.download is not None and self.scope["method"] != "HEAD"

    def header_is_repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once."""
        given = self.scope["headers"]
        return len(given) != len(self.headers) and sum(key == name for key, _ in given) > 1
