"""The server as an ASGI application: Connexion's stack with the compiled contract in it, around the pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

from connexion.middleware import ConnexionMiddleware
from connexion.middleware.lifespan import LifespanMiddleware
from connexion.resolver import Resolver

from contract import compiler
from contract.document import Document
from contract.middleware import ContractMiddleware, HandlerResolver, Receive, Scope, Send

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


class Application(ConnexionMiddleware):  # type: ignore[misc]
    """Connexion's stack, built at once, so that a document that does not fit stops the start and not a request.

    Whoever builds it sets `contract.serve` and `pages` before the first request.
    """

    def __init__(
        self,
        document: Document,
        lifespan: Lifespan,
        resolver: Resolver | None = None,
        *,
        check_answers: bool,
    ) -> None:
        contract = partial(
            ContractMiddleware,
            document=document,
            resolver=resolver or HandlerResolver(),
            check_answers=check_answers,
        )
        super().__init__(self._pages_app, middlewares=[contract, LifespanMiddleware], lifespan=lifespan)
        self.pages: Callable[[Scope, Receive, Send], Any] | None = None
        self.add_api(compiler.fit(document))
        self.app, self.middleware_stack = self._build_middleware_stack()
        self.contract = next(app for app in self.middleware_stack if isinstance(app, ContractMiddleware))

    async def _pages_app(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.pages is not None
        await self.pages(scope, receive, send)
