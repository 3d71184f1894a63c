import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import pytest

from embedded.log import StackLog


@contextmanager
def full_disk() -> Iterator[IO[str]]:
    file = open("/dev/full", "w")  # noqa: SIM115 - closing it fails as well
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


@contextmanager
def closed_pipe() -> Iterator[IO[str]]:
    reader, writer = os.pipe()
    os.close(reader)
    file = os.fdopen(writer, "w")
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


@contextmanager
def closed_file() -> Iterator[IO[str]]:
    file = io.StringIO()
    file.close()
    yield file


@pytest.mark.parametrize("json_lines", [False, True])
@pytest.mark.parametrize("opened", [full_disk, closed_pipe, closed_file])
def test_a_line_that_cannot_be_written_is_dropped(opened: object, json_lines: bool) -> None:
    assert callable(opened)
    with opened() as file:
        log = StackLog(file, json_lines=json_lines)
        for _ in range(3):
            log.write("worker", "x" * 5000)


def test_a_character_that_the_log_cannot_hold_costs_its_line_alone() -> None:
    written = io.BytesIO()
    log = StackLog(io.TextIOWrapper(written, encoding="ascii"), json_lines=False)
    log.write("worker", "ä")
    log.write("worker", "a")
    assert written.getvalue() == b"worker  | a\n"


def test_fields_follow_the_message_or_are_members_of_the_object() -> None:
    for json_lines in (False, True):
        file = io.StringIO()
        StackLog(file, json_lines=json_lines).write("store", "loads", "INFO", fields={"percent": 3})
        if json_lines:
            entry = json.loads(file.getvalue())
            assert (entry["message"], entry["level"], entry["percent"]) == ("loads", "INFO", 3)
        else:
            assert file.getvalue() == "store   | loads  percent=3\n"
