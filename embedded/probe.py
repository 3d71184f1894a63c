"""The probe of a worker, or of the process that sends webhooks.

`python -P -m embedded.probe` exits with 0 while the process works: it renews the file that FACELINE_ALIVE_FILE names.
With `--consuming` a worker must also take messages.
"""

import os
import sys
from pathlib import Path
from time import time

SILENCE_S = 30.0
"""A process that has not renewed its file for so long does not work: it does so every few seconds."""


def problem(path: Path, *, consuming: bool, now: float) -> str | None:
    """What is wrong with a process; None if it works.

    Args:
        path: of the file that the process renews.
        consuming: whether it is a worker, and must take messages.
        now: the time, in seconds since the epoch.
    """
    try:
        age_s, state = now - path.stat().st_mtime, path.read_text()
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    if age_s > SILENCE_S:
        return f"the process has not renewed {path} for {age_s:.0f} s"
    return "the worker takes no messages" if consuming and state != "consuming" else None


if __name__ == "__main__":
    sys.exit(problem(Path(os.environ["FACELINE_ALIVE_FILE"]), consuming="--consuming" in sys.argv[1:], now=time()))
