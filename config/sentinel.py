"""`SentinelUrl`: the URL of a server that Sentinels watch over: `redis+sentinel://one:26379,two:26379/faceline/0`."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("redis+sentinel", "rediss+sentinel")
"""The second one is with TLS, to the server and to the Sentinels."""

DEFAULT_PORT = 26379

_LOGIN = ("sentinel_username", "sentinel_password")
_TLS = ("ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """Where the Sentinels are, and what they and their server ask for.

    Attributes:
        sentinels: host and port of each.
        master: the name that the Sentinels have for the server and its replicas.
        db: the number of the database on the server.
        username: for the server.
        password: for the server.
        sentinel_username: for the Sentinels.
        sentinel_password: for the Sentinels.
        tls: the options of TLS by the names that redis-py has for them; None without TLS.
    """

    sentinels: tuple[tuple[str, int], ...]
    master: str
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    tls: dict[str, str] | None = None

    @staticmethod
    def is_one(url: str) -> bool:
        """Whether a URL has the scheme of Sentinels."""
        return url.partition("://")[0] in SCHEMES

    @classmethod
    def parse(cls, url: str) -> Self:
        """The parts of a URL.

        Raises:
            ValueError: it is not one of Sentinels.
        """
        scheme, _, rest = url.partition("://")
        if scheme not in SCHEMES:
            raise ValueError(f"must begin with {' or '.join(f'{known}://' for known in SCHEMES)}")
        # By hand: `urlsplit` refuses two hosts in brackets.
        rest, _, query = rest.partition("?")
        place, _, path = rest.partition("/")
        login, _, hosts = place.rpartition("@")
        username, _, password = login.partition(":")
        master, _, db = path.partition("/")
        if not master:
            raise ValueError("needs the name of the master: redis+sentinel://host:26379,host:26379/NAME/0")
        if db and not db.isdecimal():
            raise ValueError(f"the number of the database is not a number: {db}")
        options = dict(parse_qsl(query))
        tls = {name: options.pop(name) for name in _TLS if name in options}
        own = {name: options.pop(name) for name in _LOGIN if name in options}
        if options:
            raise ValueError(f"unknown options: {', '.join(sorted(options))}; known are {', '.join(_LOGIN + _TLS)}")
        with_tls = scheme == SCHEMES[1]
        if tls and not with_tls:
            raise ValueError(f"options of TLS need {SCHEMES[1]}://")
        return cls(
            sentinels=tuple(_address(host) for host in hosts.split(",")),
            master=unquote(master),
            db=int(db or 0),
            username=unquote(username) or None,
            password=unquote(password) or None,
            sentinel_username=own.get("sentinel_username"),
            sentinel_password=own.get("sentinel_password"),
            tls=tls if with_tls else None,
        )


def _address(text: str) -> tuple[str, int]:
    """Host and port; an IPv6 address is in brackets.

    Raises:
        ValueError: there is no host, or the port is not one.
    """
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("each Sentinel needs a host")
    port = parts.port
    if port == 0:
        raise ValueError("port 0 is not a port")
    return parts.hostname, port or DEFAULT_PORT
