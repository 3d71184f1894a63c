"""Where the API is, and the key that it asks for."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "FACELINE_URL"
KEY_VARIABLE = "FACELINE_KEY"


@dataclass(frozen=True, slots=True)
class Address:
    """The address of an API.

    Attributes:
        url: with its scheme.
        key: the API key; None if the deployment asks for none.
    """

    url: str
    key: str | None

    @classmethod
    def of(cls, url: str | None, key: str | None) -> "Address":
        """The address that a caller gives, or that the environment has in `FACELINE_URL` and `FACELINE_KEY`.

        Raises:
            ValueError: the URL has no scheme or no host.
        """
        address = cls(
            (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/"),
            key or os.environ.get(KEY_VARIABLE) or None,
        )
        parts = urlsplit(address.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{address.url} is no address of an API: give one as http://host:8000")
        return address

    @property
    def headers(self) -> dict[str, str]:
        """The headers of all requests."""
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}

    @property
    def through_proxy(self) -> bool:
        """Whether requests go through the proxy of the environment: not on this machine."""
        return urlsplit(self.url).hostname not in ("localhost", "127.0.0.1", "::1")
