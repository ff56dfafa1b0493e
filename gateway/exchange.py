"""One request and its answer, as the stages see them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
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
NONE: Mapping[str, Any] = MappingProxyType({})


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

    # What every request begins with stands in the class: to store it in each would cost several times as much.
    answer: Answer | None = None
    request_id = ""
    now = 0
    clock_offset = 0
    time = 0.0
    address = ""
    prefix: str
    misrouted: Problem | None = None
    match: Match
    contract: Contract
    version = ""
    place: Place
    caller: Caller
    plan: Plan
    standing: Standing | None = None
    limit_lines = b""
    charged = 0
    operation: Operation
    arguments: dict[str, Any]
    header_arguments: Mapping[str, Any] = NONE
    expand: tuple[str, ...] = ()
    error_code: str | None = None
    limiter = "admitted"
    idempotency = "none"
    forget_callers = False
    topics: Collection[str] = ()
    prepaid = False
    expires: float
    outcomes: Callable[[Transaction], Outcomes]

    def __init__(self, compiled: CompiledContract, scope: Scope, receive: Receive, *, nested: bool = False) -> None:
        self.started = time.perf_counter()
        self.compiled = compiled
        self.scope = scope
        self.receive = receive
        self.headers: Mapping[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.nested = nested

    @property
    def streams(self) -> bool:
        """Whether the answer goes on after its first part."""
        answer = self.answer
        return answer is not None and answer.download is not None and self.scope["method"] != "HEAD"

    def header_is_repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once."""
        given = self.scope["headers"]
        return len(given) != len(self.headers) and sum(key == name for key, _ in given) > 1
