"""The servers of a run: how each is started, filled and asked."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import client, seeding, traffic
from benchmarks.peers import rows
from benchmarks.servers import ROOT, Server, Start, free_port
from contract.plans import Plan
from gateway import settings as setting

OURS = "ours"
STRIPPED = "without stages"
# The most that can be agreed on: each request is counted and none refused.
UNREACHED = "1000000000"
FASTAPI = "FastAPI"
CONNEXION = "Connexion"
BARE = "bare ASGI"
HEALTH = client.build("GET", "/healthz", "none")


class AdministrationError(Exception):
    """An account or a key could not be created."""


class UnequalError(Exception):
    """Two contenders answer with different fields, so comparing them would say nothing."""


@dataclass
class Contender:
    """A running server with what the load client needs: a key, and the ids of the rows in it."""

    server: Server
    key: str
    ids: list[str]

    @property
    def name(self) -> str:
        """What the report calls it."""
        return self.server.name


def our_server(
    folder: Path, processor: int | None, name: str = OURS, database: str = "", added: Mapping[str, str] | None = None
) -> Server:
    """Describe our server on a folder of its own and on its own file, or another database; nothing is started yet.

    `added` are more settings.
    """
    port = free_port()
    settings = {
        "API_HOST": "127.0.0.1",
        "API_PORT": str(port),
        "API_DATA_DIR": str(folder / "data"),
        "API_DATABASE_URL": database,
        **(added or {}),
    }
    module = "benchmarks.peers.ours_bare_stages" if name == STRIPPED else "gateway"
    folder.mkdir(exist_ok=True)
    return Server(name, Start(port, [sys.executable, "-m", module], folder, processor, settings))


def peer_server(name: str, module: str, folder: Path, processor: int | None, stored: int = 0) -> Server:
    """Describe a peer, which fills its own database before it answers."""
    port = free_port()
    command = [sys.executable, "-m", f"benchmarks.peers.{module}", "--port", str(port)]
    if stored:
        command += ["--database", str(folder / f"{module}.sqlite"), "--rows", str(stored)]
    return Server(name, Start(port, command, folder, processor))


def receiver_server(folder: Path) -> Server:
    """Describe the receiver of webhooks, which shares the client's processor."""
    port = free_port()
    return Server("receiver", Start(port, [sys.executable, "-m", "benchmarks.receiver", str(port)], folder))


def seeded(server: Server, count: int, mode: str = "live") -> Contender:
    """Give our server, before it is started, an account, a key and `count` resources by SQL.

    Resources that were created as a user does it would be provisioned while others are measured.
    """
    account, key = tenant(server, mode)
    return Contender(server, key, seeding.add_resources(database_of(server), account, count, mode))


def twin(server: Server, of: Contender) -> Contender:
    """Give our server, before it is started, the same data as another has, which is idle."""
    seeding.copy(database_of(of.server), database_of(server))
    return Contender(server, of.key, of.ids)


def tenant(server: Server, mode: str) -> tuple[str, str]:
    """Make an account that no limit stops, and a key of it."""
    account = _administer(server.settings, "account", "create", "Benchmark", "--plan", "enterprise")
    numbers = [text for name in Plan._fields for text in (f"--{name.replace('_', '-')}", UNREACHED)]
    _administer(server.settings, "account", "limits", account, *numbers)
    return account, _administer(server.settings, "key", "create", account, "--mode", mode)


def database_of(server: Server) -> str:
    """The URL of our server's database."""
    return setting.read(server.settings).database


def peer(server: Server, count: int) -> Contender:
    """Wait until a peer answers."""
    ids = [rows.identifier(number) for number in range(count)]
    server.wait_for(client.build("GET", f"{traffic.PATH}/{ids[0]}", rows.KEY))
    return Contender(server, rows.KEY, ids)


def created_ids(bodies: Iterable[bytes]) -> list[str]:
    """Take the ids from the answers of creates."""
    return [orjson.loads(body)["id"] for body in bodies]


def check_equal(first: Contender, second: Contender, path: str) -> None:
    """Raise UnequalError unless both answer a read with the same fields of the same types."""
    shapes = []
    for contender in (first, second):
        request = client.build("GET", path.replace("{id}", contender.ids[0]), contender.key)
        outcome = client.closed_loop(contender.server.port, [request], 10, connections=1, keep=True)
        shapes.append(shape(orjson.loads(outcome.bodies[0])))
    differences = [f"  {one.name} alone: {line}" for one, line in _alone(first, second, shapes)]
    if differences:
        raise UnequalError(f"GET {path} of {first.name} and {second.name} differ:\n" + "\n".join(differences))


def shape(document: Any, where: str = "") -> set[str]:
    """List the fields of a JSON document with their types; one entry stands for all of an array."""
    if isinstance(document, dict):
        lines = {line for name, value in document.items() for line in shape(value, f"{where}.{name}")}
        return lines or {f"{where}: empty"}
    if isinstance(document, list):
        return {line for value in document for line in shape(value, f"{where}[]")}
    kinds = {str: "string", bool: "boolean", int: "number", float: "number"}
    return {f"{where}: {kinds.get(type(document), 'null')}"}


def _alone(first: Contender, second: Contender, shapes: list[set[str]]) -> list[tuple[Contender, str]]:
    return [(first, line) for line in sorted(shapes[0] - shapes[1])] + [
        (second, line) for line in sorted(shapes[1] - shapes[0])
    ]


def _administer(settings: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "gateway.administration", *arguments]
    environment = {**os.environ, **settings}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AdministrationError(f"{' '.join(command[1:])} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()
