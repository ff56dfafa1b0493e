"""The administrator's commands: accounts and keys, also while the server runs on the same data."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from contract import document as documents
from contract import plans
from contract.document import SpecError
from contract.plans import Plan
from contract.servers import Servers
from domain import accounts, api_keys, maintenance
from domain.api_keys import KeyOptions
from domain.clock import SystemClock
from gateway import settings as setting
from gateway.settings import Settings
from storage import database, migrations, sqlite
from storage.database import Transaction

T = TypeVar("T")
# What an account may have without limit, and what takes back an agreement.
UNLIMITED = ("monthly_quota",)
DEFAULT = "default"
MOST_AGREED = 1_000_000_000
# What an account has used is forgotten an hour after its last request, so its burst must be whole again by then.
MOST_MINUTES_OF_BURST = 60
DAYS = re.compile(r"([0-9]{1,5})d", re.ASCII)


# What a person at the terminal can mend: wrong settings, folders and files, a database that is not there.
MENDABLE = (setting.SettingError, sqlite.DirectoryInUse, database.Unavailable, ValueError, OSError)


class CommandError(Exception):
    """A command cannot be carried out; the message says how to mend it."""


def parser(raw: dict[str, Any], region: str) -> argparse.ArgumentParser:
    """The commands and their options; what may be chosen is what the document declares. `region` is the default."""
    top = argparse.ArgumentParser(
        prog="./scripts/admin", description="Administers accounts and API keys, and closes the API."
    )
    top.add_argument("--database", metavar="URL", help="the database; default: the file in the data directory")
    top.add_argument("--data-dir", metavar="DIR", help="the data directory; default: data")
    nouns = top.add_subparsers(dest="noun", required=True, metavar="{account,key,maintenance}")
    account = nouns.add_parser("account", help="accounts").add_subparsers(dest="verb", required=True)
    create = account.add_parser("create", help="create an account and print its id")
    create.add_argument("name")
    create.add_argument("--plan", choices=list(raw["x-plans"]), default=next(iter(raw["x-plans"])))
    create.add_argument("--region", choices=Servers(raw.get("servers", [])).regions, default=region)
    add_limits(account)
    key = nouns.add_parser("key", help="API keys").add_subparsers(dest="verb", required=True)
    create = key.add_parser("create", help="create a key and print it, this once")
    create.add_argument("account", help="the account's id")
    create.add_argument("--mode", choices=["test", "live"], default="test")
    create.add_argument("--scopes", default="*", help="for example 'resources:read resources:write'; default: '*'")
    create.add_argument("--api-version", choices=list(raw["x-api-versions"]), help="pin the key to a version")
    create.add_argument("--expires", metavar="TIME", help="when it ends: 2027-01-31, 2027-01-31T12:00:00Z or 30d")
    revoke = key.add_parser("revoke", help="revoke a key; it stops within a second")
    revoke.add_argument("key", help="the key's id, from 'key list'")
    listing = key.add_parser("list", help="list an account's keys")
    listing.add_argument("account", help="the account's id")
    closing = nouns.add_parser("maintenance", help="close the API").add_subparsers(dest="verb", required=True)
    begin = closing.add_parser("begin", help="answer every request with 503, within a second")
    begin.add_argument("--message", default="The API is closed for maintenance.", help="what clients are told")
    begin.add_argument(
        "--retry-after", type=int, default=300, metavar="SECONDS", help="when to come back; default: 300"
    )
    closing.add_parser("end", help="serve again")
    return top


def add_limits(account: Any) -> None:
    """The command that shows and sets what was agreed with an account; its options are the numbers of a plan."""
    limits = account.add_parser("limits", help="show what an account may do in live mode, or agree on other numbers")
    limits.add_argument("account", help="the account's id")
    for name in Plan._fields:
        words = "a number, or 'default' for the plan's"
        if name in UNLIMITED:
            words = "a number, 'unlimited', or 'default' for the plan's"
        limits.add_argument("--" + name.replace("_", "-"), metavar="N", help=words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; 0 when it is done, 1 with a message on stderr when it cannot be."""
    try:
        given = setting.read()
        raw = documents.load(given.document).raw
        chosen = parser(raw, given.region).parse_args(arguments)
        prepared = prepare(_override(given, chosen))
        return run(prepared, raw, chosen)
    except SpecError as error:
        print(error, file=sys.stderr)
    except (CommandError, *MENDABLE) as error:
        print(f"admin: {error}", file=sys.stderr)
    return 1


def _override(given: Settings, chosen: argparse.Namespace) -> Settings:
    options = {"database_url": chosen.database, "data_dir": chosen.data_dir}
    return setting.override(given, {name: text for name, text in options.items() if text})


def prepare(settings: Settings) -> Settings:
    """Make the data directory and bring the database to the newest schema."""
    if settings.is_embedded:
        make_data_dir(settings)
        if sqlite.single_process_only():
            # This SQLite can corrupt a file that two processes write to: refuse while a server has it. The lock goes
            # with this process.
            sqlite.DirectoryLock(settings.data_dir).acquire()
    migrations.migrate(settings.database)
    return settings


