"""Limits in Valkey or Redis, shared by every process of a server. The only module that imports redis."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from storage.database import Unavailable
from storage.limits import HOUR, MICROSECONDS, REQUEST, Decision, Entitlement, Verdict

# As long as a request waits for a connection, to be connected, and for an answer, in seconds.
PATIENCE = 2.0
MOST_CONNECTIONS = 64
# What nobody has asked for so long, in seconds beyond the time that its bucket needs to drain, is forgotten.
KEPT = 2 * HOUR

# One hash per account and one sorted set of leases. The numbers are those of `MemoryLimiter`, and so is the order of
# decisions; a change in one belongs in the other. Doubles are exact up to 2^53, which no product here comes near.
ADMIT = """
local at, month, cost, window = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local rate, burst = tonumber(ARGV[5]), tonumber(ARGV[6])
local concurrent, quota = tonumber(ARGV[7]), tonumber(ARGV[8])
local slot, lease, seed = ARGV[9], tonumber(ARGV[10]), ARGV[11]
local month_end, request, hour = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14])
local kept = redis.call('HMGET', KEYS[1], 'n' .. ARGV[4], 'u' .. ARGV[4], 'backlog', 'drained', 'month', 'used')
local month_used = tonumber(kept[6] or 0)
local knows_month = kept[5] == month
if not knows_month then
  if seed ~= '' then knows_month, month_used = true, tonumber(seed)
  elseif quota then return {4, 0, '0', 0, 0, '0'}
  else month_used = 0 end
end
local number = math.floor(at / (window * 1000000))
local kept_number, used = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
if number <= kept_number and kept_number <= number + 1 then number = kept_number else used = 0 end
local backlog, drained = tonumber(kept[3] or 0), tonumber(kept[4] or 0)
local active, verdict, wait = 0, 0, 0
if concurrent then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', at)
  active = redis.call('ZCARD', KEYS[2])
end
if window ~= hour then
  local elapsed = at - drained
  if elapsed > 0 or elapsed < -60000000 then
    backlog = math.max(0, backlog - math.max(0, elapsed) * rate)
    drained = at
  end
end
if quota and month_used + cost > quota then verdict, wait = 3, month_end * 1000000 - at
elseif window == hour then
  if used + cost > rate then verdict, wait = 1, (number + 1) * hour * 1000000 - at end
else
  local over = backlog + (cost - burst) * request
  if over > 0 then verdict, wait = 1, math.ceil(over / rate)
  elseif slot ~= '' and concurrent and active >= concurrent then verdict, wait = 2, 1000000 end
end
if verdict == 0 then
  used = used + cost
  if window ~= hour then backlog = backlog + cost * request end
  if knows_month then month_used = month_used + cost end
  if slot ~= '' then
    redis.call('ZADD', KEYS[2], at + lease, slot)
    redis.call('PEXPIRE', KEYS[2], math.ceil(lease / 1000) + 60000)
    active = active + 1
  end
end
redis.call('HSET', KEYS[1], 'n' .. ARGV[4], string.format('%.0f', number), 'u' .. ARGV[4], string.format('%.0f', used),
  'backlog', string.format('%.0f', backlog), 'drained', string.format('%.0f', drained))
if knows_month then redis.call('HSET', KEYS[1], 'month', month, 'used', string.format('%.0f', month_used)) end
redis.call('EXPIRE', KEYS[1], ARGV[15])
return {verdict, used, string.format('%.0f', backlog), active, month_used, string.format('%.0f', wait)}
"""
LEAVE = """
if ARGV[1] ~= '' then redis.call('ZREM', KEYS[2], ARGV[1]) end
local refund = tonumber(ARGV[2])
if refund == 0 or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local function give_back(field, amount)
  local left = tonumber(redis.call('HGET', KEYS[1], field) or 0) - amount
  redis.call('HSET', KEYS[1], field, string.format('%.0f', math.max(0, left)))
