"""Deployments whose jobs wait or fail: workers that stand still, and a photo that does not decode."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from tests.integration.conftest import Deployment


@contextmanager
def frozen_workers(running: Deployment) -> Iterator[None]:
    """No worker runs, so jobs that are submitted meanwhile wait."""
    workers = running.stack.supervisor.pids("worker")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def damaged_png() -> bytes:
    """A whole PNG by its structure, whose pixels do not decode: the API takes it, and its job fails."""
    encoded = bytearray(cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))[1])
    start = encoded.index(b"IDAT") + 4
    encoded[start : start + 200] = bytes(200)
    return bytes(encoded)
