"""HTTP with as little work as there can be: whoever measures on the cores of the service must not use them up."""

from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from urllib.parse import urlsplit

END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


class Connection:
    """A connection to an HTTP/1.1 server that stays open.

    Args:
        url: of the server.
        timeout_s: for an answer.
    """

    def __init__(self, url: str, timeout_s: float = 120) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._socket = create_connection((address.hostname, address.port), timeout_s)
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request that `request` made, and give the body of its answer.

        Raises:
            Refused: the answer is no success.
            OSError: the connection broke.
        """
        self._socket.sendall(request)
        head, body = b"", b""
        while END not in head:
            head += self._read()
        head, _, body = head.partition(END)
        _, _, rest = head.lower().partition(LENGTH)
        length = int(rest.partition(b"\r\n")[0])
        parts, missing = [body], length - len(body)
        while missing > 0:
            parts.append(self._read())
            missing -= len(parts[-1])
        body = b"".join(parts)
        status = int(head.split(b" ", 2)[1])
        if not 200 <= status < 300:
            raise Refused(f"{status}: {body[:300].decode(errors='replace')}")
        return body

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self) -> bytes:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server hung up")
        return data


class Refused(Exception):
    """A server answered, but not with what was asked for."""


def request(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    """A request as it goes over the wire."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return head.encode() + END + body
