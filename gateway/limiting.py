"""Holds every request of an account in live mode against the ceilings of its plan."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial

from contract.compiler import CompiledContract
from contract.plans import HOURLY, Plan
from contract.problems import Problem
from domain import limits
from domain.callers import Caller
from domain.limits import Exceeded
from gateway import limit_headers
from gateway.exchange import Exchange
from gateway.limit_headers import Head
from storage.database import Database
from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Ceilings, Decision, Entitlement, Limiter, Verdict

# What a request costs that is answered, and gets back when nothing had changed.
COST = 1
RATES = {HOUR: "requests_per_hour", MINUTE: "requests_per_minute"}
ADMITTED, UNKNOWN = Verdict.ADMITTED, Verdict.MONTH_UNKNOWN
MOST_REMEMBERED = 10_000
UNUSED = Decision(Verdict.ADMITTED, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller may do in a version in a month, with the headers that say so.

    It holds for these objects, and others with the same key find it anew.
    """

    caller: Caller
    compiled: CompiledContract
    version: str
    since: int
    until: int
    plan: Plan
    entitlement: Entitlement
    takes_slot: bool
    head: Head


# What was decided on a request, by which terms, at which time in unix microseconds, and its slot.
Standing = tuple[Terms, int, str, Decision]


class Limit:
    """Lets a request in or refuses it; whatever becomes of it, the answer says how the account stands.

    A request within a batch (`exchange.nested`) is counted as any other, but for the first, which the batch has paid
    for; they go on in the slot of the batch.
    """

    def __init__(self, limiter: Limiter, database: Database) -> None:
        self.limiter = limiter
        self.database = database
        self._terms: dict[str, Terms] = {}

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        caller, now = exchange.caller, exchange.now
        terms = self._terms.get(caller.key_id)
        if (
            terms is None
            or terms.caller is not caller
            or terms.version != exchange.version
            or terms.compiled is not exchange.compiled
            or not terms.since <= now < terms.until
        ):
            terms = self._agree(exchange)
        exchange.plan = terms.plan
        if exchange.prepaid:
            return None
        at = int(exchange.time * MICROSECONDS)
        if caller.scope.mode == "test":
            settle(exchange, (terms, at, "", UNUSED))
            return None
        slot = exchange.request_id if terms.takes_slot and not exchange.nested else ""
        decision = self.limiter.admit(terms.entitlement, at, slot, COST, None)
        if isinstance(decision, Decision) and decision.verdict is ADMITTED:
            exchange.charged = COST
            settle(exchange, (terms, at, slot, decision))
            return None
        return self._decide(exchange, (terms, at, slot), decision)

    def close(self, exchange: Exchange) -> None:
        """Free the slot of a request that ends, whatever became of it, and give back what it need not have paid."""
        if not exchange.charged or exchange.standing is None:
            return
        terms, at, slot, decision = exchange.standing
        refund = COST if exchange.answer is not None and exchange.answer.status == 304 else 0
        self.limiter.leave(terms.entitlement, at, slot, refund)
        if refund:
            exchange.charged = 0
            settle(exchange, (terms, at, slot, refunded(decision, refund)))

    def _agree(self, exchange: Exchange) -> Terms:
        """Find out what holds for a caller, and keep it for the next request."""
        caller, compiled, version = exchange.caller, exchange.compiled, exchange.version
        plan = compiled.plans[caller.plan].agreed(caller.limits)
        if len(self._terms) >= MOST_REMEMBERED:
            self._terms.clear()
        ceilings, month = ceilings_of(plan, compiled.versions[version].limits), limits.month_of(exchange.now)
        entitlement = Entitlement(caller.scope.account_id, ceilings, month)
        head, takes_slot = Head(entitlement), ceilings.concurrent is not None
        terms = Terms(caller, compiled, version, month.start, month.end, plan, entitlement, takes_slot, head)
        self._terms[caller.key_id] = terms
        return terms

    async def _decide(
        self, exchange: Exchange, asked: tuple[Terms, int, str], decision: Decision | Awaitable[Decision]
    ) -> None:
        """Wait for what is decided elsewhere, and look up what the account has used of the month if that is missing."""
        terms, at, slot = asked
        entitlement = terms.entitlement
        if not isinstance(decision, Decision):
            decision = await decision
        if decision.verdict is UNKNOWN:
            month_used = partial(limits.month_used, account_id=entitlement.account_id, month=entitlement.month)
            again = self.limiter.admit(entitlement, at, slot, COST, await self.database.read(month_used))
            decision = again if isinstance(again, Decision) else await again
        standing = terms, at, slot, decision
        settle(exchange, standing)
        if decision.verdict is not ADMITTED:
            exchange.limiter = f"refused:{decision.verdict.name.lower()}"
            raise refusal(standing)
        exchange.charged = COST


