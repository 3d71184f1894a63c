import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from jobs.batches.body import BatchBody
from jobs.errors import UploadStalled


async def two_parts() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


async def stalled() -> AsyncIterator[bytes]:
    yield b"one"
    await asyncio.Event().wait()


def test_the_digest_is_that_of_the_whole_body_however_it_is_read() -> None:
    read, discarded, without = (BatchBody(two_parts(), 5, with_digest=digest) for digest in (True, True, False))

    async def consume() -> list[bytes]:
        await discarded.discard()
        await without.discard()
        return [part async for part in read.parts()]

    assert asyncio.run(consume()) == [b"one", b"two"]
    assert read.digest == discarded.digest == sha256(b"onetwo").hexdigest()
    assert without.digest == ""


def test_a_body_that_stalls_is_refused() -> None:
    with pytest.raises(UploadStalled, match=r"0\.05 s"):
        asyncio.run(BatchBody(stalled(), 0.05).discard())
