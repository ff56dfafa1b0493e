"""Whom API keys stand for, remembered for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from contract.problems import Problem
from domain import callers, key_form
from domain.callers import Caller
from domain.refusals import Refusal
from domain.roles import Roles
from storage.database import Database

# A revoked key must stop within a second, in every process.
REMEMBERED_SECONDS = 0.5
MOST_REMEMBERED = 10_000


class Keyring:
    """Looks keys up by their digest. Only keys that are good are remembered, so a new one works at once."""

    def __init__(self, database: Database, roles: Callable[[], Roles]) -> None:
        self._database = database
        self._roles = roles
        self._remembered: dict[bytes, tuple[Caller, float]] = {}
        self._forgotten = 0

    def was_good(self, authorization: bytes) -> bool:
        """Whether the header `Authorization` was good when it was last looked up, if that is not long ago."""
        return authorization in self._remembered

    def remembered(self, authorization: bytes, now: int) -> Caller | None:
        """Whom the header `Authorization` stands for, if that was looked up a moment ago and is good."""
        found = self._remembered.get(authorization)
        if found is None or found[1] <= time.monotonic():
            return None
        expires = found[0].expires
        return found[0] if expires is None or expires > now else None

    async def caller(self, authorization: bytes, now: int) -> Caller:
        """Whom the header `Authorization` stands for; raises a Refusal or a Problem for one that is not good."""
        remembered = self.remembered(authorization, now)
        if remembered is not None:
            return remembered
        digest = key_form.digest(bearer(authorization))
        if digest is None:
            raise Problem("key_invalid")
        asked, forgotten = time.monotonic(), self._forgotten
        recognise = partial(callers.recognise, key_digest=digest, now=now, known=self._roles())
        try:
            caller = await self._database.read(recognise)
        except Refusal:
            self._remembered.pop(authorization, None)
            raise
        if forgotten != self._forgotten:
            # It was read before a change that others are to see from now on.
            return caller
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[authorization] = caller, asked + REMEMBERED_SECONDS
        return caller

    def forget(self, account_id: str) -> None:
        """Look every key of an account up again; called when a change of whom its keys stand for is committed."""
        self._forgotten += 1
        kept = {key: found for key, found in self._remembered.items() if found[0].scope.account_id != account_id}
        self._remembered = kept


def bearer(authorization: bytes) -> str:
    """The key in a header of the form `Bearer KEY`; raises a Problem for any other."""
    scheme, _, key = authorization.decode("latin-1").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or " " in key:
        raise Problem("key_missing")
    return key
