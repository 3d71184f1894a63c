import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.bodies import YIELDS_AFTER_S, Bodies, Body, BodyRoom
from config.settings import LimitSettings
from jobs.errors import Overloaded, UploadStalled

LIMITS = LimitSettings(body_s=0.2, body_bytes_per_s=1000, image_bytes=1, sample_bytes=1000)


class Slow:
    """A body that comes in parts, and then stops without an end."""

    def __init__(self, parts: Sequence[bytes], every_s: float = 0) -> None:
        self.parts = list(parts)
        self.every_s = every_s

    async def receive(self) -> Message:
        if not self.parts:
            await asyncio.Event().wait()
        await asyncio.sleep(self.every_s)
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}


async def read_all(body: Body) -> None:
    while body.coming:
        await body.receive()


def test_a_body_that_drips_is_ended_however_often_it_drips() -> None:
    source = Slow([b"x"] * 1000, every_s=0.01)
    with pytest.raises(UploadStalled, match="1000 bytes per second"):
        asyncio.run(read_all(Body(source.receive, LIMITS, None)))
    assert len(source.parts) > 500


def test_a_body_that_was_fast_may_not_stall_for_longer() -> None:
    async def timed() -> float:
        started = asyncio.get_running_loop().time()
        with pytest.raises(UploadStalled):
            await read_all(Body(Slow([b"x" * 100_000]).receive, LIMITS, None))
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(timed()) < 50  # 100 s of bytes came in at once


def test_time_in_which_the_app_does_not_read_does_not_count() -> None:
    async def slow_app() -> None:
        body = Body(Slow([b"x"] * 3).receive, LIMITS, None)
        for _ in range(3):
            await asyncio.sleep(0.15)
            await body.receive()

    asyncio.run(slow_app())


def answer(bodies: Bodies, headers: dict[str, str], source: Slow, path: str = "/jobs") -> asyncio.Future[int]:
    """Starts a request, and gives the status of its answer once there is one."""
    status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.set_result(message["status"])

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": raw}
    task = asyncio.ensure_future(bodies(scope, source.receive, send))
    task.add_done_callback(lambda ended: status.done() or status.set_exception(ended.exception() or AssertionError()))
    return status


async def reading_app(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["more_body"]:
        pass


PATIENT = LIMITS.model_copy(update={"body_s": 60, "open_bodies_bytes": 1000})
LONG = {"content-length": "600"}


def test_a_body_without_room_is_refused_before_it_is_read() -> None:
    async def two() -> None:
        bodies = Bodies(reading_app, PATIENT, streams="/batches")
        first, second = Slow([b"x"]), Slow([b"x"])
        held = answer(bodies, LONG, first)
        await asyncio.sleep(0)
        assert await answer(bodies, LONG, second) == 429
        assert second.parts == [b"x"]
        assert not held.done()
        answer(bodies, LONG, batch := Slow([b"x"]), path="/batches")
        await asyncio.sleep(0.01)
        assert batch.parts == []

    asyncio.run(two())


def test_a_body_that_has_been_coming_in_for_long_gives_way() -> None:
    async def two() -> None:
        bodies = Bodies(reading_app, PATIENT, streams="/batches")
        held = answer(bodies, LONG, Slow([b"x"]))
        await asyncio.sleep(0.01)
        (body,) = bodies._room._sizes
        body.since -= YIELDS_AFTER_S + 1
        second = Slow([b"x"])
        answer(bodies, LONG, second)
        with pytest.raises(Overloaded):
            await held
        assert second.parts == []

    asyncio.run(two())


def test_a_body_without_a_length_takes_room_as_it_comes_in() -> None:
    async def chunked() -> None:
        bodies = Bodies(reading_app, PATIENT, streams="/batches")
        source = Slow([b"x" * 400] * 5)
        with pytest.raises(Overloaded):
            await answer(bodies, {"transfer-encoding": "chunked"}, source)
        assert len(source.parts) == 2

    asyncio.run(chunked())


def test_the_room_of_a_request_is_free_once_it_is_answered() -> None:
    async def many() -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await send({"type": "http.response.start", "status": 204})

        bodies = Bodies(app, PATIENT, streams="/batches")
        for _ in range(10):
            assert await answer(bodies, LONG, Slow([b"x" * 600])) == 204
        assert bodies._room._free == 1000

    asyncio.run(many())


def test_the_oldest_body_gives_way_only_as_far_as_it_must() -> None:
    async def three() -> None:
        room = BodyRoom(1000)
        taken = [Body(Slow([]).receive, PATIENT, room) for _ in range(3)]
        for body in taken[:2]:
            body.reserve(400)
            body.since -= YIELDS_AFTER_S + 1
        taken[2].reserve(500)
        assert list(room._sizes) == taken[1:]

    asyncio.run(three())
