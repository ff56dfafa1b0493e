"""Holds every request of an account in live mode against the ceilings of its plan."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable
from dataclasses import dataclass
from functools import partial

from contract.compiler import CompiledContract
from contract.plans import HOURLY, Plan
from contract.problems import Problem
from domain import limits
from domain.callers import Caller
from domain.limits import Exceeded
from gateway import limit_headers
from gateway.exchange import Exchange
from storage.database import Database
from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Admission, Ceilings, Decision, Limiter, Month, Verdict

# What a request costs that is answered, and gets back when nothing had changed.
COST = 1
RATES = {HOUR: "requests_per_hour", MINUTE: "requests_per_minute"}
ADMITTED, UNKNOWN = Verdict.ADMITTED, Verdict.MONTH_UNKNOWN
MOST_REMEMBERED = 10_000
UNUSED = Decision(Verdict.ADMITTED, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a caller may do in a version in a month, with the template of the headers that say so.

    It holds for these objects, and others with the same key find it anew.
    """

    caller: Caller
    compiled: CompiledContract
    version: str
    month: Month
    since: int
    until: int
    plan: Plan
    ceilings: Ceilings
    template: bytes


# What was decided on a request, and by which terms.
Standing = tuple[Terms, Admission, Decision]


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
        account_id, mode = caller.scope
        slot = "" if exchange.nested or terms.ceilings.concurrent is None else exchange.request_id
        known = account_id, int(exchange.time * MICROSECONDS), terms.month, COST, slot, None
        # What the class does when it is called, without a function in Python between.
        asked = tuple.__new__(Admission, known)
        if mode == "test":
            settle(exchange, (terms, asked, UNUSED))
            return None
        decision = self.limiter.admit(asked, terms.ceilings)
        if isinstance(decision, Decision) and decision.verdict is ADMITTED:
            exchange.charged = COST
            settle(exchange, (terms, asked, decision))
            return None
        return self._decide(exchange, terms, asked, decision)

    def close(self, exchange: Exchange) -> None:
        """Free the slot of a request that ends, whatever became of it, and give back what it need not have paid."""
        if not exchange.charged or exchange.standing is None:
            return
        terms, asked, decision = exchange.standing
        refund = COST if exchange.answer is not None and exchange.answer.status == 304 else 0
        self.limiter.leave(asked, terms.ceilings, refund)
        if refund:
            exchange.charged = 0
            settle(exchange, (terms, asked, refunded(decision, refund)))

    def _agree(self, exchange: Exchange) -> Terms:
        """Find out what holds for a caller, and keep it for the next request."""
        caller, compiled, version = exchange.caller, exchange.compiled, exchange.version
        plan = compiled.plans[caller.plan].agreed(caller.limits)
        if len(self._terms) >= MOST_REMEMBERED:
            self._terms.clear()
        ceilings, month = ceilings_of(plan, compiled.versions[version].limits), limits.month_of(exchange.now)
        template = limit_headers.template_of(ceilings, month)
        terms = Terms(caller, compiled, version, month, *month, plan, ceilings, template)
        self._terms[caller.key_id] = terms
        return terms

    async def _decide(
        self, exchange: Exchange, terms: Terms, asked: Admission, decision: Decision | Awaitable[Decision]
    ) -> None:
        """Wait for what is decided elsewhere, and look up what the account has used of the month if that is missing."""
        if not isinstance(decision, Decision):
            decision = await decision
        if decision.verdict is UNKNOWN:
            used = await self.database.read(partial(limits.month_used, account_id=asked.account_id, month=asked.month))
            asked = asked._replace(month_used=used)
            again = self.limiter.admit(asked, terms.ceilings)
            decision = again if isinstance(again, Decision) else await again
        standing = terms, asked, decision
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
        terms, asked, decision = standing
        exchange.limit_lines = limit_headers.lines(terms.template, terms.ceilings, decision, asked.at, terms.month)


def ceilings_of(plan: Plan, policy: str) -> Ceilings:
    """The numbers of a plan that hold in a version with these limits."""
    if policy == HOURLY:
        return Ceilings(HOUR, plan.requests_per_hour, plan.requests_per_hour, None, None)
    return Ceilings(MINUTE, plan.requests_per_minute, plan.burst, plan.concurrent_requests, plan.monthly_quota)


def refunded(decision: Decision, cost: int) -> Decision:
    """The decision as it is after its request was given back."""
    return decision._replace(
        used=max(0, decision.used - cost),
        backlog=max(0, decision.backlog - cost * MINUTE * MICROSECONDS),
        month_used=max(0, decision.month_used - cost),
    )


def exceeded(standing: Standing, request_id: str) -> Exceeded | None:
    """The limit that a request was refused for, if it was; one that speaks of no window is told of once a minute."""
    terms, (account_id, at, month, cost, *_), decision = standing
    ceilings, now = terms.ceilings, at // MICROSECONDS
    window = ceilings.window
    if decision.verdict is Verdict.QUOTA:
        kind, limit, current, resets = "requests_per_month", ceilings.quota, decision.month_used + cost, month.end
    elif decision.verdict is Verdict.CONCURRENCY:
        kind, limit, current = "concurrent_requests", ceilings.concurrent, decision.active + 1
        resets = (now // MINUTE + 1) * MINUTE
    elif decision.verdict is Verdict.RATE:
        resets = (now // window + 1) * window
        kind, limit, current = RATES[window], ceilings.rate, decision.used + cost
        if current <= limit:
            kind, limit, current = "burst", ceilings.burst, -(-decision.backlog // REQUEST) + cost
    else:
        return None
    return Exceeded(account_id, kind, resets, limit or 0, current, now, request_id)


def refusal(standing: Standing) -> Problem:
    """What to tell a client whose request was not let in."""
    terms, asked, decision = standing
    ceilings = terms.ceilings
    wait = limit_headers.seconds(decision.wait)
    if decision.verdict is Verdict.QUOTA:
        day = datetime.datetime.fromtimestamp(asked.month.end, datetime.UTC).date().isoformat()
        message = f"The monthly quota of {ceilings.quota} requests is used up. It starts anew on {day}."
        return Problem("quota_exceeded", message, retry_after=wait)
    if decision.verdict is Verdict.CONCURRENCY:
        message = f"Too many requests at once: {ceilings.concurrent} may be under way. Try again in {wait} seconds."
        return Problem("concurrency_limit_exceeded", message, retry_after=wait)
    return Problem("rate_limit_exceeded", f"Rate limit exceeded. Try again in {wait} seconds.", retry_after=wait)
