"""The threads in which an API process submits jobs."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar, TypeVarTuple

SWITCH_S = 0.0005
"""How long a thread of the process may keep the others waiting for the Python interpreter.

By default it is 5 ms. A request needs the interpreter a dozen times, so it would be delayed by 60 ms."""

Args = TypeVarTuple("Args")
Prepared = TypeVar("Prepared")
Result = TypeVar("Result")


class SubmissionThread:
    """The one thread of a process that parses, keeps and sends jobs, and a second one that prepares large requests.

    Sending blocks, so the event loop cannot do it; several threads would be slower than one, as they would wait for
    each other (docs/decisions/0011). A request that takes long to parse and check does so in the second thread:
    otherwise all others would wait for it (docs/decisions/0017).

    Its creation sets how soon all threads of the process hand over the interpreter: `SWITCH_S`.
    """

    def __init__(self) -> None:
        sys.setswitchinterval(SWITCH_S)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="submission")
        self._preparation = ThreadPoolExecutor(max_workers=1, thread_name_prefix="preparation")

    async def run(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call a function in the thread, with the context variables of the caller."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, copy_context().run, function, *args)

    async def prepare_and_send(
        self, light: bool, prepare: Callable[[], Prepared], send: Callable[[Prepared], Result]
    ) -> Result:
        """Prepare a job and send it.

        Args:
            light: whether preparing takes little time; otherwise the second thread does it.
            prepare: parses and checks a request.
            send: keeps and sends what was prepared.
        """
        if light:
            return await self.run(lambda: send(prepare()))
        loop = asyncio.get_running_loop()
        prepared = await loop.run_in_executor(self._preparation, copy_context().run, prepare)
        return await self.run(send, prepared)

    async def close(self) -> None:
        """Finish what was submitted."""
        await asyncio.to_thread(self._preparation.shutdown)
        await asyncio.to_thread(self._thread.shutdown)
