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


@dataclass(slots=True, eq=False)
class Exchange:
    """A request on its way through the stages; each fills in what it found out.

    `error_code`, `limiter` (`admitted`, or `refused:` and the limit) and `idempotency` (`none`, `stored`, `replayed` or
    `refused`) are for the log. `charged` is what the request counts for in the limits and the usage.
    `nested` holds for an operation of a batch, which is not begun once the monotonic clock has passed `expires`;
    `prepaid` for the one that the charge for the batch itself has paid.
    `created` has the id of what the request created, or the first one with its idempotency key.
    `outcomes` of a batch runs its operations, or tells what they came to, in the transaction that keeps its answer.
    """

    # Slots: an object of a class with more than thirty attributes is much slower with a dictionary.
    compiled: CompiledContract
    scope: Scope
    receive: Receive
    nested: bool = field(default=False, kw_only=True)
    started: float = field(init=False)
    headers: Mapping[bytes, bytes] = field(init=False)
    method: str = field(init=False)
    header_arguments: Mapping[str, Any] = field(init=False)
    answer: Answer | None = field(default=None, init=False)
    # What only the stages know: a request that ends before them has none of it.
    request_id: str = field(init=False)
    now: int = field(init=False)
    time: float = field(init=False)
    address: str = field(init=False)
    prefix: str = field(init=False)
    contract: Contract = field(init=False)
    version: str = field(init=False)
    place: Place = field(init=False)
    match: Match = field(init=False)
    caller: Caller = field(init=False)
    plan: Plan = field(init=False)
    operation: Operation = field(init=False)
    arguments: dict[str, Any] = field(init=False)
    expires: float = field(init=False)
    outcomes: Callable[[Transaction], Outcomes] = field(init=False)
    # What every request begins with.
    clock_offset: int = field(default=0, init=False)
    misrouted: Problem | None = field(default=None, init=False)
    standing: Standing | None = field(default=None, init=False)
    limit_lines: bytes = field(default=b"", init=False)
    charged: int = field(default=0, init=False)
    expand: tuple[str, ...] = field(default=(), init=False)
    error_code: str | None = field(default=None, init=False)
    limiter: str = field(default="admitted", init=False)
    idempotency: str = field(default="none", init=False)
    created: tuple[str, ...] = field(default=(), init=False)
    forget_callers: bool = field(default=False, init=False)
    topics: Collection[str] = field(default=(), init=False)
    prepaid: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Read what the stages ask for again and again."""
        self.started = time.perf_counter()
        self.headers = dict(self.scope["headers"])
        self.method = self.scope["method"]
        self.header_arguments = NONE

    @property
    def streams(self) -> bool:
        """Whether the answer goes on after its first part."""
        answer = self.answer
        return answer is not None and answer.download is not None and self.scope["method"] != "HEAD"

    def header_is_repeated(self, name: bytes) -> bool:
        """Whether a header was sent more than once."""
        given = self.scope["headers"]
        return len(given) != len(self.headers) and sum(key == name for key, _ in given) > 1
