"""Fuzzes the routes of a running stack with schemathesis, from its own OpenAPI document."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from config.settings import load_settings
from embedded.stack import running_stack

JOBS_AND_BATCHES = "^/(v1/)?(jobs|batches)"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "use_after_free",
    "ensure_resource_availability",
)
"""Not among them: whether the API accepts exactly what its document allows. A schema cannot say, for example, which
services need which fields."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of schemathesis. Each has a time of its own: in one run of all, coverage takes all the time.

    Attributes:
        phases: coverage: limits and wrong values of each parameter; fuzzing: random requests; stateful: chains.
        share: of the time.
        others: requests go to the routes that are neither of jobs nor of batches, instead of to those.
    """

    phases: str
    share: int
    others: bool = False


RUNS = (
    Run("examples,coverage", 2),
    Run("fuzzing", 1),
    Run("stateful", 1),
    Run("examples,coverage", 2, others=True),
    Run("fuzzing", 1, others=True),
)
LEAST_S = 8.0
"""The least time of a run: it reads the document first, and the first chain of requests needs some time too."""
_TOO_SHORT = "No test cases were generated"


@contextmanager
def own_stack() -> Iterator[str]:
    """Starts a stack with one worker, gives the URL of its API, and stops it at the end.

    Raises:
        WeightsMissing: a model has not been pulled.
        StackFailed: a process does not start.
    """
    with TemporaryDirectory(prefix="faceline-fuzz-") as folder, TemporaryFile("w+") as log:
        settings = load_settings().model_copy(update={"data_dir": Path(folder), "embedded_workers": 1})
        with running_stack(settings, "127.0.0.1", 0, log) as stack:
            yield stack.url


def fuzz_api(url: str, seconds: float, seed: int, crashes: Path) -> bool:
    """Fuzz a running deployment, and print what was found. Gives whether requests were made and nothing was found.

    Args:
        url: of its API.
        seconds: about how long.
        seed: of the requests.
        crashes: the folder for the requests that failed: `schemathesis replay` repeats them.
    """
    share_s = seconds / sum(run.share for run in RUNS)
    good = [_run(url, run, max(LEAST_S, run.share * share_s), seed, crashes) for run in RUNS]
    # On a busy machine the time of one run may end before its first request.
    return False not in good and True in good


def _run(url: str, run: Run, seconds: float, seed: int, crashes: Path) -> bool | None:
    """Whether nothing was found; None if no request was made in time."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/openapi.json"]
    command += ["--exclude-path-regex" if run.others else "--include-path-regex", JOBS_AND_BATCHES]
    command += ["--checks", ",".join(CHECKS), "--continue-on-failure", "--phases", run.phases]
    command += ["--seed", str(seed), "--max-time", str(round(seconds))]
    command += ["--generation-database", "none", "--warnings", "off", "--request-timeout", "70"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "bench.reliability.fuzz.api_hooks"}
    crashes.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=crashes, env=environment, capture_output=True, text=True, check=False)
    made, links = re.search(r"[1-9]\d* generated.*", done.stdout), re.search(r"API Links: *(\d+ covered)", done.stdout)
    seen = [made[0] if made else "no request was made", *([f"links: {links[1]}"] if links else [])]
    print(f"api, {'other routes' if run.others else 'jobs and batches'}, {run.phases}: {', '.join(seen)}", flush=True)
    if made is None and _TOO_SHORT in done.stdout:
        return None
    if done.returncode or made is None:
        print(done.stdout + done.stderr, flush=True)
        return False
    return True
