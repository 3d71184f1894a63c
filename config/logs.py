"""Logs: constant messages with fields beside them, among them the ids of the request and of the job.

Pixels, templates and results are never logged.
"""

import json
import logging
import os
import sys
import threading
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

LogFormat = Literal["text", "json"]

job_id: ContextVar[str | None] = ContextVar("job_id", default=None)
"""The id of the job that the current task works on."""
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the HTTP request that is answered, or that the current job came with."""

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName", "data"}

# Loggers that would write request headers at DEBUG, session tokens among them, or URLs at INFO.
_LEAKING = {"aiobotocore": logging.INFO, "botocore": logging.INFO, "httpcore": logging.INFO, "httpx": logging.WARNING}


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {key: value for key, value in record.__dict__.items() if key not in _STANDARD}
    if request := request_id.get():
        fields = {"request": request, **fields}
    return {"job": job, **fields} if (job := job_id.get()) else fields


class TextFormatter(logging.Formatter):
    """A line for people: `12:00:01 INFO    stage done  job=… ms=12.3`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class names it
        """The line, with the fields after the message."""
        fields = "".join(f" {key}={value}" for key, value in _fields(record).items())
        return super().formatMessage(record) + (f" {fields}" if fields else "")


class JsonFormatter(logging.Formatter):
    """A line for machines.

    Args:
        process: the role of this process, such as "worker".
    """

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = {"process": process, "pid": os.getpid()}

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            **self._process,
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logs(level: str, style: LogFormat, process: str) -> None:
    """Write all logs of this process to standard error, in one format.

    Args:
        level: the least level that is logged.
        style: the format.
        process: the role of this process, such as "worker".
    """
    # No line shows the place in the code, the thread or the process: to find them takes a third of the time of a line.
    # See "Optimization" in the documentation of `logging`.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(process) if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in _LEAKING.items():
        logging.getLogger(name).setLevel(max(root.level, least))


def log_warnings_and_errors() -> None:
    """Write the warnings of Python, and the errors that end this process or a thread of it, to the log as well."""
    # mypy compares the names of the parameters; Python passes all but the last by their position.
    warnings.formatwarning = _warning_line  # type: ignore[assignment]
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_error
    threading.excepthook = _log_error_of_thread
    sys.unraisablehook = _log_unraisable


def format_of_environment() -> LogFormat:
    """The format that the environment names, for a process that cannot read its settings."""
    return "json" if os.environ.get("FACELINE_LOG_FORMAT") == "json" else "text"


def _warning_line(
    message: Warning | str, category: type[Warning], _filename: str, _lineno: int, _line: str | None = None
) -> str:
    return f"{category.__name__}: {' '.join(str(message).split())}"


def _log_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logging.getLogger(__name__).critical("the process ends: an error", exc_info=(kind, error, trace))


def _log_error_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        error = (ended.exc_type, ended.exc_value, ended.exc_traceback)
        logging.getLogger(__name__).error("a thread ends: an error", exc_info=error)


def _log_unraisable(ignored: "sys.UnraisableHookArgs") -> None:
    if ignored.exc_value is not None:
        error = (ignored.exc_type, ignored.exc_value, ignored.exc_traceback)
        logging.getLogger(__name__).error("an error is ignored: an object could not be cleaned up", exc_info=error)
