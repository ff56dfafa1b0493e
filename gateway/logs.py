"""What the server writes about itself: a line per event, as JSON, or readable where a person looks on."""

from __future__ import annotations

from typing import Any, TextIO

import orjson
import structlog


def configure(stream: TextIO) -> None:
    """Write log lines to this stream from now on. Tracebacks show no local values: those hold keys and bodies."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if stream.isatty():
        structlog.configure(
            processors=[*shared, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)],
            logger_factory=structlog.PrintLoggerFactory(stream),
        )
    else:
        rendering: list[Any] = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ]
        structlog.configure(processors=[*shared, *rendering], logger_factory=structlog.PrintLoggerFactory(stream))


def _to_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()
