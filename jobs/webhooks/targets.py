"""`Targets`: which URLs and addresses webhooks may reach.

Callers choose the URLs, and the messages are sent from inside the network of the deployment. So the targets are public
addresses, unless the deployment allows others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = ip_network("64:ff9b::/96")
"""Addresses of IPv4 hosts in an IPv6 network (RFC 6052)."""
COMPATIBLE = ip_network("::/96")
"""Addresses of IPv4 hosts, as they were written once (RFC 4291, section 2.5.5.1)."""
GLOBAL_UNICAST = ip_network("2000::/3")
"""All public IPv6 addresses (RFC 4291, section 2.4); NAT64 and mapped ones are judged by the IPv4 address in them."""
SPECIAL = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("3fff::/20"))
"""Networks for special purposes (RFC 6890 and the registries of IANA) that Python 3.11 counts as public."""
METADATA = frozenset({ip_address("168.63.129.16")})
"""Addresses that look public, and at which a cloud answers its own machines only."""


class TargetRefused(ValueError):
    """Webhooks may not reach a URL or an address. The message has no part of the URL."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a deployment.

    Attributes:
        names: host names that are allowed whatever they resolve to, also over http.
        networks: networks that are allowed though they are not public.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, allowed: Iterable[str]) -> Self:
        """The targets that a setting allows beside public addresses: names, addresses and networks."""
        names, networks = set(), []
        for text in allowed:
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError:
                names.add(text.lower().rstrip("."))
        return cls(frozenset(names), tuple(networks))

    def check_url(self, url: str) -> None:
        """Check a URL before it is resolved.

        Raises:
            TargetRefused: it is no URL of a web server, has a user, or names a target that is not allowed.
        """
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise TargetRefused("not a URL") from None
        if not host or not url.isprintable() or " " in url:
            raise TargetRefused("not a URL")
        if parts.username is not None:
            raise TargetRefused("a URL with a user or a password is not allowed")
        self.check(parts.scheme, host)
        if address := _address(host):
            self.check_addresses(host, [address])

    def check(self, scheme: str, host: str) -> None:
        """Check the scheme of a URL.

        Args:
            scheme: of the URL.
            host: of the URL, a name or an address without brackets.

        Raises:
            TargetRefused: it is neither https nor, for an allowed host, http.
        """
        address = _address(host)
        allowed = self._allows_name(host) or (address is not None and self._in_networks(address))
        if scheme != "https" and not (scheme == "http" and allowed):
            raise TargetRefused("only https is allowed")

    def check_addresses(self, host: str, addresses: Sequence[Address]) -> None:
        """Check all addresses that a host has resolved to.

        Raises:
            TargetRefused: one of them is neither public nor allowed, or there are none.
        """
        if not addresses:
            raise TargetRefused("the host has no address")
        if self._allows_name(host):
            return
        for address in addresses:
            if not self._in_networks(address) and not all(_is_public(meant) for meant in _meanings(address)):
                raise TargetRefused("the host is not on a public address")

    def _allows_name(self, host: str) -> bool:
        return host.lower().rstrip(".") in self.names

    def _in_networks(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _meanings(address: Address) -> Iterator[Address]:
    """An address, and the IPv4 addresses that are written in it."""
    yield address
    if isinstance(address, IPv6Address):
        last = IPv4Address(int(address) & 0xFFFFFFFF)
        if address in NAT64 or address in COMPATIBLE:
            yield last
        yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))


def _is_public(address: Address) -> bool:
    # Python counts an IPv4-mapped address as not public or public by its version; the address that it means decides.
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or address in NAT64:
            return True
        if address not in GLOBAL_UNICAST:
            return False
    special = address in METADATA or any(address in network for network in SPECIAL)
    return address.is_global and not address.is_multicast and not special
