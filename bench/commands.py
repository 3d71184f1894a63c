"""`faceline bench`: measures the speed and the recognition quality of the services on your machine and your photos."""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import cv2
import typer
from rich.console import Console
from rich.markup import escape

from bench.accuracy.calibrate import calibrate
from bench.accuracy.figures import Figure, to_markdown
from bench.accuracy.kit import Kit
from bench.accuracy.predictor import Predictor
from bench.accuracy.run import TASKS, measured, save
from bench.accuracy.thresholds import measured_thresholds
from bench.speed.__main__ import PARTS
from bench.speed.__main__ import main as measure_speed
from config.errors import FacelineError
from config.settings import load_settings
from models.catalogue import services
from models.runtime.loaded import LoadedModels

app = typer.Typer(help="Measure speed and recognition quality.", no_args_is_help=True, add_completion=False)

ExistingFolder = typer.Option(exists=True, file_okay=False, help="A labelled kit; docs/accuracy.md has its layout.")


@app.command("speed")
def speed_command(
    part: Annotated[list[str] | None, typer.Option(help=f"Some parts only: {', '.join(PARTS)}.")] = None,
    seconds: Annotated[float, typer.Option(help="Of each measurement, about.")] = 5.0,
) -> None:
    """Measure throughput, latency and cost through the API and the queue, beside the bare loop of the same run."""
    chosen = [argument for name in part or [] for argument in ("--part", name)]
    raise typer.Exit(measure_speed([*chosen, "--seconds", str(seconds)]))


@app.command("accuracy")
def accuracy_command(
    kit: Annotated[Path, ExistingFolder],
    half: Annotated[str, typer.Option(help="The half of the kit; tune on one, claim on the other.")] = "dev",
    task: Annotated[list[str] | None, typer.Option(help=f"Some tasks only: {', '.join(TASKS)}.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Written as .md and .json.", show_default="bench/results/accuracy-HALF[-TASKS]"),
    ] = None,
) -> None:
    """Run the services on a labelled kit, and print and save how good their answers are."""
    console = Console(stderr=True)
    chosen = task or []
    file = out or Path("bench", "results", "-".join(["accuracy", half, *chosen]) + ".md")
    report: dict[str, list[Figure]] = {}
    try:
        predictor = _predictor()
        opened = Kit(kit, half)
        started = perf_counter()
        for name, figures in measured(opened, predictor, chosen):
            report[name] = figures
            console.print(f"{name}: {len(figures)} figures, {perf_counter() - started:.0f} s", highlight=False)
    except FacelineError as error:
        _fail(console, error)
    typer.echo(to_markdown(report))
    for written in save(report, opened, predictor, file):
        console.print(f"written: {written}", highlight=False)


@app.command("thresholds")
def thresholds_command(
    kit: Annotated[Path, ExistingFolder],
    half: Annotated[str, typer.Option(help="The half of the kit to choose on.")] = "dev",
    out: Annotated[
        Path | None,
        typer.Option(help="Written as .md and .json.", show_default="bench/results/thresholds-HALF"),
    ] = None,
) -> None:
    """Choose thresholds by cross-validation over a labelled kit, and compare them with those in use."""
    console = Console(stderr=True)
    try:
        predictor = _predictor()
        opened = Kit(kit, half)
        report = dict(measured_thresholds(opened, predictor))
    except FacelineError as error:
        _fail(console, error)
    typer.echo(to_markdown(report))
    for written in save(
        report, opened, predictor, out or Path("bench", "results", f"thresholds-{half}.md"), "Thresholds"
    ):
        console.print(f"written: {written}", highlight=False)


@app.command("calibrate")
def calibrate_command(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Has a folder of photos per person, or labels.csv."),
    ],
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="The file for the table, if not printed.")] = None,
) -> None:
    """Measure how often faces are confused at which distance: the table that verify-matcher reads."""
    try:
        table = calibrate(folder, _predictor())
    except FacelineError as error:
        _fail(Console(stderr=True), error)
    if out:
        out.write_text(table, encoding="utf-8")
    else:
        typer.echo(table, nl=False)


def _predictor() -> Predictor:
    # OpenCV's own threads would compete with those of the predictor; workers do the same.
    cv2.setNumThreads(1)
    settings = load_settings()
    sessions = LoadedModels(services(settings.modules), settings.weights_dir, settings.engine, settings.options)
    return Predictor(sessions.session, settings.worker_threads, sessions.unload)


def _fail(console: Console, error: FacelineError) -> None:
    console.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from error
