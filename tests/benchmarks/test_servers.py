import os
import socket
import sys
from pathlib import Path

import pytest

from benchmarks import client, servers
from benchmarks.client import Request
from benchmarks.conditions import Watch
from benchmarks.servers import Server, ServerError, Start

ANY = client.build("GET", "/", "k")


def trivial(folder: Path) -> Server:
    port = servers.free_port()
    return Server("trivial", Start(port, [sys.executable, "-m", "benchmarks.peers.trivial", str(port)], folder))


def test_a_server_answers_until_it_is_stopped(tmp_path: Path) -> None:
    with trivial(tmp_path) as server:
        server.wait_for(ANY)
        assert client.closed_loop(server.port, [ANY] * 100, 30).requests == 100
        assert server.resident_bytes() > 1 << 20
        assert server.cpu_seconds() > 0
    with pytest.raises(ServerError, match="not running"):
        _ = server.pid


def test_a_frozen_server_answers_after_it_is_thawed(tmp_path: Path) -> None:
    with trivial(tmp_path) as server:
        server.wait_for(ANY)
        server.freeze()
        before = server.cpu_seconds()
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(ANY.wire)
            connection.settimeout(0.05)
            with pytest.raises(TimeoutError):
                connection.recv(1)
        assert server.cpu_seconds() == before
        server.thaw()
        assert client.closed_loop(server.port, [ANY], 30).requests == 1
        server.freeze()
    assert server.process is not None
    assert server.process.returncode is not None


def test_a_server_that_dies_shows_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such database')"]
    with (
        Server("broken", Start(servers.free_port(), command, tmp_path)) as server,
        pytest.raises(ServerError, match="no such database"),
    ):
        server.wait_for(ANY)


def test_a_server_that_answers_wrongly_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PATIENCE", 0.3)
    with trivial(tmp_path) as server, pytest.raises(ServerError, match="was not ready"):
        server.wait_for(Request(ANY.wire, b"201"))


def test_a_watch_sees_the_server_work(tmp_path: Path) -> None:
    with trivial(tmp_path) as server:
        server.wait_for(ANY)
        with Watch(server) as watch:
            client.closed_loop(server.port, [ANY] * 3000, 30)
        assert watch.server_cpu > 0


def test_processors_differ() -> None:
    pair = servers.processors()
    assert pair is None or (pair[0] != pair[1] and set(pair) <= os.sched_getaffinity(0))
