"""The pages in Chromium, which may reach this machine only."""

import html
import http.server
import json
import pathlib
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from docs import pages, reference

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"),
    *("--window-size=1440,900", "--virtual-time-budget=15000", "--enable-logging=stderr", "--dump-dom"),
]
GREETING = "@scalar/api-reference@1.72.1"
# Says by how much each page is wider than a telephone; it frames the pages, so it gets them without their policy.
PROBE = """<!doctype html><title>probe</title><script>
const narrow = (path) => new Promise((done) => {
  const frame = document.createElement("iframe")
  frame.style = "width: 390px; height: 844px"
  frame.onload = () => {
    const root = frame.contentDocument.documentElement
    done([path, root.scrollWidth - root.clientWidth])
  }
  frame.src = path
  document.body.append(frame)
})
addEventListener("load", async () => {
  document.title = JSON.stringify(await Promise.all(PATHS.map(narrow)))
})
</script><body></body>"""

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)."
)


class Visit(NamedTuple):
    """What came of opening a page: its DOM, the console, the paths the server saw, and all the page asked for."""

    dom: str
    console: list[str]
    paths: list[str]
    requests: list[str]

    @property
    def text(self) -> str:
        """What is on the page, without its scripts and styles."""
        seen = re.sub(r"<(script|style)\b.*?</\1>", "", self.dom, flags=re.DOTALL)
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", seen)).split())


class Site(http.server.ThreadingHTTPServer):
    """The pages by path, each with its policy, and the paths that were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.pages: dict[str, tuple[bytes, str | None]] = {}
        self.paths: list[str] = []


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        content, policy = self.server.pages.get(self.path.partition("?")[0], (b"", None))
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """The paths are kept instead."""


@pytest.fixture(scope="module")
def site(raw: dict[str, Any]) -> Iterator[Site]:
    with Site() as server:
        server.pages["/docs"] = reference.reference(raw, server.origin), reference.CONTENT_SECURITY_POLICY
        server.pages["/docs/errors"] = pages.error_index(raw), pages.CONTENT_SECURITY_POLICY
        server.pages["/docs/changelog"] = pages.changelog(raw), pages.CONTENT_SECURITY_POLICY
        for code in raw["x-errors"]:
            content = pages.error_page(raw, code)
            assert content is not None
            server.pages[f"/docs/errors/{code}"] = content, pages.CONTENT_SECURITY_POLICY
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def visit(site: Site, path: str, folder: pathlib.Path) -> Visit:
    """Open a page in a fresh browser and wait until it is at rest."""
    site.paths.clear()
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", site.origin + path]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=True)
    console = re.findall(r'CONSOLE[:(]\d+\)?\] "(.*?)", source:', done.stderr, re.DOTALL)
    return Visit(done.stdout, console, list(site.paths), page_requests(folder / "net.json", site.origin))


def page_requests(log: pathlib.Path, origin: str) -> list[str]:
    """The addresses that pages of an origin asked for; what the browser wants for itself has another initiator."""
    recorded = json.loads(log.read_text(encoding="utf-8"))
    started = recorded["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event["params"] for event in recorded["events"] if event["type"] == started and "params" in event]
    return [params["url"] for params in asked if params.get("initiator") == origin]


def summaries(raw: dict[str, Any], contract: str) -> list[str]:
    return [
        operation["summary"]
        for path, item in raw["paths"].items()
        for operation in item.values()
        if path.startswith(f"/{contract}/") and "operationId" in operation
    ]


@pytest.mark.parametrize(
    ("query", "contract", "title"), [("", "v1", "Version 1"), ("?api=v2", "v2", "Version 2 (beta)")]
)
def test_the_reference_shows_every_operation_and_asks_for_nothing(
    raw: dict[str, Any], site: Site, tmp_path: pathlib.Path, query: str, contract: str, title: str
) -> None:
    seen = visit(site, f"/docs{query}", tmp_path)
    missing = [summary for summary in summaries(raw, contract) if summary not in seen.text]
    assert not missing
    assert title in seen.text
    assert f"/{contract}/" in seen.text
    assert seen.console == [GREETING]
    assert seen.paths == [f"/docs{query}"]
    assert seen.requests == []


def test_the_error_pages_show_everything_without_a_script(
    raw: dict[str, Any], site: Site, tmp_path: pathlib.Path
) -> None:
    seen = visit(site, "/docs/errors", tmp_path)
    assert all(code in seen.text for code in raw["x-errors"])
    assert seen.console == []
    assert seen.paths == ["/docs/errors"]
    assert seen.requests == []


def test_the_changelog_shows_every_version_without_a_script(
    raw: dict[str, Any], site: Site, tmp_path: pathlib.Path
) -> None:
    seen = visit(site, "/docs/changelog", tmp_path)
    assert all(date in seen.text for date in raw["x-api-versions"])
    assert (seen.console, seen.paths, seen.requests) == ([], ["/docs/changelog"], [])


def test_the_pages_fit_a_telephone(site: Site, tmp_path: pathlib.Path) -> None:
    paths = [f"/bare{path}" for path in site.pages if path.startswith("/docs/")]
    site.pages |= {path: (site.pages[path.removeprefix("/bare")][0], None) for path in paths}
    site.pages["/probe"] = PROBE.replace("PATHS", json.dumps(paths)).encode(), None
    seen = visit(site, "/probe", tmp_path)
    title = re.search(r"<title>(.*?)</title>", seen.dom)
    assert title
    assert json.loads(html.unescape(title[1])) == [[path, 0] for path in paths]


def test_a_page_that_reaches_outside_would_be_seen(site: Site, tmp_path: pathlib.Path) -> None:
    reaching = (
        b"<!doctype html><img src='https://elsewhere.example/a.png'><script>fetch('http://other.example')</script>"
    )
    site.pages["/open"] = reaching, None
    site.pages["/guarded"] = reaching, pages.CONTENT_SECURITY_POLICY
    opened = visit(site, "/open", tmp_path / "open")
    assert {"https://elsewhere.example/a.png", "http://other.example/"} <= set(opened.requests)
    guarded = visit(site, "/guarded", tmp_path / "guarded")
    assert not [url for url in guarded.requests if "example" in url]
    assert any("Content Security Policy" in line for line in guarded.console)
