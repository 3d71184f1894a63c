"""Gives a target inputs for a time, and keeps the input that made it fail as a file."""

import faulthandler
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import monotonic, process_time
from traceback import format_exc

from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.reliability.fuzz import archives, images, references, samples
from bench.reliability.fuzz.target import Target
from models.errors import InvalidRequest

TARGETS: Mapping[str, Callable[[], Target]] = {
    "images": images.target,
    "samples": samples.target,
    "archives": archives.target,
    "references": references.target,
}
"""Makes each target, by its name."""
MOST_S = 60.0
"""An input that takes longer ends its process: a crash."""
MOST_MB = 2000
"""Inputs for which the process needed so much more memory than before are a crash."""
ROUND = 200
"""So many inputs are made from one seed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a target did with its inputs.

    Attributes:
        tried: how many inputs it got.
        refused: how many of them it refused with `InvalidRequest`.
        slowest_s: the most processor time for an input.
        peak_mb: how much the most memory of the process has grown.
        error: the traceback of a crash; empty without one.
        crash: the smallest input that crashed; None without one.
    """

    tried: int
    refused: int
    slowest_s: float
    peak_mb: int
    error: str = ""
    crash: str | None = None


class Fuzzing:
    """Fuzzes one target in this process.

    Args:
        target: gets the inputs.
        crashes: the folder for the inputs that crash. The input that is being tried is there as `<target>.trying`: it
            is left if the process dies.
    """

    def __init__(self, target: Target, crashes: Path) -> None:
        self._target = target
        self._crashes = crashes
        self._trying = crashes / f"{target.name}.trying"
        self._tried = self._refused = 0
        self._slowest_s = 0.0
        self._failed: bytes | None = None

    def run(self, seconds: float, first_seed: int) -> Outcome:
        """Try inputs for a time; stop at the first crash, once its input is as small as hypothesis can make it."""
        self._crashes.mkdir(parents=True, exist_ok=True)
        before_mb = _peak_mb()
        ends, error, number = monotonic() + seconds, "", 0
        while monotonic() < ends and not error:
            error = self._round(first_seed * 1_000_000 + number, ends)
            number += 1
        self._trying.unlink(missing_ok=True)
        peak_mb = _peak_mb() - before_mb
        if not error and peak_mb > MOST_MB:
            error = f"the process needed {peak_mb} MB, more than {MOST_MB}"
        crash = str(keep(self._crashes, self._target.name, self._failed)) if self._failed is not None else None
        return Outcome(self._tried, self._refused, round(self._slowest_s, 3), peak_mb, error, crash)

    def _round(self, number: int, ends: float) -> str:
        """The traceback of a crash; empty without one."""

        @seed(number)
        @settings(
            max_examples=ROUND,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            report_multiple_bugs=False,
        )
        @given(self._target.inputs)
        def try_inputs(data: bytes) -> None:
            if self._failed is not None or monotonic() < ends:
                self.try_one(data)

        try:
            try_inputs()
        except Exception:  # noqa: BLE001 - every exception but `InvalidRequest` is a crash
            return format_exc()
        return ""

    def try_one(self, data: bytes) -> None:
        """Give the target an input.

        Raises:
            Exception: the target crashed.
        """
        self._trying.write_bytes(data)
        self._tried += 1
        faulthandler.dump_traceback_later(MOST_S, exit=True)
        began = process_time()
        try:
            self._target.run(data)
        except InvalidRequest:
            self._refused += 1
        except Exception:
            self._failed = data
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._slowest_s = max(self._slowest_s, process_time() - began)


def keep(crashes: Path, target: str, data: bytes) -> Path:
    """Write an input that crashed; its name begins with that of its target."""
    path = crashes / f"{target}-{sha256(data).hexdigest()[:12]}.bin"
    path.write_bytes(data)
    return path


def replay(path: Path) -> None:
    """Give a target an input that crashed before.

    Raises:
        ValueError: the name of the file begins with no target.
        Exception: it crashed again.
    """
    name = path.name.partition("-")[0]
    if name not in TARGETS:
        raise ValueError(f"{path.name}: the name of a crash begins with one of {', '.join(TARGETS)}, and a hyphen")
    try:
        TARGETS[name]().run(path.read_bytes())
    except InvalidRequest as error:
        print(f"{path.name}: refused, {error.type}: {error}")
    else:
        print(f"{path.name}: accepted")


def _peak_mb() -> int:
    """The most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # ru_maxrss of a process that was just started is that of the process that started it.
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
    return getrusage(RUSAGE_SELF).ru_maxrss // 2**20  # macOS counts bytes
