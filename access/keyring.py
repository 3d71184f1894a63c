"""`Keyring`: decides for each request who its caller is, from a copy of all keys that is a few seconds old."""

from collections import deque
from collections.abc import Callable, Mapping
from logging import getLogger
from threading import Lock
from time import monotonic, time
from typing import NamedTuple

from access.caller import ANYBODY, Caller
from access.errors import Unauthenticated
from access.first_key import FirstKey
from access.key import ApiKey
from access.store import KeyStore
from access.token import Token
from jobs.errors import StorageError

log = getLogger(__name__)

FRESH_S = 2.0
"""After this time the keys are read again."""
STALE_S = 4.5
"""Keys older than this are not used: a key that was revoked would be accepted for longer than five seconds."""
UNKNOWN_READS, UNKNOWN_WINDOW_S = 4, 1.0
"""The most reads in a time that unknown keys cause, all of them together: guesses must not load the store."""
PAUSE_S = 1.0
"""After a store did not answer, it is not asked again for so long: each request would wait for it in turn."""


class _Known(NamedTuple):
    """A key, and the caller who has it."""

    key: ApiKey
    caller: Caller


class Keyring:
    """The keys of a deployment, as one process knows them. Thread-safe.

    Args:
        store: has the keys.
        open_to_all: no key is asked for.
        required: a key is asked for also while there are none. Otherwise the first key closes the API.
        first_key: is added if the store has never had it.
        clock: seconds since the epoch, by the clock of this process; that of the store counts, as measured lately.
        age_clock: seconds that only grow.
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        open_to_all: bool = False,
        required: bool = False,
        first_key: FirstKey | None = None,
        clock: Callable[[], float] = time,
        age_clock: Callable[[], float] = monotonic,
    ) -> None:
        self._store = store
        self._open = open_to_all
        self._required = required
        self._first_key = first_key
        self._clock = clock
        self._age_clock = age_clock
        self._keys: Mapping[str, _Known] = {}
        self._by_name: Mapping[str, ApiKey] = {}
        self._read_at = float("-inf")
        self._failed_at = float("-inf")
        self._ahead_s = 0.0
        self._unknown_read_at: deque[float] = deque(maxlen=UNKNOWN_READS)
        self._noted: dict[str, int] = {}
        self._reading = Lock()

    def is_fresh(self, text: str | None) -> bool:
        """Whether `caller` answers for a text without another read of the store."""
        return self._open or (self._age() < FRESH_S and not self._may_be_new(text))

    def refresh(self, text: str | None = None) -> None:
        """Read the keys if they are old, or if the key of a text is unknown and may be new. Blocks.

        Raises:
            StorageError: the store does not answer, and the copy is too old.
        """
        # While another thread reads the keys, the copy serves those whose keys are in it.
        wait = self._age() > STALE_S or self._may_be_new(text)
        if self.is_fresh(text) or not self._reading.acquire(blocking=wait):
            return
        try:
            if not self.is_fresh(text):
                if self._age() < FRESH_S:
                    self._unknown_read_at.append(self._age_clock())
                self._read()
        except StorageError:
            if self._age() > STALE_S:
                raise
        finally:
            self._reading.release()

    def caller(self, text: str | None) -> Caller:
        """The caller who sent a text as its key; None if it sent no key. Call `refresh` first unless `is_fresh`.

        Raises:
            Unauthenticated: a key is needed and the text is not a live one.
        """
        if self._open or not (self._keys or self._required):
            return ANYBODY
        if text is None:
            raise Unauthenticated("this deployment asks for an API key: send the header `Authorization: Bearer fl_…`")
        known = self._keys.get(Token.id_in(text))
        if known is None or not known.key.is_text(text):
            raise Unauthenticated("the API key is not a key of this deployment")
        key = known.key
        if key.revoked_at is not None:
            raise Unauthenticated("the API key was revoked")
        if not key.live(self._now()):
            raise Unauthenticated("the API key has expired")
        return known.caller

    def key_of(self, name: str) -> ApiKey | None:
        """The latest key of a name, whose limits hold for all keys of the name."""
        return self._by_name.get(name)

    def use_unnoted(self, key_id: str | None) -> bool:
        """Whether the use of a key in this minute is still to be recorded, by `note_use`."""
        return key_id is not None and self._noted.get(key_id) != self._minute()

    def note_use(self, key_id: str) -> None:
        """Record that a key is used in this minute. Blocks."""
        self._noted[key_id] = self._minute()
        try:
            self._store.note_use(key_id, self._minute())
        except StorageError:
            log.warning("use of a key not recorded: the store does not answer", extra={"key": key_id})

    def _read(self) -> None:
        if self._age_clock() - self._failed_at < PAUSE_S:
            raise StorageError("the store did not answer a moment ago")
        try:
            keys = self._store.all()
        except StorageError:
            self._failed_at = self._age_clock()
            raise
        self._ahead_s = self._store.now() - self._clock()
        if self._first_key is not None and self._first_key.id not in keys:
            key = self._first_key.key(self._now())
            self._store.put(key)
            keys[key.id] = key
        self._by_name = {key.name: key for key in sorted(keys.values(), key=lambda key: key.created_at)}
        self._keys = {key.id: _Known(key, Caller.of(key)) for key in keys.values()}
        self._read_at = self._age_clock()

    def _may_be_new(self, text: str | None) -> bool:
        """Whether a text has the form of a key, its id is unknown, and the store may be asked for it."""
        if text is None or Token.id_in(text) in self._keys or Token.parse(text) is None:
            return False
        reads = self._unknown_read_at
        return len(reads) < UNKNOWN_READS or self._age_clock() - reads[0] >= UNKNOWN_WINDOW_S

    def _now(self) -> float:
        """The time of the store, in seconds since the epoch."""
        return self._clock() + self._ahead_s

    def _age(self) -> float:
        return self._age_clock() - self._read_at

    def _minute(self) -> int:
        return int(self._now()) // 60 * 60
