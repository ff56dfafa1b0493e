"""No secret that was ever shown stands in the database, its files or the log."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import database, tables
from storage.database import Transaction
from tests.api import recorded
from tests.serving import Client, Server, Tenant


def everything(tx: Transaction) -> str:
    """Every value of every row of every table, as text."""
    found = [list(row) for table in tables.metadata.sorted_tables for row in tx.execute(sa.select(table))]
    return json.dumps(found, default=lambda value: bytes(value).decode("latin-1"))


def files_of(server: Server) -> bytes:
    """The bytes of the database's files; none where it is a server's."""
    location = database.parse(server.settings.database)
    if location.drivername != "sqlite":
        return b""
    path = Path(str(location.database))
    files = path.parent.glob(f"{path.name}*")
    # A process that closes a file of SQLite loses its locks on it, so that another one is let in at the wrong time.
    return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


def test_no_secret_is_stored_or_logged(  # A011 A012
    tenant: Tenant, v2: Client, server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    def sent(name: str) -> dict[str, str]:
        return {"Idempotency-Key": name}

    def asked(path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a write shows, twice the same."""
        first, again = (v2.post(path, json=body, headers=sent(path)) for _ in range(2))
        assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
        assert again.headers["Idempotent-Replayed"] == "true"
        answer: dict[str, Any] = first.json()
        return answer

    user = asked("/users", {"email": "ada@example.com"})
    key = asked("/api-keys", {"name": "A key", "scopes": ["*"]})
    anew = asked(f"/users/{user['id']}/invitation", {})
    successor = asked(f"/api-keys/{key['id']}/rotate", {})
    token = anew["invitation"]["token"]
    shown = [user["invitation"]["token"], token, key["key"], successor["key"]]
    assert len(set(shown)) == 4
    asked("/users/accept_invitation", {"token": token, "name": "Ada"})
    with tenant.client("/v2", key=successor["key"]) as client:
        assert client.get("/resources").status_code == 200
        wrong = {"Authorization": f"Bearer {successor['key']}x"}
        assert client.get(f"/resources/{successor['key']}", headers=wrong).status_code == 401

    stored, files, logged = recorded.read(server, everything), files_of(server), capfd.readouterr()
    assert user["email"] in stored
    for secret in (*shown, tenant.live_key):
        for form in (secret, secret[8:-4]):
            assert form not in stored
            assert form.encode() not in files
            assert form not in logged.out + logged.err


def test_an_answer_without_a_secret_is_kept_as_it_is(tenant: Tenant, v2: Client, server: Server) -> None:
    v2.post("/resources", json={"name": "Kept openly", "type": "production"}, headers={"Idempotency-Key": "open"})
    v2.post("/api-keys", json={"name": "Kept sealed", "scopes": ["*"]}, headers={"Idempotency-Key": "sealed"})
    kept = sa.select(tables.idempotency_keys.c.key, tables.idempotency_keys.c.body).where(
        tables.idempotency_keys.c.account_id == tenant.account_id
    )
    bodies = recorded.read(server, lambda tx: {key: bytes(body) for key, body in tx.execute(kept)})
    assert b"Kept openly" in bodies["open"]
    assert b"Kept sealed" not in bodies["sealed"]


def test_a_secret_is_repeated_to_nobody_else(tenant: Tenant, v2: Client) -> None:
    body = {"name": "Strong", "scopes": ["*"]}
    headers = {"Idempotency-Key": "guessable"}
    key = v2.post("/api-keys", json=body, headers=headers).json()["key"]
    with tenant.client("/v2", key=tenant.key("api_keys:write")) as client:
        answer = client.post("/api-keys", json=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert key not in answer.text
    assert v2.get("/api-keys").json()["total_count"] == 3
