"""The first key of a deployment, which comes from its settings, and the refusal to start without any key."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

from access.errors import KeysMissing
from access.key import ApiKey, Scope
from access.store import KeyStore
from access.token import Token
from config.errors import InvalidSetting
from config.settings import AccessSettings
from jobs.errors import StorageError

NAME = "first"


@dataclass(frozen=True, slots=True)
class FirstKey:
    """A key with all scopes that the settings name."""

    token: Token

    @classmethod
    def of(cls, settings: AccessSettings) -> Self | None:
        """The first key of a deployment; None if its settings have none.

        Raises:
            InvalidSetting: the text is not a key, or its file cannot be read.
        """
        name, text = "FACELINE_ACCESS__FIRST_KEY", None
        if settings.first_key is not None:
            text = settings.first_key.get_secret_value()
        elif settings.first_key_file is not None:
            name = "FACELINE_ACCESS__FIRST_KEY_FILE"
            try:
                text = settings.first_key_file.read_text(encoding="utf-8")
            except OSError as error:
                raise InvalidSetting(f"{name}: {settings.first_key_file}: {error.strerror}") from error
        if text is None or not text.strip():
            return None
        token = Token.parse(text.strip())
        if token is None:
            raise InvalidSetting(f"{name}: not an API key; `faceline keys generate` prints one")
        return cls(token)

    @property
    def id(self) -> str:
        """The id of the key."""
        return self.token.id

    def key(self, now: float) -> ApiKey:
        """The key as the store keeps it."""
        return ApiKey(id=self.id, name=NAME, digest=self.token.digest, scopes=frozenset(Scope), created_at=now)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def require_keys(store: KeyStore, settings: AccessSettings, host: str) -> None:
    """Check that an API which other machines reach has a key.

    Args:
        store: may have keys.
        settings: may have the first key, or open the API.
        host: the address on which the API is going to listen.

    Raises:
        KeysMissing: there is no key.
        InvalidSetting: the first key of the settings is not a key.
    """
    if is_loopback(host) or settings.open or FirstKey.of(settings) is not None:
        return
    try:
        if store.all():
            return
    except StorageError:
        # The API asks for keys also without knowing them, so it may wait for its store.
        return
    raise KeysMissing(
        f"other machines reach {host}, and there is no API key: create one with `faceline keys create NAME`, "
        "or let every caller in with --open"
    )
