"""How objects are shown in the files of exports: as the operation that gets one of them shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contract.compiler import CompiledContract
from domain.accounts import Account
from domain.calls import Allowance
from gateway import execution


class ExportWriter:
    """Writes lines by the contract that is served when they are written."""

    def __init__(self, contract: Callable[[], CompiledContract]) -> None:
        self._contract = contract

    def allowance(self, account: Account) -> Allowance:
        """What the account's plan allows, which its resources show."""
        compiled = self._contract()
        return execution.allowance(compiled, account.plan, compiled.plans[account.plan].agreed(account.limits))

    def line(self, kind: str, shown: Any, api_version: str) -> bytes:
        """The line of an object: `object`, which names its kind in every version, and what else the version shows."""
        compiled, name = self._contract(), kind.removesuffix("s")
        operation = compiled.operations[f"{compiled.versions[api_version].contract}.{kind}.get_{name}"]
        assert operation.success.render is not None
        whole, written = operation.success.render(shown, (), 0)
        # Out of an envelope it does not say what it is.
        return written + b"\n" if whole is written else b'{"object":"%b",%b\n' % (name.encode(), written[1:])
