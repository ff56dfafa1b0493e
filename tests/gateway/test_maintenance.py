"""While the operator has closed the API, every request is told so; health pages and documentation stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from gateway import administration, closing
from tests.serving import Server, running


@pytest.fixture(scope="module")
def own(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server of these tests, which notices at once that its API is closed."""
    with pytest.MonkeyPatch.context() as patch, running(fresh_database()) as server:
        patch.setattr(closing, "REMEMBERED_SECONDS", 0.0)
        yield server


@pytest.fixture
def closed(own: Server) -> Server:
    """The server with its API closed."""
    administer(own, "begin", "--message", "Back at noon.", "--retry-after", "120")
    return own


def administer(server: Server, *arguments: str) -> None:
    assert administration.main(["--database", server.settings.database, "maintenance", *arguments]) == 0


@pytest.mark.parametrize("path", ["/v1/resources", "/v1/nothing", "/v1/resources/123"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_requests_are_turned_away(closed: Server, path: str, method: str) -> None:  # A029
    with closed.tenant().client("") as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    error = {"code": "SERVICE_UNAVAILABLE", "message": "Back at noon.", "retry_after": 120}
    assert answer.json() == {"status": "error", "error": error}


def test_the_bare_contract_says_it_in_its_shape(closed: Server) -> None:  # A029
    with closed.tenant().client("/v2") as client:
        error = client.post("/resources", json={"name": "A resource", "type": "production"}).json()["error"]
    assert (error["type"], error["code"], error["message"]) == ("unavailable_error", "maintenance", "Back at noon.")


def test_it_serves_again(closed: Server) -> None:
    administer(closed, "end")
    with closed.tenant().client("/v2") as client:
        assert client.get("/resources").status_code == 200


def test_the_documentation_stays(closed: Server) -> None:
    assert httpx2.get(f"{closed.url}/docs").status_code == 200
    assert httpx2.get(f"{closed.url}/healthz").status_code == 200


def test_a_time_that_is_none_is_refused(closed: Server, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--database", closed.settings.database, "maintenance", "begin", "--retry-after", "0"]
    assert administration.main(arguments) == 1
    assert "from 1" in capsys.readouterr().err
