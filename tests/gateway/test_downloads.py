"""Files are sent part by part: none is in memory as a whole, and what goes wrong with one shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from contract import document as documents
from contract import lint
from contract.document import SpecError
from contract.middleware import HandlerResolver
from gateway.app import create_app
from gateway.settings import ROOT, Settings
from tests import serving
from tests.gateway.handlers_added import files
from tests.serving import Client, Server, Tenant

TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
FILES = """\
  /v2/files/{id}:
    parameters:
      - $ref: '#/components/parameters/LogEntryId'
      - $ref: '#/components/parameters/V2ApiVersion'
    get:
      operationId: v2.files.get_file
      tags: [Logs]
      summary: Get a file
      description: Lines.
      security:
        - bearer: [logs:read]
      parameters:
        - $ref: '#/components/parameters/IfNoneMatch'
      responses:
        '200':
          description: The file.
          headers: *v2_read_headers
          content:
            application/x-ndjson:
              schema: {type: string, description: Lines of JSON.}
              example: "{}\\n"
        '304': {$ref: '#/components/responses/NotModified'}
        '400': {$ref: '#/components/responses/BadRequest'}
        '401': {$ref: '#/components/responses/Unauthorized'}
        '403': {$ref: '#/components/responses/Forbidden'}
        '404': {$ref: '#/components/responses/NotFound'}
        '429': {$ref: '#/components/responses/TooManyRequests'}
        '500': {$ref: '#/components/responses/InternalError'}
        '503': {$ref: '#/components/responses/Unavailable'}
        '504': {$ref: '#/components/responses/Timeout'}

"""


class WithFiles(HandlerResolver):
    """Finds the project's handlers, and those of a kind that it does not have."""

    def resolve_operation_id(self, operation: Any) -> str:
        self.package = "tests.gateway.handlers_added" if ".files." in operation.operation_id else "handlers"
        return super().resolve_operation_id(operation)


def with_files(**changes: str) -> documents.Document:
    added = FILES
    for old, new in changes.items():
        added = added.replace(old, new)
    return documents.parse(TEXT.replace("\nwebhooks:\n", f"\n{added}webhooks:\n", 1))


@pytest.fixture(scope="module")
def server(fresh_database: Callable[[], str]) -> Iterator[Server]:
    document = with_files()
    assert lint.lint(document) == []
    with serving.running(fresh_database(), document=document, resolver=WithFiles()) as started:
        yield started


def entry(client: Client, request_id: str) -> dict[str, Any]:
    """The log entry of a request, which may still be under way."""
    until = time.monotonic() + 10
    while (answer := client.get(f"/logs/{request_id}")).status_code == 404:
        assert time.monotonic() < until
        time.sleep(0.02)
    found: dict[str, Any] = answer.json()
    return found


def test_a_file_is_sent_in_parts(v2: Client) -> None:  # A021
    answer = v2.get("/files/20")
    assert answer.content == b"".join(files.part(number) for number in range(20))
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="20.ndjson"'
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers
    found = entry(v2, answer.headers["X-Request-Id"])
    assert (found["status"], found["message"]) == (200, "GET /v2/files/20 answered 200")
    assert int(answer.headers["X-RateLimit-Remaining"]) < int(answer.headers["X-RateLimit-Limit"])

    again = v2.get("/files/20", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = v2.head("/files/20")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", answer.headers["ETag"])
    assert "Content-Length" not in head.headers
    assert v2.get("/files/0").content == b""
    # The connection goes on.
    assert v2.get("/files/1").content == files.part(0)


def test_what_is_wrong_before_the_first_byte_is_an_error(v2: Client) -> None:
    missing, unavailable = v2.get("/files/never"), v2.get("/files/late-5-0")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (unavailable.status_code, unavailable.json()["error"]["code"]) == (503, "unavailable")
    assert entry(v2, unavailable.headers["X-Request-Id"])["status"] == 503


def test_what_goes_wrong_later_breaks_the_answer_off(v2: Client) -> None:
    with v2.stream("GET", "/files/late-5-3") as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            answer.read()
    found = entry(v2, answer.headers["X-Request-Id"])
    assert (found["status"], found["message"]) == (None, "GET /v2/files/late-5-3 was not sent to its end")


def test_nothing_is_read_for_a_client_that_is_gone(v2: Client, tenant: Tenant) -> None:
    with tenant.client("/v2") as other, other.stream("GET", "/files/100000") as answer:
        taken = answer.iter_raw(1_000)
        assert next(taken)
    assert entry(v2, answer.headers["X-Request-Id"])["status"] is None
    read = files.READ["100000"]
    assert read < 20_000
    time.sleep(0.05)
    assert files.READ["100000"] == read


def test_a_slow_client_is_waited_for(tenant: Tenant) -> None:
    """What the client has not taken is not read ahead."""
    with tenant.client("/v2") as other, other.stream("GET", "/files/50000") as answer:
        taken = answer.iter_raw(1_000)
        assert next(taken)
        before = -1
        while files.READ["50000"] != before:
            before = files.READ["50000"]
            time.sleep(0.2)
        assert before < 5_000


def test_the_slot_is_held_until_the_end(server: Server) -> None:  # B196
    tenant = server.tenant(concurrent_requests=1)
    with tenant.client("/v2") as v2, tenant.client("/v2") as other:
        with v2.stream("GET", "/files/100000") as answer:
            taken = answer.iter_raw(1_000)
            assert next(taken)
            refused = other.get("/resources")
            assert (refused.status_code, refused.json()["error"]["code"]) == (429, "concurrency_limit_exceeded")
        until = time.monotonic() + 10
        while other.get("/resources").status_code == 429:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_a_batch_has_no_downloads(v2: Client) -> None:
    operations = [{"method": "GET", "path": "/v2/files/3"}, {"method": "GET", "path": "/v2/resources"}]
    answer = v2.post("/batch", json={"operations": operations})
    first, second = answer.json()["results"]
    assert (first["status"], first["body"]["error"]["code"], second["status"]) == (400, "parameter_invalid", 200)
    assert "download" in first["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("v2.files.get_file", "v2.files.get_no_file", "the result is a str, which is no file"),
        ("application/x-ndjson", "text/csv", "the answer is text/csv"),
        ("type: string, description: Lines of JSON.", "type: integer, description: Lines.", "no string"),
    ],
)
def test_the_document_and_the_handler_agree(tmp_path: Any, old: str, new: str, says: str) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(SpecError, match=says):
        create_app(settings, document=with_files(**{old: new}), resolver=WithFiles())
