"""Logs: constant messages with fields beside them, among them the id of the job.

Pixels, templates and results are never logged.
"""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

job_id: ContextVar[str | None] = ContextVar("job_id", default=None)
"""The id of the job that the current task works on."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName", "data"}

# Loggers that would write request headers at DEBUG, session tokens among them.
_LEAKING = ("aiobotocore", "botocore")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    return {"job": job_id.get(), **fields} if job_id.get() else fields


class TextFormatter(logging.Formatter):
    """A line for people: `12:00:01 INFO    stage done  job=… ms=12.3`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class names it
        """The line, with the fields after the message."""
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        return super().formatMessage(record) + (f" {fields}" if fields else "")


class JsonFormatter(logging.Formatter):
    """A line for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
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
    """Write all logs of this process to standard error, in one format."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LEAKING:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
