"""Who calls, when, and in which transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from domain.batch import NOTHING, Outcomes
from domain.callers import Caller
from domain.refusals import Refusal
from domain.seals import Seal
from storage.database import Transaction
from storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the caller's plan allows: requests in each window, at once and in a month, items per batch, bytes per body.

    A monthly quota of None is none.
    """

    max_requests_per_minute: int
    max_batch_size: int
    max_payload_bytes: int
    plan: str
    monthly_quota: int | None
    requests_per_hour: int
    burst: int
    concurrent_requests: int


# Nothing that is done without a request is held against a plan.
UNLIMITED = Allowance(0, 0, 0, "", None, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Means:
    """What a deployment gives to all that is done in it.

    `seal` encrypts secrets that are stored. `allowed_networks` are the private ones that may be sent into.
    `step_seconds` is how long a step of a resource's provisioning takes. `processors` are the names of those there are.
    """

    seal: Seal
    allowed_networks: Sequence[IPv4Network | IPv6Network] = ()
    step_seconds: float = 10
    processors: Collection[str] = ()


@dataclass(slots=True)
class Call:
    """One request as a handler sees it.

    `scope` is the account and mode that everything it reads and writes belongs to. `if_match` holds the revisions that
    the caller accepts; None means any. `clock_offset` is how far `now` is ahead of the real time, in seconds. A handler
    that changes what is remembered of the account's callers sets `forget_callers`. `sunsets` has the last day of each
    deprecated operation. `outcomes` is what the operations of a batch came to. `caller` is None where no API key asked
    for the work. `topics` is what there is to do once this is committed; see storage/wakeups.py.
    """

    tx: Transaction
    scope: Scope
    now: int
    request_id: str
    allowance: Allowance
    means: Means
    idempotency_key: str | None = None
    if_match: frozenset[str] | None = None
    api_version: str = ""
    caller: Caller | None = None
    clock_offset: int = 0
    forget_callers: bool = False
    sunsets: Mapping[str, str] | None = None
    outcomes: Outcomes = NOTHING
    topics: set[str] = field(default_factory=set)

    @property
    def seal(self) -> Seal:
        """Encrypts and decrypts stored secrets."""
        return self.means.seal

    @property
    def allowed_networks(self) -> Sequence[IPv4Network | IPv6Network]:
        """The private networks that may be sent into."""
        return self.means.allowed_networks

    def wake(self, topic: str) -> None:
        """Tell who waits for this topic that there is something to do, once this is committed."""
        self.topics.add(topic)

    @property
    def real_now(self) -> int:
        """The time without the test clock, which is that of keys: nobody can move on when a key ends."""
        return self.now - self.clock_offset

    def require_revision(self, object_id: str, version: int) -> None:
        """Refuse to go on when the object is not in a revision that the caller accepts."""
        if self.if_match is not None and revision(object_id, version) not in self.if_match:
            raise Refusal("precondition_failed")


def of_worker(tx: Transaction, scope: Scope, now: int, means: Means, clock_offset: int = 0) -> Call:
    """What is done for an account without a request; `now` is the real time."""
    return Call(tx, scope, now + clock_offset, "", UNLIMITED, means, clock_offset=clock_offset)


def revision(object_id: str, version: int) -> str:
    """Names one state of one object."""
    return f"{object_id}-{version}"