end
if redis.call('HGET', KEYS[1], 'n' .. ARGV[3]) == ARGV[4] then give_back('u' .. ARGV[3], refund) end
if ARGV[3] == '60' then give_back('backlog', refund * tonumber(ARGV[6])) end
if redis.call('HGET', KEYS[1], 'month') == ARGV[5] then give_back('used', refund) end
return 0
"""


class ValkeyLimiter:
    """The limiter of a server of several processes. A slot is a lease of `lease` seconds, so a killed process's end."""

    def __init__(self, url: str, lease: float) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            checked(url),
            max_connections=MOST_CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            # A connection that was closed meanwhile is opened again; at worst a request counts twice.
            retry=Retry(NoBackoff(), 1),
        )
        self._client = redis.asyncio.Redis.from_pool(pool)
        self._admit = self._client.register_script(ADMIT)
        self._leave = self._client.register_script(LEAVE)
        self._lease = int(lease * MICROSECONDS)
        self._leaving: set[asyncio.Task[None]] = set()

    async def admit(self, entitlement: Entitlement, at: int, slot: str, cost: int, month_used: int | None) -> Decision:
        """Let a request in and count it, or refuse it and count nothing, in one round trip."""
        ceilings = entitlement.ceilings
        given: list[int | str] = [
            at,
            entitlement.month.start,
            cost,
            ceilings.window,
            ceilings.rate,
            ceilings.burst,
            _or_blank(ceilings.concurrent),
            _or_blank(ceilings.quota),
            slot,
            self._lease,
            _or_blank(month_used),
            entitlement.month.end,
            REQUEST,
            HOUR,
            KEPT + ceilings.burst * 60 // ceilings.rate,
        ]
        verdict, used, backlog, active, counted, wait = await _asked(
            self._admit(keys=_keys(entitlement.account_id), args=given)
        )
        return Decision(Verdict(verdict), used, int(backlog), active, counted, int(wait))

    def leave(self, entitlement: Entitlement, at: int, slot: str, refund: int) -> None:
        """End an admitted request, behind its answer. Where that fails the lease ends by itself."""
        if slot or refund:
            task = asyncio.create_task(self._end(entitlement, at, slot, refund))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def ping(self) -> None:
        """Raise Unavailable when the store does not answer."""
        await _asked(self._client.ping())

    async def close(self) -> None:
        """Give back what is still being given back, and close every connection."""
        await asyncio.gather(*self._leaving)
        await self._client.aclose()

    async def _end(self, entitlement: Entitlement, at: int, slot: str, refund: int) -> None:
        window = entitlement.ceilings.window
        given: list[int | str] = [slot, refund, window, at // (window * MICROSECONDS), entitlement.month.start, REQUEST]
        try:
            await _asked(self._leave(keys=_keys(entitlement.account_id), args=given))
        except Unavailable:
            return


def checked(url: str) -> str:
    """The URL, if it is one of a Valkey or Redis server; raises ValueError that does not show its password."""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("The URL of Valkey cannot be read. Give redis://host:port, rediss://host:port or unix://path.")
    try:
        redis.asyncio.connection.parse_url(url)
    except ValueError:
        raise ValueError("The URL of Valkey cannot be read. Give redis://user:password@host:port/0.") from None
    return url


def _keys(account_id: str) -> list[str]:
    # The braces keep both on one node of a cluster.
    return [f"limits:{{{account_id}}}", f"slots:{{{account_id}}}"]


def _or_blank(number: int | None) -> int | str:
    return "" if number is None else number


async def _asked(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except (RedisError, OSError, TimeoutError) as error:
        # Nobody knows what the account has used. To let it in would be an API without limits for as long as the store
        # is away, and one that whoever can bring the store down may have; so the request is refused, and costs nothing.
        raise Unavailable(f"the store of limits does not answer: {type(error).__name__}") from error
