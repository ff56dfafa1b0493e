import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks import contenders
from benchmarks.peers import bare, rows


@pytest.fixture
def app(tmp_path: Path) -> Iterator[bare.Bare]:
    connection = bare.prepare(tmp_path / "bare.sqlite", 3)
    yield bare.Bare(connection)
    connection.close()


def ask(app: bare.Bare, identifier: str, key: str = rows.KEY) -> tuple[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer " + key.encode())]
    asyncio.run(app({"type": "http", "path": f"/v2/resources/{identifier}", "headers": headers}, receive, send))
    return sent[0]["status"], orjson.loads(sent[1]["body"])


def test_the_bare_peer_reads_the_row(app: bare.Bare) -> None:
    status, resource = ask(app, rows.identifier(2))
    assert status == 200
    assert (resource["id"], resource["name"]) == (rows.identifier(2), rows.name(2))
    assert resource["configuration"] == rows.configuration()


def test_the_bare_peer_refuses_what_it_does_not_know(app: bare.Bare) -> None:
    assert ask(app, rows.identifier(3))[0] == 404
    assert ask(app, rows.identifier(2), key="sk_live_other")[0] == 401


def test_the_fastapi_peer_shows_the_same_fields(app: bare.Bare) -> None:
    models = pytest.importorskip("benchmarks.peers.fastapi_models")
    row = next(rows.resources(1))
    stored = models.StoredResource(**{**row, "metadata_": row.pop("metadata")})
    shown = models.Resource.model_validate(stored).model_dump(mode="json")
    assert contenders.shape(shown) == contenders.shape(ask(app, rows.identifier(0))[1])
