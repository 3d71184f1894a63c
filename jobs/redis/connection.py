"""The only import of redis: connects to the server, tries calls again, and turns errors of redis into ours."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident, local
from time import monotonic, sleep
from typing import Any, TypeVar, cast

import redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from config.sentinel import SentinelUrl
from jobs.errors import StorageError, StoreFull
from jobs.redis.client import Client
from jobs.redis.outage import Outage

__all__ = [
    "Client",
    "Patience",
    "SentinelConnection",
    "SentinelSSLConnection",
    "connect",
    "connect_patiently",
    "end_server",
    "is_full",
    "loaded_percent",
    "login_to_sentinels",
    "passes",
    "reason_of",
    "server_state",
    "storage",
    "storage_error",
]

Answer = TypeVar("Answer")

_NO_ANSWER = (redis.ConnectionError, redis.TimeoutError)
_REFUSALS = re.compile(
    # A replica, or a server that cannot write to its disk, or that has too few replicas.
    r"\b(READONLY|MISCONF|NOREPLICAS"
    # A server that reads its data from disk, runs a script, has lost its master, or changes its role.
    r"|LOADING|BUSY|MASTERDOWN|UNBLOCKED"
    # A cluster that is down or moves data.
    r"|CLUSTERDOWN|TRYAGAIN)\b"
)
_FULL = re.compile(r"\bOOM\b")
_CLIENT = re.compile(r"<redis\.client\.Redis\(.*?\bhost=([^,]+),port=(\d+).*?\)>\)>\)>")
_SHORTEST_TRY_S, _LONGEST_TRY_S = 1.0, 5.0
_SENTINEL_TRY_S = 1.0
"""How long one Sentinel is asked; then comes the next one."""


def passes(error: BaseException) -> bool:
    """Whether an error passes with time. The answers of a server that will be the same next time do not."""
    return not isinstance(error, (redis.ResponseError, redis.DataError)) or is_full(error) or _is_refusal(error)


class Patience(Retry):
    """Tries the calls of clients again, for a time over all tries.

    All commands of the stores are safe to repeat; only `JobStore.take` finds nothing the second time.

    Args:
        patience_s: how long a call is tried again, in seconds.
        waits_for_room: whether a call that a full server refused is tried again; if not, it fails at once.
    """

    def __init__(self, patience_s: float, *, waits_for_room: bool = False) -> None:
        super().__init__(ExponentialBackoff(cap=0.5, base=0.02), retries=-1)
        self._outage = Outage(patience_s)
        self._waits_for_room = waits_for_room
        self._thread = local()
        self._calling: set[int] = set()
        self.try_s = min(max(patience_s / 2, _SHORTEST_TRY_S), _LONGEST_TRY_S)
        """How long one try waits for an answer, in seconds."""

    def holds(self, thread: int) -> bool:
        """Whether a thread waits for the server now.

        Args:
            thread: its identifier, see `threading.get_ident`.
        """
        return thread in self._calling

    def __deepcopy__(self, _: object) -> "Patience":
        # Each connection copies its policy, but all have to know of the same outage.
        return self

    def call_with_retry(
        self,
        do: Callable[[], Answer],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> Answer:
        """Call `do` until it succeeds, its error does not pass, or the patience is used up; see `Retry`."""
        if getattr(self._thread, "in_call", False):
            return do()  # a call that connects first: the outer call is tried again
        if not self._outage.admits():
            raise redis.ConnectionError("the server has not answered for some time")
        self._thread.in_call = True
        self._calling.add(get_ident())
        begun_at = monotonic()
        try:
            failures = 0
            while True:
                try:
                    answer = do()
                except (redis.RedisError, TimeoutError) as error:
                    again = self._may_repeat(error, begun_at)
                    if again is None or (is_retryable is not None and not is_retryable(error)):
                        raise
                    failures += 1
                    fail(error, failures) if with_failure_count else fail(error)
                    if not again:
                        raise
                    sleep(self._backoff.compute(failures))
                else:
                    self._outage.answered()
                    return answer
        finally:
            self._calling.discard(get_ident())
            self._thread.in_call = False

    def _may_repeat(self, error: Exception, begun_at: float) -> bool | None:
        """Whether a call may be tried again; None if its error does not pass with time."""
        if isinstance(error, redis.BusyLoadingError) or _is_refusal(error):
            return self._outage.refused()
        if isinstance(error, (*_NO_ANSWER, TimeoutError)):
            return self._outage.unanswered(begun_at)
        return self._outage.refused() if self._waits_for_room and is_full(error) else None


class SentinelConnection(SentinelManagedConnection):
    """A connection that asks the Sentinels for the address of the server also when a command is tried again.

    redis-py asks them when a client takes a connection, and not when a command is tried again: that command would be
    tried at a server that is gone, for as long as the patience lasts. Known there as issue 3874.
    """

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send a command, and connect before if need be."""
        if self._sock is None:
            self.connect()  # type: ignore[no-untyped-call]
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]


