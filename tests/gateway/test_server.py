"""`python -m gateway`: how it starts, refuses to start, stops, and what survives."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from gateway import logs, server
from gateway.settings import ROOT, Settings
from tests import engines
from tests.gateway import processes
from tests.gateway.processes import KEY, SECONDS_TO_ACT, Process, serving

GOOD = {"name": "A resource", "type": "production"}


@pytest.fixture
def place(engine: str, tmp_path: Path, fresh_database: Callable[[], str]) -> list[str]:
    """Options that name data of the test's own, on the engine of this run."""
    return ["--data-dir", str(tmp_path / "data")] if engine == "sqlite" else ["--database", fresh_database()]


def test_the_first_start_prints_keys_and_a_request_that_works(place: list[str], tmp_path: Path) -> None:  # B006 B010
    with serving(tmp_path, *place) as process:
        printed = process.output
        assert process.url in printed
        assert re.search(r"\([1-9][0-9]+ operations\)", printed)
        command = printed.partition("Try it:\n")[2]
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=SECONDS_TO_ACT, check=True)
        assert '"name":"My First Resource"' in done.stdout
        with process.client() as client:
            assert client.get("/resources").json()["total_count"] == 1
        with process.client(key=process.key("live")) as client:
            assert client.get("/resources").json()["total_count"] == 0, "test and live data never meet"
        assert len(KEY.findall(printed)) == 3, "the test key, the live key and the key in the request"
        assert process.errors == ""
    with serving(tmp_path, *place) as again:
        assert not KEY.search(again.output)
        assert again.url in again.output
        with again.client(key=process.key()) as client:
            assert client.get("/resources").json()["total_count"] == 1


def test_variables_do_what_options_do(tmp_path: Path, engine: str) -> None:
    if engine != "sqlite":
        pytest.skip("the data directory is the embedded database's")
    with serving(tmp_path, API_DATA_DIR=str(tmp_path / "data"), API_PUBLIC_URL="https://api.example.com") as process:
        assert (tmp_path / "data" / "platform.sqlite").exists()
        assert "https://api.example.com/docs" in process.output
        with process.client(key="nothing") as client:
            error = client.get("/resources").json()["error"]
        assert error["doc_url"] == "https://api.example.com/docs/errors/key_invalid"


