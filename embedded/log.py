"""`StackLog`: the log of a stack, with the lines of all its processes."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock
from types import MappingProxyType
from typing import IO


class StackLog:
    """Writes lines to a log. Thread-safe.

    A line that cannot be written is dropped, so that a full disk or a closed pipe does not end the stack.

    Args:
        file: takes the lines.
        json_lines: whether each line is a JSON object; if not, each begins with the name of its process.
    """

    def __init__(self, file: IO[str], *, json_lines: bool) -> None:
        self._file = file
        self._json_lines = json_lines
        self._writing = Lock()

    def write(
        self,
        process: str,
        line: str,
        level: str = "WARNING",
        pid: int | None = None,
        fields: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Write a line.

        Args:
            process: the name of the process that the line is about.
            line: a line that the process wrote, or a message about it.
            level: of a line that is not a JSON object yet.
            pid: of the process.
            fields: of the message.
        """
        if not self._json_lines:
            line = f"{process:7} | {line}" + "".join(f"  {name}={value}" for name, value in fields.items())
        elif not _is_json(line):
            # Not of the child's own log: a message of a library in C, or of this process.
            entry = {"time": datetime.now(UTC).isoformat(), "level": level, "process": process, "pid": pid}
            line = json.dumps({**entry, "logger": "embedded.supervisor", "message": line, **fields})
        # ValueError: the file is closed, or its encoding lacks a character.
        with self._writing, suppress(OSError, ValueError):
            self._file.write(f"{line}\n")
            self._file.flush()


def _is_json(line: str) -> bool:
    """Whether a line is a JSON object. A process that dies can leave the half of one."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
