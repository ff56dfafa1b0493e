"""The sandbox: the data of test mode, which is deleted each day."""

from __future__ import annotations

from storage import accounts, sandbox
from storage.database import Transaction
from storage.scope import Scope

DAY = 86_400


def reset_some(tx: Transaction, now: int, limit: int) -> int:
    """Delete some test data of one account that was created before today; 0 when no account is due.

    The account stays locked until the transaction ends, so others take other accounts. An account is done once
    everything is gone; until then it stays due, whoever is interrupted. Days are those of the account's test clock.
    """
    account = accounts.lock_due(tx, now)
    if account is None:
        return 0
    midnight = (now + account.test_clock_offset) // DAY * DAY
    deleted = sandbox.delete_created_before(tx, Scope(account.id, "test"), midnight, limit)
    if deleted < limit:
        next_reset = midnight + DAY - account.test_clock_offset
        accounts.set_test_clock(tx, account.id, account.test_clock_offset, next_reset)
    return deleted + 1
