"""`./scripts/listen`: events reach a local receiver without a tunnel, as webhooks would receive them."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from standardwebhooks.webhooks import Webhook

from domain import signatures
from gateway import listening
from gateway.settings import ROOT
from tests import receiving
from tests.api.recorded import events_of
from tests.api.test_payloads import rendered
from tests.gateway.processes import environment, free_port
from tests.serving import Server, Tenant

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# The function that the Resource API reference prints.
VERIFY = """
const crypto = require('crypto');
function verifyWebhook(payload, signature, secret) {
  const expectedSignature = crypto.createHmac('sha256', secret).update(payload).digest('hex');
  return crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expectedSignature));
}
const [payload, signature, secret] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(verifyWebhook(payload, signature, secret), verifyWebhook(payload + ' ', signature, secret));
"""


class Received(NamedTuple):
    """What came to the receiver."""

    headers: dict[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """A receiver that answers with `status`; it has its port from the beginning, and refuses until it is started."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.received: list[Received] = []
        super().__init__(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self.server_bind()
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> None:
        self.server_activate()
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()

    def types(self) -> list[str]:
        """The types of the events that came."""
        bodies = [json.loads(each.body) for each in self.received]
        return [body.get("type", body.get("event")) for body in bodies]


class Handler(BaseHTTPRequestHandler):
    """Keeps what comes."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(Received({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def node_verifies(body: bytes, signature: str) -> bool:
    """Whether the reference's function takes a signature, and not that of another body; where there is Node."""
    node = shutil.which("node")
    if node is None:
        return True
    given = json.dumps([body.decode(), signature, SECRET])
    found = subprocess.run([node, "-e", VERIFY], input=given, capture_output=True, text=True, timeout=30, check=True)
    return found.stdout.split() == ["true", "false"]


@contextlib.contextmanager
def listening_to(folder: Path, url: str, key: str, forward_to: str, *more: str) -> Iterator[Any]:
    """The command in a process of its own, and a function that reads what it has printed."""
    out = folder / "out"
    arguments = ["--url", url, "--api-key", key, "--forward-to", forward_to, *more]
    with out.open("wb") as stdout:
        command = [sys.executable, "-m", "gateway.listening", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=stdout, stderr=stdout)
    try:
        yield process, lambda: out.read_text(encoding="utf-8")
    finally:
        process.kill()
        process.wait()


def test_events_arrive_signed_and_in_order(tmp_path: Path, server: Server, tenant: Tenant) -> None:  # B175 B176
    receiver = Receiver(302)
    options = ("--secret", SECRET, "--events", "project.*")
    with contextlib.ExitStack() as stack:
        v2 = stack.enter_context(tenant.client("/v2", mode="test"))
        v2.post("/projects", json={"name": "Before", "slug": "before"})
        command = listening_to(tmp_path, server.url, tenant.test_key, receiver.url, *options)
        process, printed = stack.enter_context(command)
        receiving.until(lambda: "go to" in printed(), printed)
        made = v2.post("/projects", json={"name": "First", "slug": "first"}).json()["id"]
        v2.post("/users", json={"email": "ada@example.com"})
        v2.patch(f"/projects/{made}", json={"name": "Renamed"})
        receiving.until(lambda: "no answer" in printed(), printed)
        receiver.start()
        stack.callback(receiver.stop)
        receiving.until(lambda: len(receiver.received) == 2, printed)
        v2.delete(f"/projects/{made}")
        receiving.until(lambda: printed().count("  302  ") == 3, printed)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert receiver.types() == ["project.created", "project.updated", "project.deleted"]
    rows = {row.id: row for row in events_of(tenant, "test")}
    for headers, body in receiver.received:
        assert body == rendered(server, rows[headers["webhook-id"]])
        assert headers["x-signature"] == signatures.sign(SECRET, body)
        assert Webhook(SECRET).verify(body, headers)
        assert node_verifies(body, headers["x-signature"])
    last = receiver.received[-1].headers["webhook-id"]
    assert f"--since {last}" in printed()
    assert "\033" not in printed()
    assert printed().count("no answer") == 1


class Away(BaseHTTPRequestHandler):
    """An API that is being restarted: some answers before there is a list of events."""

    answers: list[tuple[int, bytes]]

    def do_GET(self) -> None:
        status, body = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Retry-After", "0.01")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


def test_an_api_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    port = free_port()
    out = io.StringIO()
    api = listening.Api(f"http://127.0.0.1:{port}", "sk_test_1", "2024-01-15", listening.Screen(out))
    handler = type(
        "Answering", (Away,), {"answers": [(503, b"x"), (429, b"{}"), (200, b'{"data": [{"id": "evt_1"}]}')]}
    )

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            server = ThreadingHTTPServer(("127.0.0.1", port), handler)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
            started.append(server)

    started: list[ThreadingHTTPServer] = []
    monkeypatch.setattr(time, "sleep", sleep)
    try:
        assert api.newest() == "evt_1"
    finally:
        for server in started:
            server.shutdown()
            server.server_close()
    assert waits == [1.0, 0.01, 0.01]
    assert out.getvalue().count("\n") == 2
    assert "does not answer" in out.getvalue()
    assert "answers again" in out.getvalue()


def test_what_a_person_can_mend_is_said(
    server: Server, tenant: Tenant, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def said(**options: str) -> str:
        given = {"forward-to": "http://127.0.0.1:9/", "api-key": tenant.test_key, "url": server.url, **options}
        arguments = [part for name, value in given.items() for part in (f"--{name}", value)]
        assert listening.main(arguments) == 1
        return capsys.readouterr().err

    assert "--forward-to must be an address" in said(**{"forward-to": "localhost:3000"})
    assert "--secret must be" in said(secret="whsec_!")
    assert said(**{"api-key": "sk_test_none"}).startswith("401: ")
    assert "'events:read'" in said(**{"api-key": tenant.key("resources:read")})
    assert "starting_after" in said(since="evt_01kb2m9p4bf4ks8f0xm0q5e3yt")
    assert "type" in said(events="project.renamed")


def test_events_are_shown_in_the_version_that_is_asked_for(server: Server, tenant: Tenant) -> None:
    with tenant.client("/v2") as v2:
        v2.post("/projects", json={"name": "First", "slug": "first"})
    (row,) = events_of(tenant)
    for version in ("2023-09-15", "2024-01-15"):
        api = listening.Api(server.url, tenant.live_key, version, listening.Screen(io.StringIO()))
        ids, listed = api.events_behind(None, "*")
        assert list(api.payloads(ids, listed)) == [(row.id, row.type, rendered(server, row, version))]
