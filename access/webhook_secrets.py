"""The secrets that sign the messages of webhooks: one for each owner, two while one replaces the other."""

from base64 import b64encode
from collections.abc import Callable
from secrets import token_bytes
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from access.audit import Action, AuditEntry, AuditStream
from access.errors import SecretRefused
from access.key import NAME
from config.errors import InvalidSetting
from jobs.redis.client import Client
from jobs.redis.clock import StoreClock
from jobs.redis.connection import storage
from jobs.redis.encryption import Encryption
from jobs.redis.keys import PREFIX
from jobs.redis.scripts import load_script

SECRETS = PREFIX + "webhook-secrets"
"""Hash: the secrets of each owner."""
SECRET_BYTES = 32
LIVE_AT_ONCE = 2
"""How many secrets of an owner sign at a time: the one that is in use, and the one that replaces it."""


class SigningSecret(BaseModel):
    """A secret of an owner; times in seconds since the epoch.

    Attributes:
        text: `whsec_…`, as the receiver needs it.
        expires_at: None until another secret replaces it.
    """

    model_config = ConfigDict(frozen=True)

    text: str
    created_at: float
    expires_at: float | None = None


_LIST = TypeAdapter(tuple[SigningSecret, ...])


class _Kept(NamedTuple):
    """What the store has of an owner: the stored value, all its secrets, and its live secrets."""

    owner: str
    stored: bytes | None
    secrets: tuple[SigningSecret, ...]
    live: tuple[SigningSecret, ...]


def new_secret() -> str:
    """A random secret in the form of Standard Webhooks."""
    return f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"


def deployment_secrets(setting: SecretStr | None) -> tuple[str, ...]:
    """The secrets of a deployment that asks for no keys: all of them sign.

    Raises:
        InvalidSetting: one of them is not a secret.
    """
    texts = setting.get_secret_value().split(",") if setting else []
    secrets = tuple(text.strip() for text in texts if text.strip())
    for secret in secrets:
        try:
            Webhook(secret)
        except (EmptyWebhookSecretError, ValueError) as error:
            message = "FACELINE_WEBHOOKS__SECRET: not a secret; `faceline webhooks generate` prints one"
            raise InvalidSetting(message) from error
    return secrets


class WebhookSecrets:
    """The secrets on a Redis-compatible server. Thread-safe. Methods raise `StorageError` if it does not answer.

    Args:
        client: of the server.
        encryption: of the secrets.
        without_owner: sign the messages about jobs and batches that were made without a key.
        audit: records the changes.
        clock: seconds since the epoch; by default that of the store.
    """

    def __init__(
        self,
        client: Client,
        encryption: Encryption,
        without_owner: tuple[str, ...] = (),
        audit: AuditStream | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis = client
        self._encryption = encryption
        self._without_owner = without_owner
        self._audit = audit
        self._clock = clock or StoreClock(client).now
        self._replace = load_script(client, "replace_field")

    def of(self, owner: str | None) -> tuple[str, ...]:
        """The secrets that sign the messages of an owner: none, one, or two."""
        return self._without_owner if owner is None else tuple(secret.text for secret in self._read(owner).live)

    def has(self, owner: str | None) -> bool:
        """Whether the messages of an owner can be signed."""
        return bool(self.of(owner))

    def create(self, owner: str) -> str:
        """Create the first secret of an owner.

        Raises:
            SecretRefused: the owner is not a name of a key, or has a secret.
        """
        if not NAME.fullmatch(owner):
            raise SecretRefused(f"{owner!r} is not a name of a key")
        kept = self._read(owner)
        if kept.live:
            raise SecretRefused(f"{owner} has a secret: replace it with `faceline webhooks rotate {owner}`")
        return self._add(kept, (), Action.SECRET_CREATED)

    def rotate(self, owner: str, grace_s: float) -> str:
        """Create a secret that replaces the one of an owner; until the old one ends, both sign.

        Args:
            owner: of the secrets.
            grace_s: how long the old secret still signs.

        Raises:
            SecretRefused: the owner has no secret, or already two.
        """
        kept = self._read(owner)
        if not kept.live:
            raise SecretRefused(f"{owner} has no secret: create one with `faceline webhooks create {owner}`")
        if len(kept.live) >= LIVE_AT_ONCE:
            raise SecretRefused(f"{owner} has two secrets already: wait for the end of the older one")
        old = kept.live[0].model_copy(update={"expires_at": self._clock() + grace_s})
        return self._add(kept, (old,), Action.SECRET_ROTATED)

    def revoke(self, owner: str) -> None:
        """Delete the secrets of an owner. No message of the owner is sent until it has a new one.

        Raises:
            SecretRefused: the owner has no secret.
        """
        if not self._read(owner).live:
            raise SecretRefused(f"{owner} has no secret")
        with storage():
            self._redis.hdel(SECRETS, owner)
        self._note(Action.SECRET_REVOKED, owner)

    def delete_ended(self) -> None:
        """Delete the secrets that have ended from the store."""
        with storage():
            owners = [owner.decode() for owner in self._redis.hgetall(SECRETS)]
        for kept in map(self._read, owners):
            if len(kept.live) < len(kept.secrets):
                self._put(kept, kept.live)  # if it was changed meanwhile, this is done the next time

    def _read(self, owner: str) -> _Kept:
        with storage():
            stored = self._redis.hget(SECRETS, owner)
        if stored is None:
            return _Kept(owner, None, (), ())
        now = self._clock()
        secrets = _LIST.validate_json(self._encryption.decrypt(_name(owner), stored))
        live = tuple(secret for secret in secrets if secret.expires_at is None or now < secret.expires_at)
        return _Kept(owner, stored, secrets, live)

    def _add(self, kept: _Kept, older: tuple[SigningSecret, ...], action: Action) -> str:
        secret = SigningSecret(text=new_secret(), created_at=self._clock())
        if not self._put(kept, (*older, secret)):
            raise SecretRefused(f"the secrets of {kept.owner} were changed by another command just now")
        self._note(action, kept.owner)
        return secret.text

    def _put(self, kept: _Kept, secrets: tuple[SigningSecret, ...]) -> bool:
        """Replace what was read; False if it is not there any more."""
        stored = self._encryption.encrypt(_name(kept.owner), _LIST.dump_json(secrets)) if secrets else ""
        with storage():
            return bool(self._replace(keys=[SECRETS], args=[kept.owner, kept.stored or "", stored]))

    def _note(self, action: Action, owner: str) -> None:
        if self._audit is not None:
            self._audit.write([AuditEntry(action, owner=owner, client="command line", at=self._clock())])


def _name(owner: str) -> str:
    """What the secrets of an owner are encrypted under."""
    return f"{SECRETS}:{owner}"
