"""Holds every request of an account in live mode against the ceilings of its plan."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable
from functools import partial
from typing import NamedTuple

from contract.compiler import CompiledContract
from contract.plans import HOURLY, Plan
from contract.problems import Problem
from domain import limits
from domain.callers import Caller
from domain.limits import Exceeded
from gateway import limit_headers
from gateway.exchange import Exchange
from storage.database import Database
from storage.limits import HOUR, MICROSECONDS, MINUTE, REQUEST, Admission, Ceilings, Decision, Limiter, Verdict

# What a request costs that is answered, and gets back when nothing had changed.
COST = 1
RATES = {HOUR: "requests_per_hour", MINUTE: "requests_per_minute"}
ADMITTED, UNKNOWN = Verdict.ADMITTED, Verdict.MONTH_UNKNOWN
MOST_REMEMBERED = 10_000
UNUSED = Decision(Verdict.ADMITTED, 0, 0, 0, 0, 0)


# What was decided on a request, and by which ceilings.
Standing = tuple[Admission, Ceilings, Decision]


class Terms(NamedTuple):
    """What a caller may do in a version; it holds for these objects, and others with the same key find it anew."""

    caller: Caller
    compiled: CompiledContract
    version: str
    plan: Plan
    ceilings: Ceilings


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
        caller = exchange.caller
        terms = self._terms.get(caller.key_id)
        if (
            terms is None
            or terms.caller is not caller
            or terms.version != exchange.version
            or terms.compiled is not exchange.compiled
        ):
            terms = self._agree(exchange)
        exchange.plan = terms.plan
        if exchange.prepaid:
            return None
        ceilings, at = terms.ceilings, exchange.time
        slot = "" if exchange.nested or ceilings.concurrent is None else exchange.request_id
        account_id, mode = caller.scope
        known = account_id, int(at * MICROSECONDS), limits.month_of(int(at)), COST, slot, None
        # What the class does when it is called, without a function in Python between.
        asked = tuple.__new__(Admission, known)
        if mode == "test":
            exchange.standing = asked, ceilings, UNUSED
            return None
        decision = self.limiter.admit(asked, ceilings)
        if isinstance(decision, Decision) and decision.verdict is not UNKNOWN:
            self._settle(exchange, (asked, ceilings, decision))
            return None
        return self._decide(exchange, asked, ceilings, decision)

    def close(self, exchange: Exchange) -> None:
        """Free the slot of a request that ends, whatever became of it, and write the headers of its answer."""
        standing = exchange.standing
        if standing is None:
            return
        asked, ceilings, decision = standing
        if exchange.charged:
            refund = COST if exchange.answer is not None and exchange.answer.status == 304 else 0
            self.limiter.leave(asked, ceilings, refund)
            if refund:
                exchange.charged = 0
                decision = refunded(decision, refund)
        if not exchange.nested:
            exchange.limit_lines = limit_headers.lines(ceilings, decision, asked.at, asked.month)

    def _agree(self, exchange: Exchange) -> Terms:
        """Find out what holds for a caller, and keep it for the next request."""
        caller, compiled, version = exchange.caller, exchange.compiled, exchange.version
        plan = compiled.plans[caller.plan].agreed(caller.limits)
        if len(self._terms) >= MOST_REMEMBERED:
            self._terms.clear()
        ceilings = ceilings_of(plan, compiled.versions[version].limits)
        terms = self._terms[caller.key_id] = Terms(caller, compiled, version, plan, ceilings)
        return terms

    def tell(self, exchange: Exchange) -> None:
        """Write the headers of an answer that is sent while its request goes on."""
        if exchange.standing is not None:
            asked, ceilings, decision = exchange.standing
            exchange.limit_lines = limit_headers.lines(ceilings, decision, asked.at, asked.month)

    async def _decide(
        self, exchange: Exchange, asked: Admission, ceilings: Ceilings, decision: Decision | Awaitable[Decision]
    ) -> None:
        if not isinstance(decision, Decision):
            decision = await decision
        if decision.verdict is UNKNOWN:
            used = await self.database.read(partial(limits.month_used, account_id=asked.account_id, month=asked.month))
            asked = asked._replace(month_used=used)
            again = self.limiter.admit(asked, ceilings)
            decision = again if isinstance(again, Decision) else await again
        self._settle(exchange, (asked, ceilings, decision))

    @staticmethod
    def _settle(exchange: Exchange, standing: Standing) -> None:
        exchange.standing = standing
        verdict = standing[2].verdict
        if verdict is not ADMITTED:
            exchange.limiter = f"refused:{verdict.name.lower()}"
            raise refusal(standing)
        exchange.charged = COST


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
    (account_id, at, month, cost, *_), ceilings, decision = standing
    now = at // MICROSECONDS
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
    asked, ceilings, decision = standing
    wait = limit_headers.seconds(decision.wait)
    if decision.verdict is Verdict.QUOTA:
        day = datetime.datetime.fromtimestamp(asked.month.end, datetime.UTC).date().isoformat()
        message = f"The monthly quota of {ceilings.quota} requests is used up. It starts anew on {day}."
        return Problem("quota_exceeded", message, retry_after=wait)
    if decision.verdict is Verdict.CONCURRENCY:
        message = f"Too many requests at once: {ceilings.concurrent} may be under way. Try again in {wait} seconds."
        return Problem("concurrency_limit_exceeded", message, retry_after=wait)
    return Problem("rate_limit_exceeded", f"Rate limit exceeded. Try again in {wait} seconds.", retry_after=wait)
