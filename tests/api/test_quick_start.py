"""The code of the two reference documents runs as printed, but for the host and the key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.api import printed, seeding
from tests.serving import Client, Server, Tenant

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")


@pytest.fixture
def pinned(tenant: Tenant) -> str:
    """A live key of the version that the Resource API reference describes."""
    return tenant.key(api_version="2024-01-15")


def test_the_first_call_of_the_reference(  # B006 B007 B008 B009 B017
    tenant: Tenant, pinned: str, tmp_path: Path, server: Server
) -> None:
    before = server.clock.now()
    status, body = printed.curl(printed.filled(printed.QUICK_START, tenant, pinned), tmp_path)
    made = json.loads(body)
    assert (status, made["name"], made["type"]) == (201, "My First Resource", "production")
    assert made["id"].startswith("res_")
    assert made["id"].removeprefix("res_").isalnum()
    assert 10 <= len(made["id"].removeprefix("res_")) <= 32
    assert isinstance(made["created"], int)
    assert before <= made["created"] <= server.clock.now()


def test_the_request_of_the_overview(tenant: Tenant, tmp_path: Path) -> None:  # A007 A015 A020 A023
    seeding.fill(tenant, 2)
    status, body = printed.curl(printed.filled(printed.OVERVIEW_READ, tenant, tenant.live_key), tmp_path)
    assert status == 200
    assert json.loads(body)["meta"]["total_items"] == 2


def test_create_as_in_the_overview(tenant: Tenant, tmp_path: Path) -> None:  # A021 A078
    status, body = printed.curl(printed.filled(printed.OVERVIEW_CREATE, tenant, tenant.live_key), tmp_path)
    made = json.loads(body)["data"]
    assert status == 201
    assert (made["name"], made["type"], made["config"]["timeout"]) == ("my-resource", "processor", 30)


def test_list_as_in_the_overview(tenant: Tenant, tmp_path: Path) -> None:  # A079
    active = seeding.fill(tenant, 1, status="active")
    seeding.fill(tenant, 1, status="archived")
    status, body = printed.curl(printed.filled(printed.OVERVIEW_LIST, tenant, tenant.live_key), tmp_path)
    assert status == 200
    assert [item["id"] for item in json.loads(body)["data"]] == active


def test_update_as_in_the_overview(tenant: Tenant, v1: Client, tmp_path: Path, server: Server) -> None:  # A080 A082
    made = v1.create(type="processor", config={"timeout": 30}, metadata={"team": "platform"})
    server.clock.offset = 60
    command = printed.filled(printed.OVERVIEW_UPDATE, tenant, tenant.live_key, made["id"])
    status, body = printed.curl(command, tmp_path)
    changed = json.loads(body)["data"]
    assert status == 200
    assert changed["updated_at"] > made["updated_at"]
    assert changed == {**made, "name": "updated-resource", "updated_at": changed["updated_at"]}
    assert v1.get(f"/resources/{made['id']}").json()["data"] == changed


def test_delete_as_in_the_overview(tenant: Tenant, v1: Client, tmp_path: Path) -> None:  # A022 A081
    made = v1.create()
    command = printed.filled(printed.OVERVIEW_DELETE, tenant, tenant.live_key, made["id"])
    assert printed.curl(command, tmp_path) == (204, "")
    assert v1.get(f"/resources/{made['id']}").status_code == 404


@pytest.mark.parametrize("command", [printed.OVERVIEW_UPDATE, printed.OVERVIEW_DELETE])
def test_the_id_that_the_overview_prints_is_not_found(tenant: Tenant, tmp_path: Path, command: str) -> None:  # A083
    status, body = printed.curl(printed.filled(command, tenant, tenant.live_key), tmp_path)
    assert status == 404
    assert json.loads(body)["error"]["code"] == "NOT_FOUND"


def test_the_error_handling_of_the_overview(tenant: Tenant, tmp_path: Path) -> None:  # A084
    expected = {
        tenant.live_key: "",
        "sk_live_wrong": "Invalid API key\n",
        tenant.key("resources:write"): (
            "Error: The API key lacks the scope 'resources:read'; it has resources:write.\n"
        ),
    }
    for key, told in expected.items():
        assert printed.python(printed.filled(printed.OVERVIEW_PYTHON, tenant, key), tmp_path) == told


def test_create_as_in_the_reference(tenant: Tenant, pinned: str, tmp_path: Path) -> None:  # B066 B067 B072 B075
    command = printed.filled(printed.CREATE, tenant, pinned)
    first, again = (printed.curl(command, tmp_path) for _ in range(2))
    made = json.loads(first.body)
    assert first.status == 201
    assert (made["name"], made["type"]) == ("Production API Resource", "production")
    assert made["configuration"] | {"rate_limit": 1000} == {
        "timeout_ms": 10000,
        "retry_count": 5,
        "batch_size": 100,
        "rate_limit": 1000,
    }
    assert made["metadata"] == {"team": "platform", "environment": "prod"}
    assert again == first


def test_update_and_delete_as_in_the_reference(  # B098 B103
    tenant: Tenant, pinned: str, v2: Client, tmp_path: Path, server: Server
) -> None:
    made = v2.create(configuration={"timeout_ms": 10000, "retry_count": 5})
    status, body = printed.curl(printed.filled(printed.UPDATE, tenant, pinned, made["id"]), tmp_path)
    changed = json.loads(body)
    assert (status, changed["name"], changed["status"]) == (200, "Updated Resource Name", "paused")
    assert changed["configuration"] == {**made["configuration"], "timeout_ms": 7500}
    before = server.clock.now()
    status, body = printed.curl(printed.filled(printed.DELETE, tenant, pinned, made["id"]), tmp_path)
    gone = json.loads(body)
    assert status == 200
    assert before <= gone.pop("deleted_at") <= server.clock.now()
    assert gone == {"id": made["id"], "object": "resource", "deleted": True}


@needs_node
def test_the_list_in_javascript(tenant: Tenant, pinned: str, tmp_path: Path) -> None:  # B046
    seeding.fill(tenant, 12)
    assert printed.node(printed.filled(printed.LIST_JAVASCRIPT, tenant, pinned), tmp_path) == "Found 12 resources\n"


def test_the_list_in_python(tenant: Tenant, pinned: str, tmp_path: Path) -> None:  # B047 B044
    seeding.fill(tenant, 12, status="active")
    seeding.fill(tenant, 3)
    assert printed.python(printed.filled(printed.LIST_PYTHON, tenant, pinned), tmp_path) == "Active resources: 12\n"


def test_the_list_as_go_asks_for_it(tenant: Tenant, server: Server) -> None:  # B048
    head = (
        f"GET /v1/resources HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: Go-http-client/1.1\r\n"
        f"Authorization: Bearer {tenant.live_key}\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    assert server.exchange(head.encode()).startswith(b"HTTP/1.1 200 ")


@needs_go
def test_the_list_in_go(tenant: Tenant, tmp_path: Path) -> None:  # B048
    snippet = printed.filled(printed.LIST_GO, tenant, tenant.live_key)
    imports = 'import ("fmt"; "net/http"; "time")'
    (tmp_path / "printed.go").write_text(
        f"package main\n{imports}\nfunc main() {{\n{snippet}fmt.Print(resp.StatusCode)\n}}\n"
    )
    assert printed.run(["go", "run", "printed.go"], tmp_path) == "200"


@needs_node
def test_the_pagination_in_javascript(tenant: Tenant, pinned: str, tmp_path: Path) -> None:  # B179 B182
    made = seeding.fill(tenant, 1547)
    shown = printed.node(printed.filled(printed.PAGINATION_JAVASCRIPT, tenant, pinned), tmp_path)
    assert shown.split() == made[::-1]
