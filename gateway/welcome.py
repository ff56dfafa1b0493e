"""What a server says when it starts, and the account that a new one begins with."""

from __future__ import annotations

import sys
from typing import NamedTuple

from domain import accounts, api_keys
from domain.api_keys import KeyOptions
from domain.clock import SystemClock
from gateway import administration
from gateway.settings import Settings
from storage.database import Transaction

DEMO_NAME = "Demo"
DEMO_PLAN = "scale"


class DemoKeys(NamedTuple):
    """The keys of the account that a new database begins with, shown this once."""

    account_id: str
    test: str
    live: str


def first_keys(settings: Settings) -> DemoKeys | None:
    """Make an account with a test and a live key in a database that has none; None where there is one."""
    return administration.write(settings, lambda tx: _make_demo(tx, settings.region))


def _make_demo(tx: Transaction, region: str) -> DemoKeys | None:
    if accounts.any_exist(tx):
        return None
    now = SystemClock().now()
    account = accounts.create(tx, now, DEMO_NAME, DEMO_PLAN, region)
    test, live = (
        api_keys.issue(tx, now, account.id, KeyOptions(mode=mode, scopes=["*"], name=f"{DEMO_NAME} {mode} key"))
        for mode in ("test", "live")
    )
    return DemoKeys(account.id, test, live)


def show(settings: Settings, operations: int, keys: DemoKeys | None) -> None:
    """Print where everything is, and a request to try."""
    url = settings.base_url
    lines = ["", f"  API        {url}/v1  and  {url}/v2   ({operations} operations)", f"  Reference  {url}/docs"]
    lines += [f"  Database   {described_database(settings)}", ""]
    if keys is None:
        lines += ["  A new key: ./scripts/admin account create NAME, then ./scripts/admin key create ACCOUNT", ""]
    else:
        lines += [
            f"  A demo account was made, {keys.account_id}. Its keys are shown only now:",
            f"  Test key   {keys.test}",
            f"  Live key   {keys.live}",
            "",
            "  Try it:",
            f"    curl {url}/v2/resources \\",
            f'      -H "Authorization: Bearer {keys.test}" \\',
            '      -d name="My First Resource" \\',
            '      -d type="production"',
            "",
        ]
    print("\n".join(lines), file=sys.stdout, flush=True)


def described_database(settings: Settings) -> str:
    """The database without its password."""
    if settings.is_embedded:
        return settings.database.removeprefix("sqlite:///")
    return without_password(settings.database)


def without_password(url: str) -> str:
    """A URL without its user and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
