"""`faceline demo`: sends a photo through the whole stack, and shows the enriched sample."""

import json
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import cv2
import httpx
import typer
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table

from cli.compact import compact_json
from cli.exits import exit_on_error, interrupt_on_signals
from cli.weights import pull_with_progress
from config.errors import FacelineError
from config.settings import Settings, load_settings
from embedded.stack import running_stack
from models.imaging.decode import decode
from pipelines.dialects import DIALECTS
from pipelines.drawing import describe, draw_sample
from pipelines.sample import Sample

SERVICES = ["face-detector-face-fitter", "age-estimator", "gender-estimator", "emotion-estimator"]
POLL_S = 0.2
INTERRUPTED = 130

Photo = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A photo to use instead of the built-in one.")
]
Out = Annotated[Path, typer.Option(file_okay=False, help="The folder for the sample and the annotated photo.")]


def demo(photo: Photo = None, out: Out = Path("demo-output")) -> None:
    """Pull the weights, send a photo through four services on an embedded stack, and show the answer."""
    console = Console()
    chosen = photo or Path(str(files("cli") / "photos" / "astronaut.jpg"))
    interrupt_on_signals()
    try:
        with exit_on_error(console), _readable_errors():
            out.mkdir(parents=True, exist_ok=True)
            settings = load_settings()
            pull_with_progress(settings.weights_dir, console)
            answer = _run(console, settings, chosen, out)
            sample = DIALECTS["v2"].read(answer, None)
            _show(console, answer, sample)
            (out / "sample.json").write_text(json.dumps(answer, indent=1))
            cv2.imwrite(str(out / "annotated.jpg"), draw_sample(decode(chosen.read_bytes()), sample))
            console.print(f"written: {out / 'sample.json'}, {out / 'annotated.jpg'}")
    except KeyboardInterrupt:
        console.print("interrupted")
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _readable_errors() -> Iterator[None]:
    """Turns the errors of files into ours."""
    try:
        yield
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        raise DemoFailed(f"{place}{error.strerror or error}") from error


def _run(console: Console, settings: Settings, photo: Path, out: Path) -> dict[str, Any]:
    log_path = out / "stack.log"
    with tempfile.TemporaryDirectory(prefix="faceline-demo-") as data_dir, log_path.open("w") as log:
        # A queue for each family, so that the job has several stages to show.
        temporary = settings.model_copy(update={"data_dir": Path(data_dir), "co_locate": False})
        with (
            console.status(f"starting the stack (its log: {log_path}) …"),
            running_stack(temporary, "127.0.0.1", 0, log) as stack,
        ):
            console.print(f"[green]✓[/] the stack is up at {stack.url}")
            with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
                return _run_job(console, client, photo.read_bytes())


def _run_job(console: Console, client: httpx.Client, image: bytes) -> dict[str, Any]:
    sample = {"_image": {"blob": b64encode(image).decode(), "format": "IMAGE"}}
    response = client.post("/jobs", json={"services": SERVICES, "sample": sample})
    _raise_for(response)
    job = response.json()
    console.print(f"[green]✓[/] POST /jobs → {response.status_code}, job {job['id']}")
    shown = 0
    while True:
        job = client.get(f"/jobs/{job['id']}", params={"wait": POLL_S}).json()
        done = [stage for stage in job["stages"] if stage["status"] in ("succeeded", "failed")]
        for stage in done[shown:]:
            mark = "[green]✓[/]" if stage["status"] == "succeeded" else "[red]✗[/]"
            console.print(f"{mark} {stage['service']:28} {stage['ms']:7.1f} ms  on queue {stage['queue']}")
        shown = len(done)
        if job["status"] not in ("queued", "running"):
            break
    if job["status"] != "succeeded":
        raise DemoFailed(f"the job is {job['status']}: {(job.get('error') or {}).get('message', 'no reason given')}")
    result: dict[str, Any] = job["result"]
    return result


def _show(console: Console, answer: dict[str, Any], sample: Sample) -> None:
    console.rule("the enriched sample")
    console.print(JSONHighlighter()(compact_json(answer, console.width)))
    table = Table("id", "confidence", "gender, age", "emotion", "head")
    for found in sample.objects:
        table.add_row(str(found.id), f"{found.confidence or 0:.2f}", *describe(found))
    console.print(table)


def _raise_for(response: httpx.Response) -> None:
    if response.is_error:
        raise DemoFailed(f"{response.request.method} {response.request.url.path}: {response.text}")


class DemoFailed(FacelineError):
    """The API refused the photo, the job failed, or a file cannot be read or written."""

    type = "demo_failed"
