"""Who calls, when, and in which transaction."""

from __future__ import annotations

from dataclasses import dataclass

from domain.callers import Caller
from domain.refusals import Refusal
from domain.seals import Seal
from storage.database import Transaction
from storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the caller's plan allows: requests per minute, items per batch, bytes per body."""

    max_requests_per_minute: int
    max_batch_size: int
    max_payload_bytes: int


@dataclass(slots=True)
class Call:
    """One request as a handler sees it.

    `scope` is the account and mode that everything it reads and writes belongs to. `if_match` holds the revisions that
    the caller accepts; None means any. `seal` encrypts secrets that are stored. `caller` is None where no API key asked
    for the work. A write that changes whom keys stand for or what they may do sets `forget_callers`.
    """

    tx: Transaction
    scope: Scope
    now: int
    request_id: str
    allowance: Allowance
    seal: Seal
    idempotency_key: str | None = None
    if_match: frozenset[str] | None = None
    caller: Caller | None = None
    forget_callers: bool = False

    def require_revision(self, object_id: str, version: int) -> None:
        """Refuse to go on when the object is not in a revision that the caller accepts."""
        if self.if_match is not None and revision(object_id, version) not in self.if_match:
            raise Refusal("precondition_failed")


def revision(object_id: str, version: int) -> str:
    """Names one state of one object."""
    return f"{object_id}-{version}"
