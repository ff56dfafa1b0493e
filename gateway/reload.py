"""Serves edits while it runs: of the document at once, of the code by starting anew, of neither when broken."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
import watchfiles

from contract import document as documents
from contract.document import SpecError
from contract.middleware import ContractMiddleware
from gateway.settings import ROOT, Settings

ROOMS = ("contract", "domain", "gateway", "generated", "handlers", "storage", "docs")
DEBOUNCE_MS = 50


class Reloader:
    """Watches the document and the rooms. `must_restart` tells, after the server has stopped, to start it anew."""

    def __init__(self, settings: Settings, contract: ContractMiddleware, server: uvicorn.Server) -> None:
        self.settings = settings
        self.contract = contract
        self.server = server
        self.must_restart = False

    async def watch(self) -> None:
        """Act on every edit until the server stops."""
        is_ours = ours(self.settings)
        changes = watchfiles.awatch(*places(self.settings), watch_filter=is_ours, debounce=DEBOUNCE_MS, step=10)
        async for found in changes:
            paths = {Path(path) for _, path in found}
            if any(path.suffix == ".py" for path in paths):
                await self._restart()
            elif self.settings.document in paths:
                await asyncio.to_thread(self._replace)
            if self.must_restart:
                return

    def _replace(self) -> None:
        try:
            compiled = self.contract.replace(documents.load(self.settings.document))
        except Exception as error:  # noqa: BLE001 - no edit may end the watching, whatever is wrong with it
            shown = str(error) if isinstance(error, SpecError) else f"{type(error).__name__}: {error}"
            report(f"{shown}\nThe edit is not served; the server goes on with the contract it had.")
        else:
            report(f"{self.settings.document.name} is served as edited: {len(compiled.operations)} operations.")

    async def _restart(self) -> None:
        """Start anew if the edited code and the document fit together, which a process of its own finds out."""
        trial = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "gateway.trial"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if trial.returncode:
            report(f"{trial.stderr.strip()}\nThe edit is not served; the server goes on with the code it had.")
            return
        report("The code was edited: starting anew.")
        self.must_restart = True
        self.server.should_exit = True


def places(settings: Settings) -> set[Path]:
    """The folders whose edits matter."""
    return {settings.document.parent, *(ROOT / room for room in ROOMS)}


def ours(settings: Settings) -> Callable[[watchfiles.Change, str], bool]:
    """Tells whether an edited file is the document, or code in a room."""
    rooms = tuple(f"{ROOT / room}/" for room in ROOMS)
    return lambda _, path: path == str(settings.document) or (path.endswith(".py") and path.startswith(rooms))


def wait_for_edit(settings: Settings) -> None:
    """Return after the next edit of the document or the code."""
    next(watchfiles.watch(*places(settings), watch_filter=ours(settings), debounce=DEBOUNCE_MS, step=10))


def report(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)
