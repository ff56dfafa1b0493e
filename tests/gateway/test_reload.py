"""`--reload`: an edit of the document is served at once, a broken one is told and not served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from contract import document as documents
from gateway.settings import ROOT
from tests.gateway import processes
from tests.gateway.processes import Process, serving

pytestmark = pytest.mark.before_storage

TEXT = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
LONGER = TEXT.replace("      minLength: 3\n      maxLength: 255", "      minLength: 5\n      maxLength: 255", 1)
NOT_SERVED = "The edit is not served; the server goes on with the contract it had.\n"
OPERATIONS = len(list(documents.parse(TEXT).operations()))
SERVED = f"openapi.yaml is served as edited: {OPERATIONS} operations.\n"
# what is wrong → the document, the line to mend and what is said about it
BROKEN = {
    "the YAML": (TEXT.replace("  title: Platform API", "\ttitle: Platform API"), "\ttitle", "cannot be read"),
    "the document": (TEXT.replace("openapi: 3.1.1", "openapi: 3.0.0"), "openapi: 3.0.0", "not OpenAPI 3.1"),
    "a reference": (TEXT.replace("schemas/ResourceList'}", "schemas/None'}"), "schemas/None'}", "points nowhere"),
    "the code": (TEXT.replace("Id: v1.resources.list_res", "Id: v1.jobs.list_res"), "    get:", "has no handler"),
    "the file": ("", "", "not a mapping"),
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A copy of the document, to be edited."""
    made = tmp_path / "contract" / "openapi.yaml"
    made.parent.mkdir()
    made.write_text(TEXT, encoding="utf-8")
    return made


@pytest.fixture
def process(tmp_path: Path, document: Path) -> Iterator[Process]:
    """A server that follows the edits of the copy."""
    with serving(
        tmp_path, "--data-dir", str(tmp_path / "data"), API_RELOAD="true", API_DOCUMENT=str(document)
    ) as started:
        yield started


def save(document: Path, text: str) -> None:
    """Write the document as editors do: a new file takes the place of the old one."""
    new = document.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(document)


def takes_short_names(client: httpx2.Client) -> bool:
    """Whether a name of four characters is good, as it is in the unchanged document."""
    answer = client.post("/resources", json={"name": "four", "type": "production"})
    assert answer.status_code in (201, 400)
    return answer.status_code == 201


def test_an_edit_is_served_and_a_broken_one_is_not(process: Process, document: Path) -> None:  # D08
    with process.client() as client:
        assert takes_short_names(client)
        save(document, LONGER)
        processes.eventually(lambda: not takes_short_names(client))
        processes.eventually(lambda: process.errors == SERVED)
        assert client.get(f"{process.url}/openapi.yaml").text == LONGER
        for text, mark, words in BROKEN.values():
            before = len(process.errors)
            save(document, text)
            said = processes.eventually(partial(told, process, before))
            line = text[: text.index(mark)].count("\n") + 1
            assert said.startswith(f"openapi.yaml:{line}  ")
            assert words in said
            assert "Traceback" not in said
            assert not takes_short_names(client), "the old contract goes on"
            assert client.get(f"{process.url}/openapi.yaml").text == LONGER
        save(document, TEXT)
        processes.eventually(lambda: takes_short_names(client))
        processes.eventually(lambda: process.errors.endswith(SERVED))
        assert client.get(f"{process.url}/openapi.yaml").text == TEXT


def told(process: Process, start: int) -> str:
    """What was said since about an edit that is not served; empty until it was said."""
    said = process.errors[start:]
    return said if NOT_SERVED in said else ""


def test_an_edited_role_holds_at_once(process: Process, document: Path) -> None:
    with process.client() as client:
        user = client.post("/users", json={"name": "Vic", "email": "vic@example.com", "role": "viewer"}).json()
        key = client.post(
            "/api-keys", json={"name": "Vic", "scopes": ["resources:read", "projects:read"], "user": user["id"]}
        )
        assert key.status_code == 201, key.text
        authorization = {"Authorization": f"Bearer {key.json()['key']}"}
        assert client.get("/resources", headers=authorization).status_code == 200
        save(document, TEXT.replace("viewer: ['*:read']", "viewer: ['projects:read']"))
        processes.eventually(lambda: client.get("/resources", headers=authorization).status_code == 403)
        assert client.get("/projects", headers=authorization).status_code == 200


def test_a_document_written_in_place_is_served(process: Process, document: Path) -> None:
    with process.client() as client:
        document.write_text(LONGER, encoding="utf-8")
        processes.eventually(lambda: not takes_short_names(client))


def test_a_document_that_vanishes_and_comes_back_is_served(process: Process, document: Path) -> None:
    with process.client() as client:
        document.unlink()
        processes.eventually(lambda: told(process, 0))
        assert takes_short_names(client)
        document.write_text(LONGER, encoding="utf-8")
        processes.eventually(lambda: not takes_short_names(client))


def test_a_start_with_a_broken_document_waits_for_its_mending(tmp_path: Path, document: Path) -> None:
    text, _, words = BROKEN["the document"]
    save(document, text)
    variables = {"API_RELOAD": "true", "API_DOCUMENT": str(document)}
    process = Process(tmp_path, "--data-dir", str(tmp_path / "data"), variables=variables)
    try:
        processes.eventually(lambda: "Waiting for the next edit." in process.errors)
        assert words in process.errors
        save(document, TEXT)
        process.wait_until_ready()
        with process.client() as client:
            assert takes_short_names(client)
    finally:
        process.stop()


def test_without_reload_an_edit_waits_for_the_next_start(tmp_path: Path, document: Path) -> None:
    place = ["--data-dir", str(tmp_path / "data")]
    with serving(tmp_path, *place, API_DOCUMENT=str(document)) as process, process.client() as client:
        save(document, LONGER)
        assert client.get(f"{process.url}/openapi.yaml").text == TEXT
    with serving(tmp_path, *place, API_DOCUMENT=str(document)) as again, again.client(key=process.key()) as client:
        assert not takes_short_names(client)


def test_with_reload_answers_are_held_against_the_document(process: Process, document: Path) -> None:
    """A developer learns of an answer that the document does not describe; here the document was made too strict."""
    shown = "        name: {type: string, description: The display name.}\n        type:"
    assert TEXT.count(shown) >= 1
    save(document, TEXT.replace(shown, shown.replace("type: string,", "type: string, maxLength: 3,")))
    with process.client() as client:
        processes.eventually(
            lambda: client.post("/resources", json={"name": "four", "type": "production"}).status_code == 500
        )
    assert re.search(r"AnswerMismatch: v2\.resources\.create_resource .* at /name", process.errors)
