import asyncio
from threading import Event

from jobs.submission_thread import SubmissionThread


def test_a_heavy_request_does_not_keep_light_ones_waiting() -> None:
    sent: list[str] = []
    light_was_sent = Event()

    def prepare_heavy() -> str:
        assert light_was_sent.wait(30)
        return "heavy"

    async def both() -> None:
        thread = SubmissionThread()
        heavy = asyncio.ensure_future(thread.prepare_and_send(False, prepare_heavy, sent.append))
        await thread.prepare_and_send(True, lambda: "light", sent.append)
        light_was_sent.set()
        await heavy
        await thread.close()

    asyncio.run(both())
    assert sent == ["light", "heavy"]
