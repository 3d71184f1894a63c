"""Fuzzes the routes of jobs and batches of a running stack with schemathesis, from its own OpenAPI document."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from config.settings import load_settings
from embedded.stack import running_stack

ROUTES = "^/(v1/)?(jobs|batches)"
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
    """Fuzz a running deployment, and print what was found. Gives whether nothing was found.

    Args:
        url: of its API.
        seconds: about how long.
        seed: of the requests.
        crashes: the folder for the requests that failed: `schemathesis replay` repeats them.
    """
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color", "run", f"{url}/openapi.json"]
    command += ["--include-path-regex", ROUTES, "--checks", ",".join(CHECKS), "--continue-on-failure"]
    command += ["--seed", str(seed), "--max-time", str(max(1, round(seconds))), "--generation-database", "none"]
    command += ["--warnings", "off", "--request-timeout", "70"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "bench.reliability.fuzz.api_hooks"}
    crashes.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=crashes, env=environment, capture_output=True, text=True, check=False)
    summary = re.search(r"\d+ generated.*", done.stdout)
    print(f"api: {summary[0] if summary else 'no request was made'}", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0
