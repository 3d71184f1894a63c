"""The audit: who did what with which job, when and from where. It never has content."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from logging import getLogger
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import time

from jobs.errors import StorageError
from jobs.redis.client import Client, Value
from jobs.redis.connection import storage
from jobs.redis.keys import PREFIX
from jobs.redis.scripts import load_script

log = getLogger("audit")

STREAM = PREFIX + "audit"
"""Stream: the latest entries of the audit."""
WRITE_EVERY_S = 0.25
AT_ONCE = 1000


class Action(StrEnum):
    """What was done."""

    PROCESS = "process"
    SUBMIT = "submit"
    READ = "read"
    LIST = "list"
    CANCEL = "cancel"
    ERASE = "erase"
    ERASE_ALL = "erase-all"
    REFUSED = "refused"
    KEY_CREATED = "key-created"
    KEY_ROTATED = "key-rotated"
    KEY_REVOKED = "key-revoked"
    SECRET_CREATED = "secret-created"
    SECRET_ROTATED = "secret-rotated"
    SECRET_REVOKED = "secret-revoked"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry.

    Attributes:
        key: the id of the API key; None if the request had no valid one.
        owner: the name of the key.
        subject: the id of the job, batch or key that it was done with, or the owner whose jobs and batches were erased;
            None if there is none.
        status: the HTTP status of the answer; None if it was no request.
        client: the address that the request came from, or what it was done with instead of a request.
        at: seconds since the epoch.
    """

    action: Action
    key: str | None = None
    owner: str | None = None
    subject: str | None = None
    status: int | None = None
    client: str | None = None
    at: float = field(default_factory=time)

    def fields(self) -> dict[str, Value]:
        """What is known of it."""
        return {name: value for name in _FIELDS if (value := getattr(self, name)) is not None}


_FIELDS = [each.name for each in fields(AuditEntry)]


class AuditStream:
    """Keeps the latest entries on a Redis-compatible server. Methods raise `StorageError` if it does not answer.

    Args:
        client: of the server.
        length: how many entries are kept, about.
    """

    def __init__(self, client: Client, length: int) -> None:
        self._redis = client
        self._write = load_script(client, "write_audit")
        self._length = length

    def write(self, entries: Sequence[AuditEntry]) -> None:
        """Log entries, and add them to the stream."""
        known = [entry.fields() for entry in entries]
        for each in known:
            log.info("access", extra=each)
        texts = [json.dumps({name: str(value) for name, value in each.items()}) for each in known]
        with storage():
            self._write(keys=[STREAM], args=[self._length, *texts])

    def since(self, moment: float) -> Iterator[AuditEntry]:
        """The entries that were written since a time, in seconds since the epoch, the oldest first."""
        after = f"{int(moment * 1000)}"
        while True:
            with storage():
                page = self._redis.xrange(STREAM, min=after, count=AT_ONCE)
            for _, known in page:
                yield _entry({name.decode(): value.decode() for name, value in known.items()})
            if len(page) < AT_ONCE:
                return
            after = f"({page[-1][0].decode()}"


class AuditWriter:
    """Writes entries in a thread of its own, a moment later: no request waits for it.

    Entries that the store does not take are in the log only. A process that is killed loses those of the last moment.
    """

    def __init__(self, stream: AuditStream) -> None:
        self._stream = stream
        self._waiting: SimpleQueue[AuditEntry] = SimpleQueue()
        self._ended = Event()
        self._thread = Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def add(self, entry: AuditEntry) -> None:
        """Write an entry soon."""
        self._waiting.put(entry)

    def close(self) -> None:
        """Write the entries that are waiting, and end the thread."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(WRITE_EVERY_S):
            self._write()
        self._write()

    def _write(self) -> None:
        while entries := self._next():
            try:
                self._stream.write(entries)
            except StorageError:
                log.warning("entries of the audit are in the log only: the store does not answer")

    def _next(self) -> list[AuditEntry]:
        entries: list[AuditEntry] = []
        while len(entries) < AT_ONCE:
            try:
                entries.append(self._waiting.get_nowait())
            except Empty:
                break
        return entries


def _entry(fields: dict[str, str]) -> AuditEntry:
    status = fields.get("status")
    return AuditEntry(
        action=Action(fields["action"]),
        key=fields.get("key"),
        owner=fields.get("owner"),
        subject=fields.get("subject"),
        status=None if status is None else int(status),
        client=fields.get("client"),
        at=float(fields["at"]),
    )
