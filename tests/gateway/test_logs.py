"""What the server writes about itself: readable by machines, and without what is secret."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from gateway import logs


@pytest.fixture(autouse=True)
def _configured_as_before() -> Iterator[None]:
    """Other tests' servers go on writing where they wrote."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


class Terminal(io.StringIO):
    """A stream at which a person looks."""

    def isatty(self) -> bool:
        return True


def fail() -> None:
    """Fails with something secret in a local variable."""
    key = "sk_live_" + "secret"
    raise RuntimeError(f"a key of {len(key)} characters")


def written(stream: io.StringIO) -> str:
    """What a failure leaves in the log."""
    logs.configure(stream)
    try:
        fail()
    except RuntimeError as error:
        structlog.get_logger().error("request failed", request_id="req_1", exc_info=error)
    return stream.getvalue()


def test_each_line_is_json() -> None:
    (line,) = written(io.StringIO()).splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["request_id"]) == ("request failed", "error", "req_1")
    assert "RuntimeError: a key of 14 characters" in entry["exception"]
    assert "in fail" in entry["exception"]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_traceback_shows_no_values(stream: type[io.StringIO]) -> None:  # A012
    text = written(stream())
    assert "a key of 14 characters" in text
    assert "sk_live_secret" not in text
