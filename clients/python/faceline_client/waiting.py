"""What the two clients do differently: they wait, and read files, with and without an event loop."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


async def sleep_async(seconds: float) -> None:
    """Wait, while other tasks run."""
    await asyncio.sleep(seconds)


def sleep_sync(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def in_thread_async(function: Callable[[], Value]) -> Value:
    """The value of a function that blocks, such as one that reads a file; other tasks run meanwhile."""
    return await asyncio.to_thread(function)


def in_thread_sync(function: Callable[[], Value]) -> Value:
    """The value of a function."""
    return function()
