"""The networks that the operator lets webhooks be sent into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway import settings as setting
from gateway.settings import SettingError
from tests.gateway import processes
from tests.serving import Client, running

ALLOWED = "127.0.0.0/8 10.1.0.0/16 fd00::/8"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(
            ("127.0.0.1:8080", 201),
            ("localhost:3000", 201),
            ("x.localhost", 201),
            ("10.1.2.3", 201),
            ("[fd12::1]", 201),
        ),
        *(("10.2.0.1", 400), ("[::1]", 400), ("169.254.169.254", 400), ("2130706433", 400), ("8.8.8.8", 201)),
    ],
)
def test_what_is_allowed_can_be_reached(allowing: Client, host: str, status: int) -> None:
    assert allowing.post("/webhooks", json={"url": f"http://{host}/"}).status_code == status


@pytest.fixture(scope="module")
def allowing(fresh_database: Callable[[], str]) -> Iterator[Client]:
    """A client in test mode of a server that allows some private networks."""
    with (
        running(fresh_database(), webhook_allowed_networks=ALLOWED) as server,
        server.tenant().client("/v2", mode="test") as client,
    ):
        yield client


@pytest.mark.parametrize("text", ["x", "127.0.0.1/8", "10.0.0.0/33", "127.0.0.0/8,10.0.0.0/8", "localhost"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(SettingError, match=r"API_WEBHOOK_ALLOWED_NETWORKS has what is no network: .*Write such as"):
        _ = setting.read({"API_WEBHOOK_ALLOWED_NETWORKS": text}).allowed_networks


def test_a_server_does_not_start_with_it(tmp_path: Path) -> None:
    variables = {"API_DATA_DIR": str(tmp_path), "API_WEBHOOK_ALLOWED_NETWORKS": "everything"}
    ended = processes.run("gateway", "--port", str(processes.free_port()), **variables)
    assert ended.returncode == 1
    assert "API_WEBHOOK_ALLOWED_NETWORKS" in ended.stderr
    assert "Traceback" not in ended.stderr
