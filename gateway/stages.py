"""What every request passes. Read `build_pipeline` in `gateway.app` first: it has them in their order."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from contract.bodies import Body
from contract.problems import Fault, Problem
from domain import ids, roles
from domain.clock import Clock
from domain.refusals import Refusal
from gateway import keyring, reading
from gateway.addresses import Addresses, FailedAttempts
from gateway.exchange import Answer, Exchange

# The codes of bad keys. A request without a key guesses none.
GUESSES = ("key_invalid", "key_revoked", "key_expired")
# The versions of a key and an account that have chosen none.
UNPINNED = (None, None)


class Stage(Protocol):
    """One step of a request. It fills in the exchange, gives the answer, or raises a Problem or a Refusal.

    One that waits for nothing is a plain function: a coroutine for each would cost a tenth of a small request.
    """

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None: ...


class Identify:
    """Gives the request its id, its time and its address, and finds the contract in whose shape errors are written."""

    def __init__(self, clock: Clock, addresses: Addresses) -> None:
        self.clock = clock
        self.addresses = addresses

    def __call__(self, exchange: Exchange) -> None:
        exchange.request_id = ids.of_request()
        exchange.time = self.clock.time()
        exchange.now = int(exchange.time)
        exchange.address = self.addresses.of(exchange.scope)
        compiled = exchange.compiled
        prefix = compiled.router.names_contract(exchange.scope["path"])
        if prefix is None:
            # Only an operation of a batch comes here so; its error is written in the shape of the batch.
            raise Problem("path_unknown")
        exchange.prefix = prefix
        exchange.contract = compiled.contracts[prefix]
        exchange.version = exchange.contract.default_version
        header = exchange.headers.get(b"api-version")
        wanted = compiled.versions.get(header.decode("latin-1")) if header else None
        if wanted is not None and wanted.contract in compiled.answering[prefix]:
            exchange.version, exchange.contract = wanted.date, compiled.contracts[wanted.contract]


class Route:
    """Finds the path in the document: 404, 405 with `Allow`, and the answer to OPTIONS.

    Both errors wait until whoever sends a key is known, since that is counted and told how its limits stand.
    """

    def __call__(self, exchange: Exchange) -> None:
        raw_path = exchange.scope.get("raw_path") or exchange.scope["path"].encode()
        match = exchange.compiled.router.match(raw_path.decode("latin-1"))
        if match is None:
            misroute(exchange, Problem("path_unknown"))
            return
        exchange.match = match
        if exchange.method == "OPTIONS":
            exchange.answer = Answer(204, headers=[(b"allow", match.node.allowed(exchange.contract.name).encode())])
            return
        if exchange.method == "HEAD":
            exchange.method = "GET"
        operations = match.node.operations
        if exchange.method not in operations.get(exchange.contract.name, ()) and not any(
            exchange.method in operations.get(contract, ()) for contract in exchange.compiled.answering[match.prefix]
        ):
            misroute(exchange, not_allowed(exchange, exchange.contract.name))


class Authenticate:
    """Finds whom the API key stands for.

    An address from which too many bad keys came has none looked up for a while, but those that were good lately: who
    shares an address with somebody that guesses is not locked out.
    """

    def __init__(self, keys: keyring.Keyring, attempts: FailedAttempts) -> None:
        self.keys = keys
        self.attempts = attempts

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        header = exchange.headers.get(b"authorization")
        # Nearly every request: a good key in one header, looked up a moment ago.
        if header and not exchange.scope["query_string"] and not exchange.header_is_repeated(b"authorization"):
            caller = self.keys.remembered(header, exchange.now)
            if caller is not None:
                exchange.caller = caller
                return None
        return self._look_up(exchange)

    async def _look_up(self, exchange: Exchange) -> None:
        try:
            exchange.caller = await self.keys.caller(self._header(exchange), exchange.now)
        except (Problem, Refusal) as refused:
            if refused.code in GUESSES:
                self.attempts.record(exchange.address, exchange.time)
            raise (exchange.misrouted or refused) from None

    def _header(self, exchange: Exchange) -> bytes:
        """The header with the key, if it is to be looked at."""
        if exchange.header_is_repeated(b"authorization"):
            raise Problem("key_missing")
        header = reading.authorization_of(exchange)
        if header and not self.keys.was_good(header):
            wait = self.attempts.wait(exchange.address, exchange.time)
            if wait:
                reason = [(b"x-ratelimit-reason", b"authentication")]
                raise Problem("authentication_attempts_exceeded", headers=reason, retry_after=wait)
        return header


class MoveClock:
    """Gives a request in test mode the time of the account's test clock, which is ahead of the real one."""

    def __call__(self, exchange: Exchange) -> None:
        if exchange.caller.scope.mode == "test":
            exchange.clock_offset = exchange.caller.test_clock_offset
            exchange.now += exchange.clock_offset


