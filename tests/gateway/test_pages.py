"""The pages beside the API: reference, error catalogue, document and health."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from contract import document as documents
from gateway.settings import ROOT
from tests import serving
from tests.contract import wire
from tests.serving import Server

DOCUMENT = documents.load(ROOT / "openapi.yaml")
CODES = list(DOCUMENT.raw["x-errors"])
HTML = ["/docs", "/docs/changelog", "/docs/errors", *(f"/docs/errors/{code}" for code in CODES)]
FILES = ["/openapi.yaml", "/openapi.json"]
HEALTH = ["/healthz", "/readyz"]
UNKNOWN = ["/nothing", "/docs/", "/docs/nothing", "/docs/errors/", "/docs/errors/nothing", "/docs/errors/not_found/"]
UNKNOWN += [
    "/docs/../openapi.yaml",
    "/docs/errors/..%2f..%2fopenapi",
    "/docs/errors/%00",
    "/docs/errors/%ff",
    "/docs/errors/%0d%0a",
]
UNKNOWN += ["/v3/resources", "/.env", "/openapi.yml", "//docs", "/%2e%2e/openapi.yaml", "/docs/errors/" + "a" * 10_000]


@pytest.fixture
def pages(server: Server) -> Iterator[httpx2.Client]:
    """A client without a key."""
    with httpx2.Client(base_url=server.url) as client:
        yield client


@pytest.mark.before_storage
@pytest.mark.parametrize("path", HTML)
def test_a_page_is_html_that_may_do_little(pages: httpx2.Client, path: str) -> None:
    page = pages.get(path)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<title>" in page.text


@pytest.mark.before_storage
@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_page(pages: httpx2.Client, code: str) -> None:  # B120
    page = pages.get(f"/docs/errors/{code}").text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    assert heading is not None
    assert re.sub(r"<[^>]+>", "", heading[1]) == code
    assert f"/docs/errors/{code}" in pages.get("/docs/errors").text


def test_the_document_is_the_file_byte_for_byte(pages: httpx2.Client) -> None:  # D04
    answer = pages.get("/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.content == (ROOT / "openapi.yaml").read_bytes()


def test_the_document_is_there_as_json(pages: httpx2.Client) -> None:
    answer = pages.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == DOCUMENT.raw
    assert list(answer.json()) == list(DOCUMENT.raw)


def test_the_start_leads_to_the_reference(pages: httpx2.Client) -> None:
    answer = pages.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")


@pytest.mark.parametrize("path", HEALTH)
def test_a_healthy_server_says_so(pages: httpx2.Client, path: str) -> None:
    answer = pages.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.before_storage
@pytest.mark.parametrize("path", UNKNOWN)
def test_what_is_not_there_is_a_404_in_json(server: Server, path: str) -> None:  # A016
    answer = wire.ask(server.port, wire.get(path), None)
    error = answer.json()
    assert (answer.status, error["status"], error["error"]["code"]) == (404, "error", "NOT_FOUND")
    assert error["error"]["message"]
    assert len(answer.body) < 1_000


@pytest.mark.before_storage
@pytest.mark.parametrize("path", [*HTML[:3], *FILES, *HEALTH, "/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_pages_can_only_be_read(pages: httpx2.Client, method: str, path: str) -> None:
    answer = pages.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.before_storage
@pytest.mark.parametrize("path", [*HTML[:3], *FILES, *HEALTH, *UNKNOWN[:2]])
def test_head_is_get_without_a_body(pages: httpx2.Client, path: str) -> None:
    head, full = pages.head(path), pages.get(path)
    assert (head.status_code, head.content) == (full.status_code, b"")
    assert head.headers.items() - {("date", head.headers["date"])} == full.headers.items() - {
        ("date", full.headers["date"])
    }


@pytest.mark.before_storage
@pytest.mark.parametrize("path", [*HTML[:3], *FILES])
def test_a_page_that_has_not_changed_is_not_sent_again(pages: httpx2.Client, path: str) -> None:
    full = pages.get(path)
    etag = full.headers["ETag"]
    assert pages.get(path).headers["ETag"] == etag
    for tags in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = pages.get(path, headers={"If-None-Match": tags})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag), tags
    for tags in ('"other"', etag.strip('"'), ""):
        assert pages.get(path, headers={"If-None-Match": tags}).content == full.content


@pytest.mark.before_storage
@pytest.mark.parametrize("path", ["/", *HTML[:3], *FILES, *HEALTH, *UNKNOWN[:2]])
def test_every_page_has_the_headers_that_protect(pages: httpx2.Client, path: str) -> None:  # API8
    answer = pages.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in answer.headers
    assert not {name for name in answer.headers if name.startswith("access-control-")}, "no CORS unless it is wanted"


@pytest.mark.before_storage
@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("", False), ("gzip;q=0", False)],
)
def test_a_page_is_compressed_for_who_takes_that(pages: httpx2.Client, accepted: str, is_compressed: bool) -> None:
    answer = pages.get("/openapi.yaml", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") == is_compressed
    assert answer.headers["Vary"] == "accept-encoding"
    assert answer.content == DOCUMENT.text


def test_a_key_is_not_asked_for_and_not_looked_at(server: Server) -> None:
    for path in ("/docs", "/openapi.json", "/healthz"):
        assert httpx2.get(server.url + path, headers={"Authorization": "Bearer nothing"}).status_code == 200


@contextlib.contextmanager
def gone(engine: str, url: str) -> Iterator[None]:
    """The database does not answer meanwhile."""
    if engine == "sqlite":
        file = Path(url.removeprefix("sqlite:///"))
        for path in (file, file.with_name(file.name + "-wal")):
            path.write_bytes(b"no database" * 10_000)
        yield
        return
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        yield
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


def test_a_server_without_its_database_is_alive_and_not_ready(engine: str, fresh_database: Callable[[], str]) -> None:
    url = fresh_database()
    with serving.running(url) as server, httpx2.Client(base_url=server.url) as pages:
        assert pages.get("/readyz").status_code == 200
        # SQLite would answer from its memory if nothing had been written since.
        server.tenant()
        with gone(engine, url):
            answer = pages.get("/readyz")
            assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")
            assert answer.json()["status"] != "ok"
            assert "Traceback" not in answer.text
            assert pages.get("/healthz").status_code == 200
        if engine == "postgresql":
            assert pages.get("/readyz").status_code == 200, "it comes back by itself"


def test_the_reference_shows_the_document_and_nothing_from_elsewhere(pages: httpx2.Client) -> None:
    page = pages.get("/docs").text
    assert json.dumps(DOCUMENT.raw["info"]["title"])[1:-1] in page
    assert not re.search(r"""(?:src|href)=["']?https?://(?!api|docs)""", page)