def make_data_dir(settings: Settings) -> None:
    """Make the data directory, for its owner alone, where it is not there yet."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)


def run(settings: Settings, raw: dict[str, Any], chosen: argparse.Namespace) -> int:
    """Carry out a parsed command."""
    now = SystemClock().now()
    if chosen.noun == "account" and chosen.verb == "limits":
        print(write(settings, lambda tx: agree(tx, plans.read(raw["x-plans"]), chosen)))
    elif chosen.noun == "account":
        account = write(settings, lambda tx: accounts.create(tx, now, chosen.name, chosen.plan, chosen.region))
        print(account.id)
    elif chosen.noun == "maintenance":
        change_maintenance(settings, now, chosen)
    elif chosen.verb == "create":
        options = KeyOptions(
            mode=chosen.mode,
            scopes=scopes(chosen.scopes, raw),
            api_version=chosen.api_version,
            expires=expiry(chosen.expires, now),
        )
        print(write(settings, lambda tx: create_key(tx, now, chosen.account, options)))
    elif chosen.verb == "revoke":
        if not write(settings, lambda tx: api_keys.revoke(tx, now, chosen.key)):
            raise CommandError(f"There is no key '{chosen.key}'. './scripts/admin key list ACCOUNT' shows the ids.")
    else:
        show_keys(write(settings, lambda tx: list_keys(tx, chosen.account)))
    return 0


def change_maintenance(settings: Settings, now: int, chosen: argparse.Namespace) -> None:
    """Close the API or open it again, and say what holds now."""
    if chosen.verb == "begin":
        if chosen.retry_after < 1:
            raise CommandError("--retry-after takes a number of seconds from 1.")
        write(settings, lambda tx: maintenance.begin(tx, now, chosen.message, chosen.retry_after))
        print("Every request is answered 503 now. './scripts/admin maintenance end' serves again.")
    else:
        write(settings, maintenance.end)
        print("Requests are served.")


def write(settings: Settings, unit: Callable[[Transaction], T]) -> T:
    """Run one unit of work in a transaction of its own."""

    async def once() -> T:
        opened = database.open_database(settings.database, busy_timeout=settings.busy_timeout)
        try:
            return await opened.write(unit)
        finally:
            await opened.close()

    return asyncio.run(once())


def agree(tx: Transaction, known: Mapping[str, Plan], chosen: argparse.Namespace) -> str:
    """Set the numbers that were chosen for an account, leave its others, and say what it may do."""
    require_account(tx, chosen.account)
    given = {name: getattr(chosen, name) for name in Plan._fields if getattr(chosen, name) is not None}
    account = accounts.agree(
        tx,
        chosen.account,
        {name: agreed_number(name, text) for name, text in given.items() if text != DEFAULT},
        [name for name, text in given.items() if text == DEFAULT],
    )
    plan = known[account.plan].agreed(account.limits)
    if plan.burst > plan.requests_per_minute * MOST_MINUTES_OF_BURST:
        most = plan.requests_per_minute * MOST_MINUTES_OF_BURST
        raise CommandError(f"At {plan.requests_per_minute} requests per minute a burst may be at most {most}.")
    lines = [f"{chosen.account}  plan {account.plan}"]
    for name, number in plan._asdict().items():
        note = "  (agreed)" if name in (account.limits or {}) else ""
        lines.append(f"  {name:<20} {'unlimited' if number is None else number}{note}")
    return "\n".join(lines)


def agreed_number(name: str, text: str) -> int | None:
    """A number of a plan as it is written in an option."""
    if text == "unlimited" and name in UNLIMITED:
        return None
    least = 0 if name in UNLIMITED else 1
    if not (text.isascii() and text.isdigit() and least <= int(text) <= MOST_AGREED):
        flag = "--" + name.replace("_", "-")
        raise CommandError(f"{flag} is '{text}'. Give a number from {least} to {MOST_AGREED}, or '{DEFAULT}'.")
    return int(text)


def create_key(tx: Transaction, now: int, account_id: str, options: KeyOptions) -> str:
    """Create a key for an account that exists."""
    require_account(tx, account_id)
    return api_keys.issue(tx, now, account_id, options)


def list_keys(tx: Transaction, account_id: str) -> list[api_keys.ApiKey]:
    """The keys of an account that exists."""
    require_account(tx, account_id)
    return api_keys.list_of(tx, account_id)


def require_account(tx: Transaction, account_id: str) -> None:
    """Refuse an id that no account has."""
    if not accounts.exists(tx, account_id):
        raise CommandError(f"There is no account '{account_id}'. './scripts/admin account create NAME' makes one.")


def scopes(text: str, raw: dict[str, Any]) -> list[str]:
    """The scopes in an option, each one that the document declares, a whole kind (`resources:*`) or all (`*`)."""
    known = set(raw["x-scopes"])
    known |= {"*"} | {f"{scope.partition(':')[0]}:*" for scope in known}
    chosen = text.replace(",", " ").split()
    unknown = [scope for scope in chosen if scope not in known]
    if unknown or not chosen:
        raise CommandError(f"Unknown scope '{' '.join(unknown)}'. Known are: {', '.join(sorted(known))}.")
    return chosen


def expiry(text: str | None, now: int) -> int | None:
    """The unix time that an option means: a date or time in UTC, or a number of days from now."""
    if text is None:
        return None
    days = DAYS.fullmatch(text)
    if days:
        return now + int(days[1]) * 86400
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"'{text}' is not a time. Write 2027-01-31, 2027-01-31T12:00:00Z or 30d.") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp())


def show_keys(keys: Sequence[api_keys.ApiKey]) -> None:
    """Print a table of keys."""
    for key in keys:
        state = "revoked" if key.revoked else "active"
        until = datetime.datetime.fromtimestamp(key.expires, datetime.UTC).isoformat() if key.expires else "no expiry"
        print(f"{key.id}  {key.prefix}…{key.last4}  {key.mode}  {state}  {until}  {' '.join(key.scopes)}")


if __name__ == "__main__":
    sys.exit(main())
