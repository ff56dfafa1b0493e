"""Where the compiled contract stands in Connexion's stack: in the place of everything that worked per request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from connexion.middleware.abstract import SpecMiddleware
from connexion.resolver import Resolver
from connexion.spec import Specification

from contract import compiler
from contract.compiler import CompiledContract
from contract.document import Document
from contract.operation import Operation

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Serve(Protocol):
    """What serves the requests of a compiled contract."""

    async def __call__(self, compiled: CompiledContract, scope: Scope, receive: Receive, send: Send) -> None: ...


class HandlerResolver(Resolver):  # type: ignore[misc]
    """Finds the handler that an operationId names: `v2.jobs.get_job` is `get_job` in the package's `jobs`."""

    def __init__(self, package: str = "handlers") -> None:
        super().__init__()
        self.package = package

    def resolve_operation_id(self, operation: Any) -> str:
        """The dotted path of the function."""
        return f"{self.package}.{operation.operation_id.partition('.')[2]}"


class ContractMiddleware(SpecMiddleware):  # type: ignore[misc]
    """Compiles the document once and hands each request, with what it compiled, to the gateway.

    `compiled` may be replaced while requests run: each keeps the contract that it started with.
    """

    def __init__(self, app: Any, *, document: Document, resolver: Resolver, check_answers: bool) -> None:
        self.app = app
        self.document = document
        self.serve: Serve | None = None
        self.resolver = resolver
        self.check_answers = check_answers
        self.compiled: CompiledContract | None = None

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The compiled operations by id."""
        return self.compiled.operations if self.compiled else {}

    @property
    def current(self) -> CompiledContract:
        """What is served to requests that come now."""
        assert self.compiled is not None
        return self.compiled

    def add_api(self, specification: Specification, **_: Any) -> None:
        """Compile the document that Connexion has loaded; raises SpecError where it disagrees with the code."""
        self.compiled = compiler.compile_document(
            self.document, specification, self.resolver, check_answers=self.check_answers
        )

    def replace(self, document: Document) -> CompiledContract:
        """Serve another document from the next request on; the old one stays if it does not compile."""
        specification = compiler.specification(document)
        compiled = compiler.compile_document(document, specification, self.resolver, check_answers=self.check_answers)
        self.document, self.compiled = document, compiled
        return compiled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        compiled = self.compiled
        if scope["type"] != "http" or compiled is None or compiled.router.names_contract(scope["path"]) is None:
            await self.app(scope, receive, send)
        else:
            assert self.serve is not None
            await self.serve(compiled, scope, receive, send)
