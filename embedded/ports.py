"""Ports that no process of this machine listens on."""

import socket
from random import SystemRandom

CHOSEN = range(20_000, 32_000)
"""Below the ports that systems give to connections: none of those takes a port before its server listens on it."""


def free_port(host: str = "127.0.0.1") -> int:
    """A free port.

    Raises:
        OSError: this machine does not have the address of the host.
    """
    return free_ports(1, host)[0]


def free_ports(count: int, host: str = "127.0.0.1") -> range:
    """Free ports in a row.

    Raises:
        OSError: this machine does not have the address of the host.
    """
    check_port(host, 0)
    while True:
        first = SystemRandom().randrange(CHOSEN.start, CHOSEN.stop - count)
        ports = range(first, first + count)
        try:
            for port in ports:
                check_port(host, port)
        except OSError:
            continue
        return ports


def check_port(host: str, port: int) -> None:
    """Check that a server can listen on a port.

    Raises:
        OSError: another process listens on it, it is reserved, or this machine does not have the address of the host.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
