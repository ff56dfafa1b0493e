"""A bare ASGI function with one SELECT in it: about what Python can do at most for this answer."""

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pysqlite3
import uvicorn

from benchmarks.peers import rows

SELECT = (
    "SELECT id, created, updated, name, type, status, configuration, metadata, project, "
    "target_url, provisioning "
    "FROM resources WHERE id = ? AND account_id = ? AND livemode = ?"
)
TABLE = """
    CREATE TABLE resources (
        id TEXT PRIMARY KEY, account_id TEXT, livemode INTEGER, created INTEGER, updated INTEGER, name TEXT, type TEXT,
        status TEXT, configuration TEXT, metadata TEXT, project TEXT, target_url TEXT, provisioning TEXT
    )
"""
JSON_COLUMNS = ("configuration", "metadata", "provisioning")
CALLERS = {b"Bearer " + rows.KEY.encode(): (rows.ACCOUNT, True)}
PREFIX = len("/v2/resources/")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def prepare(database: Path, count: int) -> pysqlite3.Connection:
    """Create the table and fill it."""
    connection = pysqlite3.connect(str(database), isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(TABLE)
    connection.execute("BEGIN")
    for row in rows.resources(count):
        values = {**row, **{name: orjson.dumps(row[name]).decode() for name in JSON_COLUMNS}}
        connection.execute(f"INSERT INTO resources VALUES ({', '.join('?' * len(values))})", tuple(values.values()))
    connection.execute("COMMIT")
    return connection


class Bare:
    """Answers GET /v2/resources/{id} and nothing else."""

    def __init__(self, connection: pysqlite3.Connection) -> None:
        self._connection = connection

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Look up the caller in a dict and the resource in the database."""
        if scope["type"] != "http":
            return
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        caller = CALLERS.get(given)
        if caller is None:
            await reply(send, 401, {"error": "key_invalid"})
            return
        row = self._connection.execute(SELECT, (scope["path"][PREFIX:], *caller)).fetchone()
        if row is None:
            await reply(send, 404, {"error": "not_found"})
            return
        await reply(send, 200, document(row))


def document(row: tuple[Any, ...]) -> dict[str, Any]:
    """Write a row as the resource that the API shows."""
    identifier, created, updated, name, kind, status, configuration, metadata, project, target, provisioning = row
    return {
        "id": identifier,
        "object": "resource",
        "created": created,
        "updated": updated,
        "name": name,
        "type": kind,
        "status": status,
        "configuration": orjson.loads(configuration),
        "metadata": orjson.loads(metadata),
        "project": project,
        "target_url": target,
        "provisioning": orjson.loads(provisioning),
        "metrics": rows.metrics(),
        "limits": rows.limits(),
    }


async def reply(send: Send, status: int, answer: dict[str, Any]) -> None:
    """Send one answer."""
    body = orjson.dumps(answer)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    given = parser.parse_args()
    app: Any = Bare(prepare(given.database, given.rows))
    uvicorn.run(app, port=given.port, loop="uvloop", http="httptools", access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