def settle(exchange: Exchange, standing: Standing) -> None:
    """Keep what was decided on a request, and write the headers of its answer that say so."""
    exchange.standing = standing
    # What a batch answers says how the account stands, not each of its operations.
    if not exchange.nested:
        terms, at, _, decision = standing
        exchange.limit_lines = terms.head.lines(at, decision)


def ceilings_of(plan: Plan, policy: str) -> Ceilings:
    """The numbers of a plan that hold in a version with these limits."""
    if policy == HOURLY:
        return Ceilings(HOUR, plan.requests_per_hour, plan.requests_per_hour, None, None)
    return Ceilings(MINUTE, plan.requests_per_minute, plan.burst, plan.concurrent_requests, plan.monthly_quota)


def refunded(decision: Decision, cost: int) -> Decision:
    """The decision as it is after its request was given back."""
    return replace(
        decision,
        used=max(0, decision.used - cost),
        backlog=max(0, decision.backlog - cost * MINUTE * MICROSECONDS),
        month_used=max(0, decision.month_used - cost),
    )


def exceeded(standing: Standing, request_id: str) -> Exceeded | None:
    """The limit that a request was refused for, if it was; one that speaks of no window is told of once a minute."""
    terms, at, _, decision = standing
    account_id, ceilings, month = terms.entitlement.account_id, terms.entitlement.ceilings, terms.entitlement.month
    now = at // MICROSECONDS
    window = ceilings.window
    if decision.verdict is Verdict.QUOTA:
        kind, limit, current, resets = "requests_per_month", ceilings.quota, decision.month_used + COST, month.end
    elif decision.verdict is Verdict.CONCURRENCY:
        kind, limit, current = "concurrent_requests", ceilings.concurrent, decision.active + 1
        resets = (now // MINUTE + 1) * MINUTE
    elif decision.verdict is Verdict.RATE:
        resets = (now // window + 1) * window
        kind, limit, current = RATES[window], ceilings.rate, decision.used + COST
        if current <= limit:
            kind, limit, current = "burst", ceilings.burst, -(-decision.backlog // REQUEST) + COST
    else:
        return None
    return Exceeded(account_id, kind, resets, limit or 0, current, now, request_id)


def refusal(standing: Standing) -> Problem:
    """What to tell a client whose request was not let in."""
    terms, _, _, decision = standing
    ceilings, month = terms.entitlement.ceilings, terms.entitlement.month
    wait = limit_headers.seconds(decision.wait)
    if decision.verdict is Verdict.QUOTA:
        day = datetime.datetime.fromtimestamp(month.end, datetime.UTC).date().isoformat()
        message = f"The monthly quota of {ceilings.quota} requests is used up. It starts anew on {day}."
        return Problem("quota_exceeded", message, retry_after=wait)
    if decision.verdict is Verdict.CONCURRENCY:
        message = f"Too many requests at once: {ceilings.concurrent} may be under way. Try again in {wait} seconds."
        return Problem("concurrency_limit_exceeded", message, retry_after=wait)
    return Problem("rate_limit_exceeded", f"Rate limit exceeded. Try again in {wait} seconds.", retry_after=wait)
