"""Both stores of limits decide alike, exactly, and forget what they may."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import redis

from storage.database import Unavailable
from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Ceilings, Decision, Entitlement, Limiter, Month, Verdict
from storage.limits_memory import MemoryLimiter
from storage.limits_valkey import ValkeyLimiter
from tests import engines

NOON = 1_705_320_000
AT = NOON * MICROSECONDS
MONTH = Month(1_704_067_200, 1_706_745_600)
NEXT = Month(1_706_745_600, 1_709_251_200)
MANY = Ceilings(MINUTE, 60, 100, 10, 1000)


@pytest.fixture(scope="module")
def valkey() -> Iterator[str]:
    with engines.valkey_server() as url:
        yield url


class Asked(NamedTuple):
    """A request that asks to be let in."""

    account_id: str
    at: int
    month: Month
    cost: int
    slot: str
    month_used: int | None

    def of(self, store: Limiter, ceilings: Ceilings) -> Any:
        """Ask a store."""
        entitlement = Entitlement(self.account_id, ceilings, self.month)
        return store.admit(entitlement, self.at, self.slot, self.cost, self.month_used)


class Both:
    """Asks both stores the same and expects the same of them."""

    def __init__(self, url: str) -> None:
        self.memory = MemoryLimiter()
        self.valkey = ValkeyLimiter(url, lease=2)

    async def admit(self, asked: Asked, ceilings: Ceilings) -> Decision:
        decided: Decision = asked.of(self.memory, ceilings)
        assert await asked.of(self.valkey, ceilings) == decided
        return decided

    async def leave(self, asked: Asked, ceilings: Ceilings, refund: int = 0) -> None:
        entitlement = Entitlement(asked.account_id, ceilings, asked.month)
        self.memory.leave(entitlement, asked.at, asked.slot, refund)
        await self.valkey._end(entitlement, asked.at, asked.slot, refund)


def run(url: str, story: Any) -> None:
    """Tell a story about both stores, in one event loop, on an empty Valkey."""
    with redis.Redis.from_url(url) as client:
        client.flushall()

    async def told() -> None:
        both = Both(url)
        try:
            await story(both)
        finally:
            await both.valkey.close()

    asyncio.run(told())


def asked(seconds: float = 0, **changes: Any) -> Asked:
    return Asked("acct", AT + int(seconds * MICROSECONDS), MONTH, 1, "", 0)._replace(**changes)


@pytest.mark.parametrize("seed", range(3))
def test_both_decide_alike(valkey: str, seed: int) -> None:
    async def story(both: Both) -> None:
        chance = random.Random(seed)
        policies = [
            Ceilings(MINUTE, 600, 20, 3, 90),
            Ceilings(HOUR, 30, 30, None, None),
            Ceilings(MINUTE, 7, 5, 2, None),
        ]
        at, under_way = AT, []
        for number in range(300):
            at += chance.choice([0, 1, 90_000, 5_000_000, -3_000_000, 4_000_000_000 if number % 50 == 0 else 3])
            ceilings = chance.choice(policies)
            account = chance.choice("ab")
            slot = f"req_{number}" if ceilings.concurrent and chance.random() < 0.7 else ""
            known = chance.choice([None, 3])
            each = Asked(account, at, MONTH, chance.choice([1, 1, 4]), slot, known)
            if (await both.admit(each, ceilings)).verdict is Verdict.ADMITTED:
                under_way.append((each, ceilings))
            # Leases end by themselves after two seconds, so none is kept longer.
            while under_way and (len(under_way) > 1 or chance.random() < 0.8):
                await both.leave(*under_way.pop(0), refund=chance.choice([0, 1]))
            for left in under_way:
                await both.leave(*left)
            under_way.clear()

    run(valkey, story)


def test_what_is_refused_uses_up_nothing(valkey: str) -> None:  # B159
    async def story(both: Both) -> None:
        ceilings = replace(MANY, concurrent=1, quota=5)
        first = await both.admit(asked(slot="req_1"), ceilings)
        refused = await both.admit(asked(slot="req_2"), ceilings)
        assert (first.verdict, refused.verdict) == (Verdict.ADMITTED, Verdict.CONCURRENCY)
        assert (refused.used, refused.backlog, refused.month_used) == (1, REQUEST, 1)
        too_many = await both.admit(asked(cost=5), ceilings)
        assert (too_many.verdict, too_many.backlog, too_many.active) == (Verdict.QUOTA, REQUEST, 1)
        await both.leave(asked(slot="req_1"), ceilings)
        assert (await both.admit(asked(slot="req_2"), ceilings)).verdict is Verdict.ADMITTED

    run(valkey, story)


def test_what_is_given_back_can_be_used_again(valkey: str) -> None:
    async def story(both: Both) -> None:
        for account, ceilings in (("a", Ceilings(HOUR, 1, 1, None, None)), ("b", replace(MANY, burst=1, quota=1))):
            each = asked(account_id=account)
            assert (await both.admit(each, ceilings)).verdict is Verdict.ADMITTED
            await both.leave(each, ceilings, refund=1)
            assert (await both.admit(each, ceilings)).verdict is Verdict.ADMITTED
            assert (await both.admit(each, ceilings)).verdict is not Verdict.ADMITTED

    run(valkey, story)


def test_a_batch_costs_what_it_has_inside(valkey: str) -> None:
    async def story(both: Both) -> None:
        decided = await both.admit(asked(cost=99), MANY)
        assert (decided.verdict, decided.used, decided.backlog) == (Verdict.ADMITTED, 99, 99 * REQUEST)
        assert (await both.admit(asked(cost=2), MANY)).verdict is Verdict.RATE
        assert (await both.admit(asked(cost=1), MANY)).verdict is Verdict.ADMITTED

    run(valkey, story)


def test_an_unknown_month_is_asked_for_once(valkey: str) -> None:  # B160
    async def story(both: Both) -> None:
        assert (await both.admit(asked(month_used=None), MANY)).verdict is Verdict.MONTH_UNKNOWN
        assert (await both.admit(asked(month_used=999), MANY)).month_used == 1000
        assert (await both.admit(asked(month_used=0), MANY)).verdict is Verdict.QUOTA, "what is known stays"
        later = asked(month=NEXT, at=NEXT.start * MICROSECONDS, month_used=None)
        assert (await both.admit(later, MANY)).verdict is Verdict.MONTH_UNKNOWN

    run(valkey, story)


def test_a_request_by_the_hour_counts_in_the_month(valkey: str) -> None:
    async def story(both: Both) -> None:
        await both.admit(asked(month_used=998), MANY)
        assert (await both.admit(asked(month_used=None), Ceilings(HOUR, 5, 5, None, None))).month_used == 1000
        assert (await both.admit(asked(), MANY)).verdict is Verdict.QUOTA

    run(valkey, story)


def test_a_lease_ends_by_itself(valkey: str) -> None:
    async def story() -> None:
        limiter = ValkeyLimiter(valkey, lease=2)
        ceilings = replace(MANY, concurrent=1)
        assert (await asked(slot="lost", account_id="leases").of(limiter, ceilings)).verdict is Verdict.ADMITTED
        early, late = asked(1.9, slot="a", account_id="leases"), asked(2, slot="b", account_id="leases")
        assert (await early.of(limiter, ceilings)).verdict is Verdict.CONCURRENCY
        assert (await late.of(limiter, ceilings)).verdict is Verdict.ADMITTED
        await limiter.close()

    asyncio.run(story())


def test_it_is_exact_when_many_ask_at_once(valkey: str) -> None:  # A039
    async def story() -> None:
        stores = [ValkeyLimiter(valkey, lease=2) for _ in range(2)]
        each = asked(account_id="crowd")
        decided = await asyncio.gather(*(each.of(stores[number % 2], MANY) for number in range(300)))
        assert [decision.verdict for decision in decided].count(Verdict.ADMITTED) == MANY.burst
        await asyncio.gather(*(store.close() for store in stores))

    asyncio.run(story())


def test_what_nobody_needs_is_forgotten(valkey: str) -> None:
    memory = MemoryLimiter()
    for number in range(1000):
        asked(account_id=f"acct_{number}").of(memory, MANY)
    assert len(memory._young) + len(memory._old) == 1000
    for hours in (1, 2, 3):
        asked(hours * HOUR + 1).of(memory, MANY)
    assert len(memory._young) + len(memory._old) == 1

    async def story(both: Both) -> None:
        await both.admit(asked(slot="req"), MANY)
        with redis.Redis.from_url(valkey) as client:
            assert all(0 < client.ttl(key) <= 3 * HOUR for key in client.scan_iter())

    run(valkey, story)


@pytest.mark.parametrize("hours", [-24, 24 * 365])
def test_a_clock_that_jumps_locks_nobody_out(valkey: str, hours: int) -> None:
    async def story() -> None:
        memory, shared = MemoryLimiter(), ValkeyLimiter(valkey, lease=2)
        for ceilings in (replace(MANY, quota=None), Ceilings(HOUR, 100, 100, None, None)):
            last = []
            for each in (asked(hours * HOUR, cost=100), asked(), asked(200)):
                each = each._replace(account_id=f"jump{hours}{ceilings.window}")
                last = [each.of(memory, ceilings).verdict, (await each.of(shared, ceilings)).verdict]
            assert last == [Verdict.ADMITTED] * 2
        await shared.close()

    asyncio.run(story())


def test_a_store_that_does_not_answer_lets_nobody_in() -> None:
    async def story() -> None:
        limiter = ValkeyLimiter("redis://127.0.0.1:1", lease=2)
        with pytest.raises(Unavailable):
            await asked(slot="req").of(limiter, MANY)
        with pytest.raises(Unavailable):
            await limiter.ping()
        limiter.leave(Entitlement("acct", MANY, MONTH), AT, "req", 0)
        await limiter.close()

    asyncio.run(story())
