"""What every request passes, in this order. Read `STAGES` at the end first."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from contract.problems import Fault, Problem
from domain import callers, ids, roles
from domain.clock import Clock
from gateway import keyring, reading
from gateway.exchange import Answer, Exchange


class Stage(Protocol):
    """One step of a request. It fills in the exchange, gives the answer, or raises a Problem or a Refusal.

    One that waits for nothing is a plain function: a coroutine for each would cost a tenth of a small request.
    """

    def __call__(self, exchange: Exchange) -> Awaitable[None] | None: ...


class Identify:
    """Gives the request its id and its time, and finds the contract in whose shape even an early error is written."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def __call__(self, exchange: Exchange) -> None:
        exchange.request_id = ids.of_request()
        exchange.now = self.clock.now()
        compiled = exchange.compiled
        prefix = compiled.router.names_contract(exchange.scope["path"])
        if prefix is None:
            # Only an operation of a batch comes here so; its error is written in the shape of the batch.
            raise Problem("path_unknown")
        exchange.contract = compiled.contracts[prefix]
        exchange.version = exchange.contract.default_version
        header = exchange.headers.get(b"api-version")
        wanted = compiled.versions.get(header.decode("latin-1")) if header else None
        if wanted is not None and wanted.contract in compiled.answering[prefix]:
            exchange.version, exchange.contract = wanted.date, compiled.contracts[wanted.contract]


class Route:
    """Finds the path in the document: 404, 405 with `Allow`, and the answer to OPTIONS."""

    def __call__(self, exchange: Exchange) -> None:
        raw_path = exchange.scope.get("raw_path") or exchange.scope["path"].encode()
        match = exchange.compiled.router.match(raw_path.decode("latin-1"))
        if match is None:
            raise Problem("path_unknown")
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
            raise not_allowed(exchange, exchange.contract.name)


class Authenticate:
    """Finds whom the API key stands for."""

    def __init__(self, keys: keyring.Keyring) -> None:
        self.keys = keys

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.header_is_repeated(b"authorization"):
            raise Problem("key_missing")
        exchange.caller = await self.keys.caller(reading.authorization_of(exchange), exchange.now)
        callers.refuse_elsewhere(exchange.caller, address(exchange))


class MoveClock:
    """Gives a request in test mode the time of the account's test clock, which is ahead of the real one."""

    def __call__(self, exchange: Exchange) -> None:
        if exchange.caller.scope.mode == "test":
            exchange.clock_offset = exchange.caller.test_clock_offset
            exchange.now += exchange.clock_offset


class ChooseVersion:
    """Settles the dated version, the header's before the key's before the account's, and with it the operation."""

    def __call__(self, exchange: Exchange) -> None:
        compiled, answering = exchange.compiled, exchange.compiled.answering[exchange.match.prefix]
        header = exchange.headers.get(b"api-version")
        if header is None:
            for pinned in (exchange.caller.key_version, exchange.caller.account_version):
                version = compiled.versions.get(pinned or "")
                if version is not None and version.contract in answering:
                    exchange.version, exchange.contract = version.date, compiled.contracts[version.contract]
                    break
        elif header.decode("latin-1") != exchange.version:
            known = [date for date, version in compiled.versions.items() if version.contract in answering]
            says = f"must be one of {', '.join(known)} at /{exchange.match.prefix}"
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
            if not exchange.caller.may(scope):
                challenge = f'Bearer error="insufficient_scope", scope="{scope}"'.encode()
                raise Problem("scope_missing", lacking(exchange, scope), headers=[(b"www-authenticate", challenge)])


class Decode:
    """Reads the parameters and the body, and lists everything that is wrong with them at once."""

    async def __call__(self, exchange: Exchange) -> None:
        operation = exchange.operation
        arguments: dict[str, object] = dict(zip(operation.path_names, exchange.match.values, strict=True))
        query, faults = reading.query_of(exchange)
        exchange.header_arguments, found = reading.headers_of(exchange)
        faults = [*faults, *found]
        if operation.body is not None:
            body, found = await reading.body_of(exchange, operation.body)
            faults += found
            arguments["body"] = body
        if faults:
            raise Problem.of(faults)
        if operation.takes_query:
            arguments["query"] = query
            exchange.expand = tuple(query.get("expand", ()))
        exchange.arguments = arguments


def address(exchange: Exchange) -> str:
    """The address that the request came from; empty where the connection has none."""
    client = exchange.scope.get("client")
    return str(client[0]) if client else ""


def lacking(exchange: Exchange, scope: str) -> str:
    """Says which scope the key lacks and what it has, or whose role does not allow it."""
    caller = exchange.caller
    if roles.holds(caller.scopes, scope):
        return f"The API key belongs to a user whose role '{caller.role}' does not allow the scope '{scope}'."
    return f"The API key lacks the scope '{scope}'; it has {', '.join(sorted(caller.scopes)) or 'none'}."


def not_allowed(exchange: Exchange, contract: str) -> Problem:
    """The path does not have the method in this contract."""
    allowed = exchange.match.node.allowed(contract)
    message = f"{exchange.scope['method']} is not allowed here. Use one of: {allowed}."
    return Problem("method_not_allowed", message, headers=[(b"allow", allowed.encode())])
