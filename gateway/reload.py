"""Serves edits while it runs: of the document at once, of the code by starting anew, of neither when broken."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
import watchfiles

from contract import document as documents
from contract.document import SpecError
from contract.middleware import ContractMiddleware
from gateway.settings import ROOT, Settings

ROOMS = ("contract", "domain", "gateway", "generated", "handlers", "processors", "storage", "work", "docs")
# Edits come at once; the time-outs are for what changed before the watch was on.
WATCHING: dict[str, Any] = {"debounce": 50, "step": 10, "rust_timeout": 200, "yield_on_timeout": True}


class Reloader:
    """Watches the document and the rooms. `must_restart` tells, after the server has stopped, to start it anew.

    `seen` is the state of the document that is served, so that an edit made before the watching began counts too.
    """

    def __init__(self, settings: Settings, contract: ContractMiddleware, server: uvicorn.Server, seen: int) -> None:
        self.settings = settings
        self.contract = contract
        self.server = server
        self.seen = seen
        self.must_restart = False

    async def watch(self) -> None:
        """Act on every edit until the server stops."""
        changes = watchfiles.awatch(*places(self.settings), watch_filter=ours(self.settings), **WATCHING)
        async for found in changes:
            if any(path.endswith(".py") for _, path in found):
                await self._restart()
            elif (state := state_of(self.settings)) != self.seen:
                self.seen = state
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


def state_of(settings: Settings) -> int:
    """Tells one state of the document from another; 0 while there is none."""
    try:
        return settings.document.stat().st_mtime_ns
    except OSError:
        return 0


def wait_for_edit(settings: Settings, seen: int) -> None:
    """Return once the document is no longer in the state `seen`, or the code has been edited."""
    for found in watchfiles.watch(*places(settings), watch_filter=ours(settings), **WATCHING):
        if found or state_of(settings) != seen:
            return


def report(text: str) -> None:
    """Tell the person at the terminal."""
    print(text, file=sys.stderr, flush=True)
