"""Faults inside a worker that no signal can cause. Python imports this file before anything else.

The folder of this file is on the PYTHONPATH of a stack under test, and `SABOTAGE` names a folder for its notes. What
is tested knows nothing of it. Only workers are changed:

- A photo that contains `POISON` kills its process with a segmentation fault when it is decoded, as a fault in a native
  library does.
- The first worker that starts while the folder has a file `clock-skew` takes that file. Its `time.time` is wrong by
  the seconds in the file until it ends. The time of C libraries does not change.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

POISON = b"faceline-poison"
"""In the bytes of a photo, within its first `SEARCHED` bytes."""
SEARCHED = 1024


class _PoisonedDecoder(MetaPathFinder):
    """Finds cv2, and replaces its decoder once it is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name == "cv2" else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            module.imdecode = _fatal_for_poison(module.imdecode)  # type: ignore[attr-defined]

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _fatal_for_poison(decode: Callable[..., Any]) -> Callable[..., Any]:
    def imdecode(data: Any, *arguments: Any) -> Any:
        if POISON in data[:SEARCHED].tobytes():
            os.kill(os.getpid(), signal.SIGSEGV)
            time.sleep(1)  # the signal arrives before this ends
        return decode(data, *arguments)

    return imdecode


def _skew_clock(note: Path) -> None:
    taken = note.with_name(f"{note.name}-{os.getpid()}")
    try:
        note.rename(taken)
    except FileNotFoundError:
        return
    offset_s = float(taken.read_text())
    right = time.time
    time.time = lambda: right() + offset_s


def _is_worker() -> bool:
    return "embedded.process" in sys.orig_argv and "worker" in sys.orig_argv


if "SABOTAGE" in os.environ and _is_worker():
    _skew_clock(Path(os.environ["SABOTAGE"], "clock-skew"))
    sys.meta_path.insert(0, _PoisonedDecoder())
