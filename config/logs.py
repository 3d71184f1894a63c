"""Logs: constant messages, fields beside them, and the job they belong to. Never pixels, templates or results."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

job_id: ContextVar[str | None] = ContextVar("job_id", default=None)
"""The job that the current code works for."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName", "data"}

_INDISCREET = ("aiobotocore", "botocore")
"""They log the headers of requests at DEBUG, session tokens among them."""


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    return {"job": job_id.get(), **fields} if job_id.get() else fields


class TextFormatter(logging.Formatter):
    """A line that a person reads: `12:00:01 INFO    stage done  job=… ms=12.3`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class names it
        """The line, with the fields behind the message."""
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        return super().formatMessage(record) + (f" {fields}" if fields else "")


class JsonFormatter(logging.Formatter):
    """A line that a machine reads."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object per record."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logs(level: str, style: Literal["text", "json"]) -> None:
    """Send all logs of this process to standard error, in one format."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _INDISCREET:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