class SentinelSSLConnection(SentinelConnection, SentinelManagedSSLConnection):
    """The same with TLS."""


def connect(url: str, *, patience_s: float, waits_for_room: bool = False, blocks_s: float = 0) -> Client:
    """A thread-safe client of the server at `url` with a patience of its own; see `connect_patiently`."""
    return connect_patiently(url, Patience(patience_s, waits_for_room=waits_for_room), blocks_s)


def connect_patiently(url: str, patience: Patience, blocks_s: float = 0) -> Client:
    """A thread-safe client of the server at `url`; unix:///path names a socket.

    With the URL of Sentinels, the client asks them for the address of the server each time that it connects.

    Args:
        url: of the server.
        patience: says how long commands are tried again; clients of one server can share it.
        blocks_s: how long the commands of this client let the server wait at most, in seconds.
    """
    options: dict[str, Any] = {
        "retry": patience,
        "socket_connect_timeout": patience.try_s,
        "socket_timeout": patience.try_s + blocks_s,
    }
    if not SentinelUrl.is_one(url):
        return cast(Client, redis.Redis.from_url(url, **options))
    named = SentinelUrl.parse(url)
    options |= {"db": named.db, "username": named.username, "password": named.password, **(named.tls or {})}
    options["connection_class"] = SentinelConnection if named.tls is None else SentinelSSLConnection
    sentinel: Any = cast(Any, Sentinel)(named.sentinels, sentinel_kwargs=login_to_sentinels(named))
    return cast(Client, sentinel.master_for(named.master, **options))


def login_to_sentinels(named: SentinelUrl) -> dict[str, Any]:
    """The options of clients that ask Sentinels for the address of the server.

    A call is not tried again: another Sentinel is asked, and the command of the store is tried again as a whole.
    """
    tls = {} if named.tls is None else {"ssl": True, **named.tls}
    return {
        "username": named.sentinel_username,
        "password": named.sentinel_password,
        "socket_timeout": _SENTINEL_TRY_S,
        "socket_connect_timeout": _SENTINEL_TRY_S,
        "retry": Retry(NoBackoff(), 0),
        **tls,
    }


@contextmanager
def storage() -> Iterator[None]:
    """Turns errors of the server and of the connection into `StorageError`."""
    try:
        yield
    except redis.RedisError as error:
        raise storage_error(error, "the store") from error


def storage_error(error: BaseException, place: str) -> StorageError:
    """The error for callers, of an error of redis or of one that it caused."""
    cause: BaseException | None = error
    while cause is not None:
        if is_full(cause):
            return StoreFull("the store is full: send the request again later")
        cause = cause.__cause__
    return StorageError(f"{place} did not answer: {reason_of(error)}")


def reason_of(error: BaseException) -> str:
    """What an error says on one short line: errors of Sentinels hold all options of each client that asked one."""
    return _CLIENT.sub(r"\1:\2", str(error)) or type(error).__name__


def loaded_percent(url: str) -> float | None:
    """How much of its data a server has read from disk since it started, in percent; None if it does not answer."""
    client = redis.Redis.from_url(url, retry=Retry(ExponentialBackoff(), 0), socket_timeout=_SHORTEST_TRY_S)
    try:
        state = client.info("persistence")
    except redis.RedisError:
        return None
    finally:
        client.close()
    return min(float(state.get("loading_loaded_perc", 0)), 99.0) if state["loading"] else 100.0


def server_state(client: Client, section: str) -> dict[str, Any]:
    """What a server says of itself.

    Args:
        client: of the server.
        section: of its command INFO.

    Raises:
        StorageError: no server answers, or it refuses the login.
    """
    with storage():
        return client.info(section)


def end_server(url: str) -> None:
    """Make a server save its data and end.

    Raises:
        StorageError: no server answers.
    """
    client = redis.Redis.from_url(url, retry=Retry(ExponentialBackoff(), 0), socket_timeout=30)
    with storage():
        client.shutdown()


def is_full(error: BaseException) -> bool:
    """Whether a server refused a command since it has no memory left."""
    return isinstance(error, redis.OutOfMemoryError) or (
        isinstance(error, redis.ResponseError) and _FULL.search(str(error)) is not None
    )


def _is_refusal(error: BaseException) -> bool:
    # The error of a command in a pipeline or a script has the code of the refusal in its text.
    known = redis.ReadOnlyError, redis.exceptions.ClusterDownError, redis.exceptions.TryAgainError
    return isinstance(error, known) or (
        isinstance(error, redis.ResponseError) and _REFUSALS.search(str(error)) is not None
    )
