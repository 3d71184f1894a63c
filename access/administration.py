"""What an operator does with keys: create, rotate, revoke, list."""

from collections.abc import Callable, Collection

from access.audit import Action, AuditEntry, AuditStream
from access.errors import KeyRefused
from access.key import NAME, ORDINARY, ApiKey, Scope
from access.limit import Limit
from access.store import KeyStore
from access.token import Token

LIVE_AT_ONCE = 2
"""How many live keys may have one name: the one that is in use, and the one that replaces it."""


class KeyAdministration:
    """Creates and ends the keys of a deployment. Methods raise `StorageError` if the store does not answer.

    Args:
        store: keeps the keys.
        audit: records the changes.
        clock: seconds since the epoch; by default that of the store.
    """

    def __init__(self, store: KeyStore, audit: AuditStream, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock or store.now

    def create(
        self,
        name: str,
        scopes: Collection[Scope] = (),
        lifetime_s: float | None = None,
        rate: str | None = None,
        quota: str | None = None,
        jobs: int | None = None,
        bytes: int | None = None,  # noqa: A002
        ttl_s: int | None = None,
    ) -> Token:
        """Create the first live key of a name.

        Args:
            name: owns what is made with the key.
            scopes: of the key; if there are none, all but `admin`.
            lifetime_s: how long the key is accepted; None is without end.
            rate: see `ApiKey`.
            quota: see `ApiKey`.
            jobs: see `ApiKey`.
            bytes: see `ApiKey`.
            ttl_s: see `ApiKey`.

        Returns:
            The text of the key, which cannot be shown again.

        Raises:
            KeyRefused: the name, the rate or the quota is not valid, or the name has a live key.
        """
        if not NAME.fullmatch(name):
            raise KeyRefused(f"{name!r} is not a name: use up to 64 letters, digits, dots, dashes and underscores")
        for limit in (rate, quota):
            if limit is not None:
                Limit.parse(limit)
        if self._live(name):
            raise KeyRefused(f"{name} has a live key: replace it with `faceline keys rotate {name}`")
        now = self._clock()
        token = Token.new()
        expires_at = None if lifetime_s is None else now + lifetime_s
        self._store.put(
            ApiKey(
                id=token.id,
                name=name,
                digest=token.digest,
                scopes=frozenset(scopes or ORDINARY),
                created_at=now,
                expires_at=expires_at,
                rate=rate,
                quota=quota,
                jobs=jobs,
                bytes=bytes,
                ttl_s=ttl_s,
            )
        )
        self._record(Action.KEY_CREATED, token.id, name)
        return token

    def rotate(self, name: str, grace_s: float) -> Token:
        """Create a key with the scopes, limits and lifetime of the live key of a name; the old key ends later.

        Args:
            name: of the keys.
            grace_s: how long the old key is still accepted.

        Returns:
            The text of the new key, which cannot be shown again.

        Raises:
            KeyRefused: the name has no live key, or already two.
        """
        live = self._live(name)
        if not live:
            raise KeyRefused(f"{name} has no live key: create one with `faceline keys create {name}`")
        if len(live) >= LIVE_AT_ONCE:
            ids = " and ".join(key.id for key in live)
            raise KeyRefused(f"{name} has {len(live)} live keys, {ids}: revoke one of them first")
        old, now, token = live[0], self._clock(), Token.new()
        lifetime_s = None if old.expires_at is None else old.expires_at - old.created_at
        changed = {
            "id": token.id,
            "digest": token.digest,
            "created_at": now,
            "expires_at": None if lifetime_s is None else now + lifetime_s,
        }
        self._store.put(old.model_copy(update=changed))
        ends_at = min(now + grace_s, old.expires_at or float("inf"))
        self._store.put(old.model_copy(update={"expires_at": ends_at}))
        self._record(Action.KEY_ROTATED, token.id, name)
        return token

    def revoke(self, which: str) -> list[ApiKey]:
        """End a key, or all live keys of a name, for good.

        Args:
            which: the id of a key, or a name.

        Returns:
            The keys that were ended.

        Raises:
            KeyRefused: there is no such live key.
        """
        now = self._clock()
        ended = [key for key in self.all() if which in (key.id, key.name) and key.live(now)]
        if not ended:
            raise KeyRefused(f"no live key has the id or the name {which}: see `faceline keys list`")
        for key in ended:
            self._store.put(key.model_copy(update={"revoked_at": now}))
            self._record(Action.KEY_REVOKED, key.id, key.name)
        return ended

    def all(self) -> list[ApiKey]:
        """All keys, the oldest first."""
        return sorted(self._store.all().values(), key=lambda key: key.created_at)

    def _live(self, name: str) -> list[ApiKey]:
        now = self._clock()
        return [key for key in self.all() if key.name == name and key.live(now)]

    def _record(self, action: Action, key_id: str, name: str) -> None:
        self._audit.write([AuditEntry(action, owner=name, subject=key_id, client="command line", at=self._clock())])
