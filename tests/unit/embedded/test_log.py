import io
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO

import pytest

from embedded.log import StackLog


@contextmanager
def unwritable(file: IO[str]) -> Iterator[IO[str]]:
    try:
        yield file
    finally:
        with suppress(OSError):  # closing it writes what is left
            file.close()


def full_disk() -> AbstractContextManager[IO[str]]:
    return unwritable(open("/dev/full", "w"))


def closed_pipe() -> AbstractContextManager[IO[str]]:
    reader, writer = os.pipe()
    os.close(reader)
    return unwritable(os.fdopen(writer, "w"))


def closed_file() -> AbstractContextManager[IO[str]]:
    file = io.StringIO()
    file.close()
    return unwritable(file)


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
