"""`./scripts/serve`: prepares the data, says where everything is, and serves."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import socket
import sys
from collections.abc import Sequence

import uvicorn
from uvicorn.supervisors import Multiprocess

from contract.application import Application
from contract.document import SpecError
from gateway import addresses, administration, reload, trial, welcome
from gateway import settings as setting
from gateway.app import build_limiter, create_app
from gateway.protocol import BoundedProtocol
from gateway.settings import Settings
from storage import database, migrations, sqlite

OPTIONS = {
    "host": "the address to listen on",
    "port": "the port to listen on",
    "database_url": "the database, postgresql://… or sqlite:///…; default: a file in the data directory",
    "data_dir": "where the embedded database lies",
    "workers": "how many processes; more than one needs PostgreSQL and Valkey",
    "valkey_url": "where limits are kept, redis://host:port of a Valkey or Redis; default: in the one process",
}


class StartError(Exception):
    """The server cannot start; the message says how to mend it."""


def parser() -> argparse.ArgumentParser:
    """The options of `serve`; each can be given as a variable too."""
    top = argparse.ArgumentParser(
        prog="./scripts/serve", description="Serves the API.", epilog="Each option is also a variable: API_PORT, …"
    )
    for name, words in OPTIONS.items():
        flag = "--" + name.removesuffix("_url").replace("_", "-")
        top.add_argument(flag, dest=name, metavar=name.upper(), help=words)
    top.add_argument("--reload", action="store_const", const="true", help="serve edits of openapi.yaml and of the code")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; 1 with a message on stderr when the server cannot start."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = {name: text for name, text in vars(parser().parse_args(given)).items() if text}
    must_restart = False
    try:
        settings = check(setting.override(setting.read(), chosen))
        must_restart = serve_or_wait(settings)
    except KeyboardInterrupt:
        return 0
    except SpecError as error:
        print(error, file=sys.stderr)
    except (StartError, *administration.MENDABLE) as error:
        print(f"serve: {error}", file=sys.stderr)
    else:
        if must_restart:
            os.execv(sys.executable, [sys.executable, "-m", "gateway", *given])
        return 0
    return 1


def serve_or_wait(settings: Settings) -> bool:
    """Serve; with `reload` a document that does not fit is waited for until it is edited. True to start anew."""
    seen = reload.state_of(settings)
    try:
        return serve(settings, seen)
    except SpecError as error:
        if not settings.reload:
            raise
        reload.report(f"{error}\nWaiting for the next edit.")
        reload.wait_for_edit(settings, seen)
        return True


def serve(settings: Settings, seen: int) -> bool:
    """Prepare the data and serve the document in the state `seen`; true when the server is to start anew."""
    reach_valkey(settings)
    if settings.workers > 1:
        administration.prepare(settings)
        serve_many(settings)
        return False
    if not settings.is_embedded:
        administration.prepare(settings)
        return serve_one(settings, seen)
    administration.make_data_dir(settings)
    with sqlite.DirectoryLock(settings.data_dir):
        migrations.migrate(settings.database)
        return serve_one(settings, seen)


def check(settings: Settings) -> Settings:
    """Refuse settings that contradict each other."""
    if settings.workers > 1 and settings.is_embedded:
        raise StartError("Several workers need PostgreSQL: give --database postgresql://…, or use one worker.")
    if settings.workers > 1 and settings.reload:
        raise StartError("--reload works with one worker. Leave --workers out.")
    if settings.workers > 1 and not settings.valkey_url:
        raise StartError(
            "Several workers need a Valkey or Redis to share the limits, which each would else grant anew: "
            "give --valkey redis://host:port, or use one worker."
        )
    if not 0 <= settings.port <= 65535:
        raise StartError(f"The port {settings.port} cannot be used: ports are from 0 to 65535.")
    if settings.failed_authentications_per_minute < 1:
        raise StartError("API_FAILED_AUTHENTICATIONS_PER_MINUTE must be at least 1.")
    addresses.networks(settings.trusted_proxies)
    return settings


def reach_valkey(settings: Settings) -> None:
    """Refuse to start where the store of limits does not answer, since every request would be refused."""

    async def reach() -> None:
        limiter = build_limiter(settings)
        try:
            await limiter.ping()
        finally:
            await limiter.close()

    try:
        asyncio.run(reach())
    except database.Unavailable as error:
        where = welcome.without_password(settings.valkey_url)
        raise StartError(f"No Valkey or Redis answers at {where}. Start it, or give another --valkey.") from error


def bind(settings: Settings) -> socket.socket:
    """Listen on the address, before anything is promised about it."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or error
        raise StartError(f"{settings.host}:{settings.port} cannot be used: {reason}. Give another --port.") from error


def serve_one(settings: Settings, seen: int) -> bool:
    """Serve in this process; true when it is to start anew."""
    app = create_app(settings)
    listening = bind(settings)
    welcome.show(settings, len(app.contract.operations), welcome.first_keys(settings))
    settle_memory()
    server = uvicorn.Server(configuration(settings, app))
    reloader = reload.Reloader(settings, app.contract, server, seen)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(serve_and_watch(server, reloader if settings.reload else None, listening))
    listening.close()
    return reloader.must_restart


async def serve_and_watch(server: uvicorn.Server, reloader: reload.Reloader | None, listening: socket.socket) -> None:
    """Serve until stopped, and act on edits meanwhile."""
    watching = asyncio.create_task(reloader.watch()) if reloader else None
    await server.serve(sockets=[listening])
    if watching is not None:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def serve_many(settings: Settings) -> None:
    """Serve in several processes, each with its own application on the one database."""
    operations = len(trial.compiled(settings).operations)
    listening = bind(settings)
    welcome.show(settings, operations, welcome.first_keys(settings))
    setting.export(settings)
    config = configuration(settings, "gateway.server:worker_app")
    settle_memory()
    Multiprocess(config, sockets=[listening]).run()


def worker_app() -> Application:
    """The application of one worker process."""
    app = create_app(setting.read())
    settle_memory()
    return app


def settle_memory() -> None:
    """Take what the start has built out of the garbage collector's rounds, which otherwise walk it again and again.

    The garbage among it is not looked for: that takes a tenth of a second, and it is a few megabytes at most.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def configuration(settings: Settings, app: Application | str) -> uvicorn.Config:
    """How uvicorn serves: its fast loop and parser, quietly, finishing what is in flight when it is stopped."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=settings.workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        # Nothing here asks for the client's address or the scheme.
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=30,
    )


if __name__ == "__main__":
    sys.exit(main())
