"""`./scripts/worker`: does the work of servers that share a database, without serving requests."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence

from contract.document import SpecError
from domain.clock import SystemClock
from gateway import administration, logs, trial, working
from gateway import settings as setting
from gateway.settings import Settings
from storage import database
from work import workers

OPTIONS = {
    "database_url": "the database, postgresql://…",
    "data_dir": "where the key that seals secrets lies, the same as the servers have, unless API_SECRET_KEYS is set",
}
EMBEDDED = (
    "SQLite has one process, and the server does the work itself: start ./scripts/serve alone. "
    "For workers beside servers give --database postgresql://…"
)


def parser() -> argparse.ArgumentParser:
    """The options of `worker`; each can be given as a variable too."""
    top = argparse.ArgumentParser(
        prog="./scripts/worker",
        description="Does the work that servers leave behind: jobs, webhooks, cleaning up.",
        epilog="Each option is also a variable: API_DATABASE_URL, … Servers started with API_WORK=false only serve.",
    )
    for name, words in OPTIONS.items():
        top.add_argument(
            "--" + name.removesuffix("_url").replace("_", "-"), dest=name, metavar=name.upper(), help=words
        )
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Work until stopped; 1 with a message on stderr when that cannot begin."""
    chosen = {name: text for name, text in vars(parser().parse_args(arguments)).items() if text}
    try:
        settings = setting.override(setting.read(), {**chosen, "work": "true"})
        if settings.is_embedded:
            print(f"worker: {EMBEDDED}", file=sys.stderr)
            return 1
        administration.prepare(settings)
        asyncio.run(work(settings))
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    except administration.MENDABLE as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    return 0


async def work(settings: Settings) -> None:
    """Work until the process is told to stop; what runs then is finished or given back."""
    logs.configure(sys.stderr)
    compiled = trial.compiled(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    opened = database.open_database(
        settings.database, deadline=settings.request_deadline, busy_timeout=settings.busy_timeout
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(opened.close)
        station = working.station(settings, opened, SystemClock())
        await stack.enter_async_context(workers.working(working.workers(station, settings, lambda: compiled)))
        print("The worker works. Stop it with Ctrl-C.", flush=True)
        await stopping.wait()


if __name__ == "__main__":
    sys.exit(main())
