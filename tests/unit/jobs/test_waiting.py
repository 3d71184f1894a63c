"""The hub on a stream in memory; on the real one it is tested with the deployments."""

import asyncio
from collections.abc import Iterable
from queue import Empty, Queue
from threading import current_thread
from time import monotonic

from jobs.errors import StorageError
from jobs.waiting import WaitHub


class MemoryStream:
    """Hands out what is put into it; an error is raised instead."""

    def __init__(self, *reads: list[str] | StorageError) -> None:
        self.reads: Queue[list[str] | StorageError] = Queue()
        for read in reads:
            self.reads.put(read)

    def seek_end(self) -> None:
        """There is nothing to pass over."""

    def read(self, wait_s: float) -> list[str]:
        try:
            read = self.reads.get(timeout=wait_s)
        except Empty:
            return []
        if isinstance(read, StorageError):
            raise read
        return read


def woken(stream: MemoryStream, watched: Iterable[str], *, put: list[str] | StorageError) -> set[str]:
    """Who of those who watch is woken within two seconds by what the stream brings."""

    async def run() -> set[str]:
        hub = WaitHub(stream, read_s=0.05)
        try:
            await asyncio.sleep(0.3)  # those who watch from the start are woken once, to look
            up: set[str] = set()

            async def wait(job_id: str) -> None:
                with hub.watch(job_id) as watch:
                    if await watch.wait(monotonic() + 2):
                        up.add(job_id)

            waiting = [asyncio.create_task(wait(job_id)) for job_id in watched]
            await asyncio.sleep(0)
            stream.reads.put(put)
            await asyncio.gather(*waiting)
            assert not hub._waiting, "who has gone is not waited for"
            return up
        finally:
            await hub.close()

    return asyncio.run(run())


def test_a_job_that_ends_wakes_those_who_wait_for_it_and_nobody_else() -> None:
    assert woken(MemoryStream(), ["a", "b"], put=["x", "a"]) == {"a"}


def test_when_the_store_was_away_everybody_looks_again() -> None:
    assert woken(MemoryStream(), ["a", "b"], put=StorageError("away")) == {"a", "b"}


def test_what_is_to_be_called_when_a_job_is_over_is_called_once_before_the_signal() -> None:
    async def run() -> None:
        stream, calls = MemoryStream(), list[str]()
        hub = WaitHub(stream, read_s=0.05)
        try:
            with hub.watch("a", "b") as watch:
                first = watch.when_over("a", lambda: calls.append(current_thread().name))
                other = watch.when_over("b", lambda: calls.append("b"))
                stream.reads.put(["a", "a"])
                while not first.done():
                    assert await watch.wait(monotonic() + 30)
                assert (calls, other.done()) == (["wait-hub"], False)
            assert not hub._calls
        finally:
            await hub.close()

    asyncio.run(run())


def test_a_call_that_fails_or_is_canceled_disturbs_no_other() -> None:
    def fail() -> None:
        raise StorageError("away")

    async def run() -> None:
        stream = MemoryStream()
        hub = WaitHub(stream, read_s=0.05)
        try:
            with hub.watch("a", "b", "c") as watch:
                failed = watch.when_over("a", fail)
                canceled = watch.when_over("b", fail)
                good = watch.when_over("c", lambda: "done")
                assert canceled.cancel()
                stream.reads.put(["a", "b", "c"])
                while not good.done():
                    assert await watch.wait(monotonic() + 30)
                assert isinstance(failed.exception(), StorageError)
                assert (canceled.cancelled(), good.result()) == (True, "done")
        finally:
            await hub.close()

    asyncio.run(run())


def test_whoever_follows_a_job_twice_leaves_nothing_behind() -> None:
    async def run() -> None:
        hub = WaitHub(MemoryStream(), read_s=0.05)
        try:
            with hub.watch("a", "b") as watch:
                watch.follow("a")
            assert not hub._waiting
        finally:
            await hub.close()

    asyncio.run(run())
