"""What a process writes to its standard error when it fails."""

import json
import os
import subprocess
import sys
from typing import Any

START = """
import sys, threading, warnings
from config.logs import configure_logs, log_warnings_and_errors, job_id, request_id
configure_logs("INFO", sys.argv[1], "worker")
log_warnings_and_errors()
"""


def written(code: str, style: str = "json") -> list[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", START + code, style],
        env={**os.environ, "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def entry(code: str) -> dict[str, Any]:
    (line,) = written(code)
    return dict(json.loads(line))


def test_a_warning_is_one_line() -> None:
    warned = entry("warnings.warn('first line\\nsecond line')")
    assert (warned["level"], warned["message"]) == ("WARNING", "UserWarning: first line second line")
    assert warned["process"] == "worker"


def test_the_error_that_ends_a_process_is_one_line() -> None:
    ended = entry("job_id.set('job-1'); request_id.set('request-1'); 1 / 0")
    assert (ended["job"], ended["request"]) == ("job-1", "request-1")
    assert ended["exception"].endswith("ZeroDivisionError: division by zero")


def test_the_error_of_a_thread_is_one_line() -> None:
    ended = entry("threading.Thread(target=lambda: 1 / 0).start()")
    assert ended["exception"].endswith("ZeroDivisionError: division by zero")


def test_an_error_that_python_ignores_is_one_line() -> None:
    code = "class Broken:\n    def __del__(self): 1 / 0\nbroken = Broken()\ndel broken"
    assert entry(code)["exception"].endswith("ZeroDivisionError: division by zero")


def test_text_has_the_fields_after_the_message() -> None:
    code = "import logging; request_id.set('r-1'); logging.getLogger('x').info('stage done', extra={'ms': 3})"
    (line,) = written(code, "text")
    assert line.endswith("stage done  request=r-1 ms=3")
