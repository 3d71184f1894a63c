"""A minimal HTTP client: it runs on the cores of the measured service, so it must take little CPU time."""

from socket import IPPROTO_TCP, TCP_NODELAY, create_connection
from urllib.parse import urlsplit

END_OF_HEAD = b"\r\n\r\n"
CONTENT_LENGTH = b"\r\ncontent-length:"


class Connection:
    """A connection to an HTTP/1.1 server that stays open.

    Args:
        url: the address of the server.
        timeout_s: the longest wait for an answer.
    """

    def __init__(self, url: str, timeout_s: float = 120) -> None:
        address = urlsplit(url)
        assert address.hostname
        assert address.port
        self._socket = create_connection((address.hostname, address.port), timeout_s)
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Sends a request made by `request`, and gives the body of the answer.

        Raises:
            Refused: the status of the answer is not 2xx.
            OSError: the connection broke.
        """
        self._socket.sendall(request)
        head, body = b"", b""
        while END_OF_HEAD not in head:
            head += self._read()
        head, _, body = head.partition(END_OF_HEAD)
        _, _, rest = head.lower().partition(CONTENT_LENGTH)
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
        """Closes the connection."""
        self._socket.close()

    def _read(self) -> bytes:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data


class Refused(Exception):
    """A server answered with an error, or a job failed."""


def request(
    method: str, path: str, body: bytes = b"", content_type: str = "application/json", key: str | None = None
) -> bytes:
    """The bytes of an HTTP request, with an API key or without."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}"
    if key is not None:
        head += f"\r\nAuthorization: Bearer {key}"
    return head.encode() + END_OF_HEAD + body
