"""Keys in memory, in the place of `access.store.KeyStore`."""

from collections.abc import Callable, Sequence
from time import time

from access.audit import AuditEntry
from access.key import ApiKey
from jobs.errors import StorageError


class MemoryKeyStore:
    """Keeps keys. `down` lets it fail as a store that does not answer.

    Args:
        clock: that of the store.
    """

    def __init__(self, clock: Callable[[], float] = time) -> None:
        self.now = clock
        self.kept: dict[str, ApiKey] = {}
        self.used: dict[str, int] = {}
        self.asked = 0
        self.reads = 0
        self.down = False

    def all(self) -> dict[str, ApiKey]:
        self._answer()
        self.reads += 1
        return dict(self.kept)

    def put(self, key: ApiKey) -> None:
        self._answer()
        self.kept[key.id] = key

    def note_use(self, key_id: str, minute: int) -> None:
        self._answer()
        self.used[key_id] = minute

    def last_uses(self) -> dict[str, int]:
        self._answer()
        return dict(self.used)

    def _answer(self) -> None:
        self.asked += 1
        if self.down:
            raise StorageError("down")


class MemoryAudit:
    """Entries in memory, in the place of `access.audit.AuditStream`."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def write(self, entries: Sequence[AuditEntry]) -> None:
        self.entries.extend(entries)
