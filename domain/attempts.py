"""Attempts: what an attempt to send an event makes of its delivery and of the webhook."""

from __future__ import annotations

import email.utils
import random
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storage import deliveries, webhooks
from storage.database import Transaction
from storage.deliveries import AttemptRow, Outcome, Row
from storage.scope import Scope
from storage.webhooks import Receiver

# How long to wait after each failure in turn, in seconds, give or take a fifth; the eighth is the last.
WAITS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600)
JITTER = 0.2
# Its own, so that the numbers of whoever seeds the common one stay theirs.
CHANCE = random.SystemRandom()
FAILING_DAYS = 5
FAILING_SECONDS = FAILING_DAYS * 86_400
GONE = 410
ASKS_TO_WAIT = (429, 503)


class Result(NamedTuple):
    """An attempt that was made: a status with the first part of the answer, or why there was none, in words."""

    delivery: Row
    receiver: Receiver
    began_ms: int
    duration_us: int
    status: int | None
    body: bytes
    retry_after: str | None
    error: str | None

    @property
    def is_success(self) -> bool:
        """Any 2xx says that the event has arrived, whatever comes behind it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def ended_ms(self) -> int:
        return self.began_ms + self.duration_us // 1000

    @property
    def ended(self) -> int:
        """When it ended by the clock of its mode, in unix seconds."""
        return self.ended_ms // 1000 + self.receiver.offset

    @property
    def says(self) -> str | None:
        """Why it failed, in words."""
        if self.is_success:
            return None
        if self.error is not None or self.status is None:
            return self.error
        if 300 <= self.status < 400:
            return f"The receiver answered {self.status}. Redirects are not followed."
        return f"The receiver answered {self.status}."


def settle(tx: Transaction, token: str, results: Sequence[Result]) -> list[tuple[Receiver, str]]:
    """Write what became of some deliveries and webhooks, and say which webhooks are to be disabled, and why.

    A result whose delivery is not held any more is dropped: another process has it, or it was deleted.
    """
    of = {result.delivery.id: result for result in results}
    _note_failing(tx, results)
    outcomes = {delivery_id: outcome(result, CHANCE.uniform(-JITTER, JITTER)) for delivery_id, result in of.items()}
    settled = deliveries.settle(tx, token, outcomes.items(), attempted=1)
    deliveries.INSERT_ATTEMPTS.run(tx, [_row(of[each.id], each.attempts) for each in settled])
    changes = [(Scope(each.account_id, each.mode), outcomes[each.id].status) for each in settled]
    deliveries.tally_settled(tx, changes)
    reached = {result.receiver.id for result in results if result.is_success}
    found = {result.receiver.id: (result.receiver, reason) for result in results if (reason := _disabling(result))}
    return [each for webhook_id, each in found.items() if each[1] == "gone" or webhook_id not in reached]


def outcome(result: Result, jitter: float) -> Outcome:
    """What an attempt makes of its delivery; `jitter` changes the wait, such as 0.1 for a tenth more."""
    if result.is_success:
        return Outcome(result.ended, "succeeded", 0, result.status, None, None)
    failures = result.delivery.failures + 1
    wait = wait_after(failures, result, jitter)
    status, due_ms = ("failed", None) if wait is None else ("pending", result.ended_ms + int(wait * 1000))
    return Outcome(result.ended, status, failures, result.status, result.says, due_ms)


def wait_after(failures: int, result: Result, jitter: float) -> float | None:
    """How long to wait after so many failures, in seconds; None after the last.

    A receiver that asks for more gets up to twice that.
    """
    if failures > len(WAITS) or result.status == GONE:
        return None
    wait = WAITS[failures - 1] * (1 + jitter)
    asked = seconds_of(result.retry_after, result.ended_ms // 1000) if result.status in ASKS_TO_WAIT else None
    return wait if asked is None else min(max(wait, asked), 2 * wait)


def seconds_of(retry_after: str | None, now: int) -> int | None:
    """The seconds that a `Retry-After` stands for, which is a number of them or a date; None for what is neither."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp()) - now
    except (ValueError, OverflowError):
        return None


def _row(result: Result, number: int) -> AttemptRow:
    return AttemptRow(
        account_id=result.delivery.account_id,
        mode=result.delivery.mode,
        delivery_id=result.delivery.id,
        number=number,
        created=result.began_ms // 1000 + result.receiver.offset,
        duration_us=result.duration_us,
        response_status=result.status,
        # PostgreSQL's text cannot hold the character NUL.
        response_body=None if result.status is None else result.body.decode(errors="replace").replace("\0", "\ufffd"),
        error=result.says,
    )


def _note_failing(tx: Transaction, results: Iterable[Result]) -> None:
    """Note which webhooks began to fail or ceased to, the only time that a result changes their row."""
    ends: dict[str, Result] = {}
    for result in results:
        if result.is_success or result.receiver.id not in ends:
            ends[result.receiver.id] = result
    for webhook_id, result in sorted(ends.items()):
        was_failing = result.receiver.failing_since is not None
        if result.is_success == was_failing:
            scope = Scope(result.receiver.account_id, result.receiver.mode)
            webhooks.note_failing(tx, scope, webhook_id, None if result.is_success else result.ended)


def _disabling(result: Result) -> str | None:
    """Why a webhook is to be disabled after an attempt, if it is."""
    since = result.receiver.failing_since
    if result.status == GONE:
        return "gone"
    if not result.is_success and since is not None and result.ended - since >= FAILING_SECONDS:
        return "failing"
    return None
