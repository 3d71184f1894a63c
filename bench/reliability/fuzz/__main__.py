"""`python -m bench.reliability.fuzz`: fuzzes images, samples, archives, references and the API; 1 after a crash.

The last part opens slow connections beside a caller, who must not be kept out.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from secrets import randbelow
from tempfile import gettempdir

from bench.reliability.fuzz.api import fuzz_api, own_stack
from bench.reliability.fuzz.fuzzing import TARGETS, Fuzzing, Outcome, keep, replay
from bench.reliability.slow_clients import crowd

API, SLOW_CLIENTS = "api", "slow-clients"
PARTS = (*TARGETS, API, SLOW_CLIENTS)
SHARES = {**dict.fromkeys(TARGETS, 1), API: 8, SLOW_CLIENTS: 2}
"""Of the time, by part."""
DRIPPING, IDLE = 200, 1100
"""Slow connections of each kind."""
CRASHES = Path(gettempdir()) / "faceline-crashes"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and give its exit code."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m bench.reliability.fuzz", description=summary)
    parser.add_argument("--seconds", type=float, default=60, help="of all parts together, without the start of a stack")
    parser.add_argument("--seed", type=int, help="of the inputs; by default a new one, which is printed")
    parser.add_argument("--part", action="append", choices=PARTS, help="some parts only")
    parser.add_argument("--crashes", type=Path, default=CRASHES, help="the folder for inputs that crash")
    parser.add_argument("--replay", nargs="+", type=Path, metavar="FILE", help="give targets these inputs, and end")
    parser.add_argument("--in-this-process", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.replay:
        for path in given.replay:
            replay(path)
        return 0
    seed = randbelow(10**6) if given.seed is None else given.seed
    parts = given.part or PARTS
    if given.in_this_process:
        outcome = Fuzzing(TARGETS[parts[0]](), given.crashes).run(given.seconds, seed)
        print(json.dumps(asdict(outcome)))
        return 0
    print(f"seed {seed}, crashes in {given.crashes}", flush=True)
    share_s = given.seconds / sum(SHARES[part] for part in parts)
    failed = [part for part in parts if part in TARGETS and not _fuzz(part, share_s, seed, given.crashes)]
    if API in parts or SLOW_CLIENTS in parts:
        with own_stack() as url:
            if API in parts and not fuzz_api(url, share_s * SHARES[API], seed, given.crashes):
                failed.append(API)
            if SLOW_CLIENTS in parts and not _open_slowly(url, share_s * SHARES[SLOW_CLIENTS]):
                failed.append(SLOW_CLIENTS)
    print(f"failed: {', '.join(failed)}" if failed else "no crash")
    return 1 if failed else 0


def _open_slowly(url: str, seconds: float) -> bool:
    """Open slow connections to an API. Gives whether all were opened, and a caller beside them always got an answer."""
    _, most_files = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (most_files, most_files))
    seen = asyncio.run(crowd(url, DRIPPING, IDLE, seconds))
    print(f"slow clients: {seen}", flush=True)
    return not seen.shut_out and not seen.not_opened


def _fuzz(name: str, seconds: float, seed: int, crashes: Path) -> bool:
    """Fuzz a target in a process of its own: an input may end the process. Gives whether nothing crashed."""
    # `-P`: modules of the working directory are not imported instead of installed ones.
    command = [sys.executable, "-P", "-m", "bench.reliability.fuzz", "--in-this-process", "--part", name]
    command += ["--seconds", str(seconds), "--seed", str(seed), "--crashes", str(crashes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        trying = crashes / f"{name}.trying"
        crash = keep(crashes, name, trying.read_bytes()) if trying.exists() else None
        print(f"{name}: the process ended with {done.returncode}, at {crash}\n{done.stderr[-3000:]}", flush=True)
        return False
    outcome = Outcome(**json.loads(done.stdout))
    print(
        f"{name}: {outcome.tried} inputs, {outcome.refused} refused, slowest {outcome.slowest_s * 1000:.0f} ms, "
        f"peak {outcome.peak_mb} MB",
        flush=True,
    )
    if outcome.error:
        print(f"{name}: crash, kept in {outcome.crash}\n{outcome.error}", flush=True)
    return not outcome.error


if __name__ == "__main__":
    sys.exit(main())
