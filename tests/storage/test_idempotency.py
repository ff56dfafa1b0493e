"""Idempotency keys on both engines."""

import asyncio

from storage import idempotency
from storage.database import Database, Transaction
from storage.scope import Scope
from tests.storage.samples import (
    DAY,
    OTHER_ACCOUNT,
    OTHER_MODE,
    SCOPE,
    create_once,
    read,
    rows_in,
    run,
    write,
)


def claim(tx: Transaction, scope: Scope = SCOPE, now: int = 1_000, fingerprint: str = "f") -> idempotency.Row | None:
    return idempotency.claim(tx, scope, "key", fingerprint, now, now + DAY)


def claim_and_complete(tx: Transaction, now: int = 1_000) -> idempotency.Row | None:
    standing = claim(tx, now=now)
    if standing is None:
        idempotency.complete(tx, SCOPE, "key", 201, {"Location": "/x"}, b"\x00body\xff")
    return standing


def test_fifty_at_once_have_one_owner(database: Database) -> None:
    async def scenario() -> list[str]:
        units = (database.write(lambda tx, n=number: create_once(tx, "key", n)) for number in range(50))  # type: ignore[misc]
        return await asyncio.gather(*units)

    outcomes = run(scenario())
    assert outcomes.count("created") == 1
    owner = str(outcomes.index("created"))
    assert set(outcomes) == {"created", owner}
    assert read(database, lambda tx: rows_in(tx, "resources")) == 1


def test_a_repeat_gets_the_stored_answer(database: Database) -> None:
    assert write(database, claim_and_complete) is None
    standing = write(database, claim_and_complete)
    assert standing == idempotency.Row(
        "acct_1", "live", "key", "f", 201, {"Location": "/x"}, b"\x00body\xff", 1_000, 1_000 + DAY
    )


def test_a_key_is_new_again_when_it_has_expired(database: Database) -> None:
    write(database, claim_and_complete)
    last_second = 1_000 + DAY - 1
    assert write(database, lambda tx: claim(tx, now=last_second)) is not None
    assert write(database, lambda tx: claim_and_complete(tx, now=1_000 + DAY)) is None
    standing = write(database, lambda tx: claim(tx, now=1_000 + DAY + 1))
    assert standing is not None
    assert standing.created == 1_000 + DAY
    assert standing.expires == 1_000 + 2 * DAY


def test_the_answer_of_an_expired_claim_is_forgotten(database: Database) -> None:
    write(database, claim_and_complete)

    def claim_anew(tx: Transaction) -> idempotency.Row | None:
        assert claim(tx, now=1_000 + DAY, fingerprint="other") is None
        return claim(tx, now=1_000 + DAY)

    standing = write(database, claim_anew)
    assert standing is not None
    assert list(standing)[3:7] == ["other", None, None, None]


def test_a_claim_that_is_rolled_back_leaves_the_key_free(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        claim_and_complete(tx)
        raise LookupError

    try:
        write(database, fail)
    except LookupError:
        assert write(database, claim_and_complete) is None


def test_keys_of_other_accounts_and_modes_are_independent(database: Database) -> None:
    for scope in (SCOPE, OTHER_MODE, OTHER_ACCOUNT):
        assert write(database, lambda tx, s=scope: claim(tx, s)) is None  # type: ignore[misc]
    assert read(database, lambda tx: rows_in(tx, "idempotency_keys")) == 3


def test_expired_keys_are_deleted_a_few_at_a_time(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(10):
            assert idempotency.claim(tx, SCOPE, str(number), "f", 1_000, 2_000 + number) is None

    write(database, fill)
    deleted = [write(database, lambda tx: idempotency.delete_expired(tx, 2_006, 3)) for _ in range(4)]
    assert deleted == [3, 3, 1, 0]
    assert read(database, lambda tx: rows_in(tx, "idempotency_keys")) == 3
