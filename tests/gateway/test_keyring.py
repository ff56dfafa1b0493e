"""What the keyring remembers, and what it forgets when keys or their users change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from domain import accounts, api_keys
from domain.api_keys import KeyOptions
from domain.refusals import Refusal
from domain.roles import Roles
from gateway.keyring import Keyring
from storage import database
from storage.database import Database, Transaction

T = TypeVar("T")
NOW = 1_700_000_000
ROLES = Roles(["jobs:read"], {"owner": ["*"]})


class Watched:
    """A database that counts reads and can do something between a read and its return."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.reads = 0
        self.after: Callable[[], None] = lambda: None

    async def read(self, unit: Callable[[Transaction], T]) -> T:
        self.reads += 1
        found = await self.inner.read(unit)
        self.after()
        return found

    async def write(self, unit: Callable[[Transaction], T]) -> T:
        return await self.inner.write(unit)

    async def ping(self) -> None:
        await self.inner.ping()

    async def close(self) -> None:
        await self.inner.close()


def made(tx: Transaction) -> tuple[str, bytes]:
    """An account, and a header with a key of it."""
    account = accounts.create(tx, NOW, "Tenant", "scale", "us").id
    key = api_keys.issue(tx, NOW, account, KeyOptions("live", ["*"]))
    return account, f"Bearer {key}".encode()


def test_a_key_is_looked_up_again_once_its_account_is_forgotten(fresh_database: Callable[[], str]) -> None:
    async def scenario() -> None:
        watched = Watched(database.open_database(fresh_database()))
        try:
            keyring = Keyring(watched, lambda: ROLES)
            account, header = await watched.write(made)
            other, elsewhere = await watched.write(made)
            for sent in (header, elsewhere, header, elsewhere):
                await keyring.caller(sent, NOW)
            assert watched.reads == 2
            keyring.forget(account)
            assert (await keyring.caller(header, NOW)).scope.account_id == account
            assert (await keyring.caller(elsewhere, NOW)).scope.account_id == other
            assert watched.reads == 3
        finally:
            await watched.close()

    asyncio.run(scenario())


def test_what_was_read_before_a_change_is_not_remembered(fresh_database: Callable[[], str]) -> None:
    async def scenario() -> None:
        watched = Watched(database.open_database(fresh_database()))
        try:
            keyring = Keyring(watched, lambda: ROLES)
            account, header = await watched.write(made)
            watched.after = lambda: keyring.forget(account)
            key_id = (await keyring.caller(header, NOW)).key_id
            watched.after = lambda: None
            await watched.write(lambda tx: api_keys.revoke(tx, NOW, key_id))
            with pytest.raises(Refusal, match="key_revoked"):
                await keyring.caller(header, NOW)
        finally:
            await watched.close()

    asyncio.run(scenario())
