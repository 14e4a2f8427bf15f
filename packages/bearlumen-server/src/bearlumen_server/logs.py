"""The log: one line an occurrence, each with the id of the request that it belongs to.

A line holds what the server did. It never holds a key, nor what somebody sent: no label, no
metadata, no parameter's value.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import msgspec

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""That of the request being answered, also on the threads that work for it."""

FIELDS: Final = "fields"
"""Under which a record carries what belongs into fields of its own: `extra={FIELDS: {…}}`."""
LOGGERS: Final = {"bearlumen_server": "info", "uvicorn.error": "warning"}
"""And the least that each says, unless all is asked for."""


_LEVELS: Final = {name.lower(): number for name, number in logging.getLevelNamesMapping().items()}


class JsonFormatter(logging.Formatter):
    """A line as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "correlationId": correlation_id.get(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        shown = {name: value for name, value in line.items() if value is not None}
        return msgspec.json.encode(shown).decode()


class TextFormatter(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = _time(record).isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
        fields = {"request": correlation_id.get(), **_fields(record)}
        told = [f"{name}={value}" for name, value in fields.items() if value is not None]
        line = " ".join([time, record.levelname, f"{record.name}:", record.getMessage(), *told])
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(
    form: str,
    *,
    level: str = "info",
    stream: TextIO | None = None,
) -> None:
    """Send the log of the server, and of what serves it, to a stream.

    Args:
        form: `text` or `json`.
        level: `debug`, `info`, `warning` or `error`.
        stream: Where to; stderr if not told.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    for name, least in LOGGERS.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        wanted = max(_LEVELS[level], _LEVELS[least]) if level != "debug" else _LEVELS[level]
        logger.setLevel(wanted)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, FIELDS, None) or {}