class SettleVersion:
    """Settles the dated version: the header's before the key's before the account's. A wrong one is told later."""

    def __call__(self, exchange: Exchange) -> None:
        wanted = exchange.caller.key_version, exchange.caller.account_version
        if wanted == UNPINNED or b"api-version" in exchange.headers:
            return
        compiled, answering = exchange.compiled, exchange.compiled.answering[exchange.prefix]
        for pinned in wanted:
            version = compiled.versions.get(pinned or "")
            if version is not None and version.contract in answering:
                exchange.version, exchange.contract = version.date, compiled.contracts[version.contract]
                break


class FindOperation:
    """Finds the operation that the path and the method have in the version's contract."""

    def __call__(self, exchange: Exchange) -> None:
        if exchange.misrouted is not None:
            raise exchange.misrouted
        header = exchange.headers.get(b"api-version")
        if header is not None and header.decode("latin-1") != exchange.version:
            compiled, answering = exchange.compiled, exchange.compiled.answering[exchange.prefix]
            known = [date for date, version in compiled.versions.items() if version.contract in answering]
            says = f"must be one of {', '.join(known)} at /{exchange.prefix}"
            raise Problem.of([Fault("header", ("API-Version",), "unknown_value", says)])
        methods = exchange.match.node.operations.get(exchange.contract.name)
        if methods is None:
            raise Problem("path_unknown")
        if exchange.method not in methods:
            raise not_allowed(exchange, exchange.contract.name)
        exchange.operation = methods[exchange.method]


class Authorize:
    """Holds the key's scopes against the operation's."""

    def __call__(self, exchange: Exchange) -> None:
        for scope in exchange.operation.scopes:
            require(exchange, scope)


class Decode:
    """Reads the parameters and the body, and lists everything that is wrong with them at once."""

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None:
        operation = exchange.operation
        exchange.arguments = dict(zip(operation.path_names, exchange.match.values, strict=True))
        query, faults = reading.query_of(exchange)
        exchange.header_arguments, found = reading.headers_of(exchange)
        if found:
            faults = [*faults, *found]
        if operation.takes_query:
            exchange.arguments["query"] = query
            exchange.expand = tuple(query.get("expand", ()))
            for each in exchange.expand:
                require(exchange, operation.expansion_scopes.get(each))
        if operation.body is not None:
            return self._read_body(exchange, operation.body, faults)
        if faults:
            raise Problem.of(faults)
        return None

    @staticmethod
    async def _read_body(exchange: Exchange, body: Body, faults: list[Fault]) -> None:
        exchange.arguments["body"], found = await reading.body_of(exchange, body)
        if faults or found:
            raise Problem.of([*faults, *found])


def require(exchange: Exchange, scope: str | None) -> None:
    """Refuse a key without a scope, if one is needed."""
    if scope is not None and not exchange.caller.may(scope):
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'.encode()
        raise Problem("scope_missing", lacking(exchange, scope), headers=[(b"www-authenticate", challenge)])


def lacking(exchange: Exchange, scope: str) -> str:
    """Says which scope the key lacks and what it has, or whose role does not allow it."""
    caller = exchange.caller
    if roles.holds(caller.scopes, scope):
        return f"The API key belongs to a user whose role '{caller.role}' does not allow the scope '{scope}'."
    return f"The API key lacks the scope '{scope}'; it has {', '.join(sorted(caller.scopes)) or 'none'}."


def misroute(exchange: Exchange, problem: Problem) -> None:
    """Keep what is wrong with the path or the method of a request with a key; refuse one without at once."""
    if b"authorization" not in exchange.headers:
        raise problem
    exchange.misrouted = problem


def not_allowed(exchange: Exchange, contract: str) -> Problem:
    """The path does not have the method in this contract."""
    allowed = exchange.match.node.allowed(contract)
    message = f"{exchange.scope['method']} is not allowed here. Use one of: {allowed}."
    return Problem("method_not_allowed", message, headers=[(b"allow", allowed.encode())])
