"""The body of a batch as it comes in: it must not stall, and a digest of it tells a repeated request from another."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from hashlib import sha256

from jobs.errors import UploadStalled


class BatchBody:
    """The body of one request. It is read once.

    Args:
        parts: as they come in.
        patience_s: how long the next part may take.
        with_digest: whether the digest will be needed.
    """

    def __init__(self, parts: AsyncIterator[bytes], patience_s: float, *, with_digest: bool = False) -> None:
        self._parts = parts
        self._patience_s = patience_s
        self._hash = sha256() if with_digest else None

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """The parts as they come in.

        Raises:
            UploadStalled: no part came for too long.
        """
        while True:
            try:
                async with asyncio.timeout(self._patience_s):
                    part = await anext(self._parts, None)
            except TimeoutError as error:
                message = f"nothing of the body came for {self._patience_s:g} s: send the batch again"
                raise UploadStalled(message) from error
            if part is None:
                return
            if self._hash:
                self._hash.update(part)
            yield part

    async def discard(self) -> None:
        """Read the body for its digest alone.

        Raises:
            UploadStalled: no part came for too long.
        """
        async for _ in self.parts():
            pass

    @property
    def digest(self) -> str:
        """SHA-256 of what was read so far, in hex; empty if it is not needed."""
        return self._hash.hexdigest() if self._hash else ""