def test_two_servers_on_one_directory_get_in_each_others_way(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(tmp_path, "--data-dir", str(folder)) as first:
        second = processes.run("gateway", "--data-dir", str(folder), "--port", str(processes.free_port()))
        with first.client() as client:
            assert client.get("/resources").status_code == 200
    assert (second.returncode, second.stdout) == (1, "")
    assert f"process {first.popen.pid}" in second.stderr
    assert str(folder) in second.stderr
    assert "directory of its own" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Starts a server in this process that must not come up, and returns what it says about that."""
    for name in Settings.__dataclass_fields__:
        monkeypatch.delenv(f"API_{name.upper()}", raising=False)
    # The log of the servers that other tests use stays where it is.
    monkeypatch.setattr(logs, "configure", lambda _: None)

    def start(*arguments: str, **variables: str) -> str:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert server.main(arguments) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert "hunter2" not in err, "a password"
        return err

    return start


def test_a_port_in_use_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refusal("--data-dir", str(tmp_path / "data"), "--port", str(port))
    assert re.fullmatch(rf"serve: 127\.0\.0\.1:{port} cannot be used: .*in use.* Give another --port\.\n", said)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2"], "Several workers need PostgreSQL: give --database"),
        (["--workers", "2", "--reload", "--database", "postgresql://db/x"], "--reload works with one worker"),
        (["--workers", "2", "--database", "postgresql://u:hunter2@db/x"], "give --valkey redis://host:port"),
        (["--valkey", "u:hunter2@cache"], "Give redis://host:port"),
        (["--valkey", "redis://u:hunter2@cache:port"], "The URL of Valkey cannot be read"),
        (["--valkey", "redis://u:hunter2@127.0.0.1:1"], "No Valkey or Redis answers at redis://127.0.0.1:1"),
        (["--port", "eighty"], "API_PORT is 'eighty'; it takes a value like 8000"),
        (["--port", "70000", "--data-dir", "HERE/data"], "70000"),
        (["--port", "-1", "--data-dir", "HERE/data"], "-1"),
        (["--data-dir", "HERE/file"], "HERE/file"),
        (["--database", "mysql://db/x"], "No database runner for 'mysql'. Give sqlite:///path or postgresql://"),
        (["--database", "nonsense"], "cannot be read. Give sqlite:///path or postgresql://"),
        (["--database", "sqlite:///HERE/none/x.db"], "HERE/none"),
        (["--database", "postgresql://somebody:hunter2@127.0.0.1:1/x"], "Is the database running"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, refusal: Callable[..., str], arguments: list[str], words: str
) -> None:
    (tmp_path / "file").write_text("not a directory")
    said = refusal(*(argument.replace("HERE", str(tmp_path)) for argument in arguments))
    assert re.fullmatch(r"serve: [^\n]+\n", said), said
    assert words.replace("HERE", str(tmp_path)) in said


@pytest.mark.parametrize(
    ("old", "new", "mark", "words"),
    [
        ("openapi: 3.1.1", "openapi: 3.0.0", "openapi: 3.0.0", "the document is not OpenAPI 3.1"),
        ("Id: v1.resources.list_res", "Id: v1.jobs.list_res", "    get:", "v1.jobs.list_resources has no handler"),
        (
            "schemas/ResourceList'}",
            "schemas/ResourcesList'}",
            "schemas/ResourcesList'}",
            "ResourcesList points nowhere",
        ),
        ("  title: Plat", "\ttitle: Plat", "\ttitle: Plat", "the YAML cannot be read"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, refusal: Callable[..., str], old: str, new: str, mark: str, words: str
) -> None:
    text = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    (tmp_path / "api.yaml").write_text(text, encoding="utf-8")
    said = refusal("--data-dir", str(tmp_path / "data"), API_DOCUMENT=str(tmp_path / "api.yaml"))
    line = text[: text.index(mark)].count("\n") + 1
    assert said.startswith(f"api.yaml:{line}  ")
    assert words in said


def test_a_document_that_is_not_there_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    missing = str(tmp_path / "none.yaml")
    assert missing in refusal("--data-dir", str(tmp_path / "data"), API_DOCUMENT=missing)


def test_a_request_in_flight_is_finished_before_the_end(place: list[str], tmp_path: Path) -> None:
    body = b'{"name": "In flight", "type": "production"}'
    with serving(tmp_path, *place) as process:
        head = f"POST /v2/resources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {process.key()}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        with socket.create_connection(("127.0.0.1", process.port), timeout=SECONDS_TO_ACT) as connection:
            connection.sendall(head.encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 100 "), "the server is at this request"
            process.popen.send_signal(signal.SIGTERM)
            processes.eventually(lambda: listens_no_more(process.port))
            connection.sendall(body)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert process.popen.wait(SECONDS_TO_ACT) in (0, -signal.SIGTERM)
    assert received.startswith(b"HTTP/1.1 201 ")
    with serving(tmp_path, *place) as again, again.client(key=process.key()) as client:
        assert [item["name"] for item in client.get("/resources").json()["data"]] == ["In flight"]


def listens_no_more(port: int) -> bool:
    """Whether new connections are refused."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) != 0


def test_an_interrupt_ends_it_quietly(tmp_path: Path) -> None:
    with serving(tmp_path, "--data-dir", str(tmp_path / "data")) as process:
        assert process.stop(signal.SIGINT) in (0, -signal.SIGINT, 130)
    assert process.errors == ""


def create_until_killed(process: Process, acknowledged: list[str]) -> None:
    """Create resources one after the other, and note each that the server said it made."""
    with process.client() as client:
        while True:
            try:
                answer = client.post("/resources", json=GOOD)
            except httpx2.TransportError:
                return
            acknowledged.append(answer.json()["id"])


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(place: list[str], tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with serving(tmp_path, *place) as process:
        key = process.key()
        clients = [threading.Thread(target=create_until_killed, args=(process, acknowledged)) for _ in range(4)]
        for each in clients:
            each.start()
        processes.eventually(lambda: len(acknowledged) >= 40)
        process.stop(signal.SIGKILL)
        for each in clients:
            each.join(SECONDS_TO_ACT)
    with serving(tmp_path, *place) as again, again.client(key=key) as client:
        found = {item["id"] for item in every(client)}
        assert set(acknowledged) <= found
        assert len(found) <= len(acknowledged) + len(clients), "at most what was in flight is there as well"
        assert client.get("/resources").json()["total_count"] == len(found)
        assert client.post("/resources", json=GOOD).status_code == 201


def every(client: httpx2.Client) -> list[dict[str, str]]:
    """Every resource, page by page."""
    found: list[dict[str, str]] = []
    more = True
    while more:
        after = {"starting_after": found[-1]["id"]} if found else {}
        page = client.get("/resources", params={"limit": "100", **after}).json()
        found += page["data"]
        more = page["has_more"]
    return found


def test_several_workers_serve_one_database(engine: str, place: list[str], tmp_path: Path) -> None:
    if engine != "postgresql":
        pytest.skip("several workers need PostgreSQL")
    with (
        engines.valkey_server() as valkey,
        serving(tmp_path, *place, "--workers", "2", "--valkey", valkey) as process,
    ):
        workers = processes.eventually(lambda: two_workers(process.popen.pid))
        with process.client() as client:
            made = [client.post("/resources", json=GOOD).json()["id"] for _ in range(10)]
            assert client.get("/resources").json()["total_count"] == len(made)
        assert len(KEY.findall(process.output)) == 3, "only the parent prints"
        process.stop()
    assert not [worker for worker in workers if worker.exists()]


def two_workers(parent: int) -> list[Path] | None:
    """The processes of the workers, once both are there; Python's resource tracker is none."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    found = [Path("/proc") / child for child in children]
    workers = [each for each in found if b"spawn_main" in (each / "cmdline").read_bytes()]
    return workers if len(workers) == 2 else None
