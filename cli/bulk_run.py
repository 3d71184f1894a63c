"""`faceline bulk` once its command line is understood: find whom to hand the work to, run, show how it goes."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from rich.console import Console

from broker.queues import Placement
from bulk.estimate import count, estimate
from bulk.output.folder import Output
from bulk.perform import Crew, Request, perform
from bulk.sources import Source
from cli.bulk_executors import api_crew, deployed_crew, embedded_crew, make_validator
from cli.bulk_progress import Bar
from config.settings import Settings, load_settings
from jobs.job import OnError


@dataclass(frozen=True, slots=True)
class Deployment:
    """The deployment that a user named; one is started if that is none.

    Attributes:
        url: of its API.
        redis_url: of its store.
    """

    url: str | None
    redis_url: str | None


def run(
    request: Request,
    out: Path,
    where: Deployment,
    asked: Sequence[str],
    on_error: OnError,
    max_in_flight: int | None,
    console: Console,
) -> int:
    """Run to the end, and give how many photos failed.

    Raises:
        FacelineError: it cannot begin, or go on; see `perform`.
    """
    settings = _settings(where)
    output = Output(out)
    with (
        output.taken(),
        _crew(settings, where, asked, on_error, request.source, out) as crew,
        Bar(console, crew.watch, partial(count, request)) as bar,
    ):
        record = perform(request, output, crew, max_in_flight or crew.max_in_flight, bar)
    counts = record.counts
    assert counts is not None, "a run that ends well has counted"
    console.print(
        f"[green]✓[/] {counts['inputs']} photos, {counts['rows']} rows, {counts['failed']} failed: {out}",
        highlight=False,
    )
    return int(counts["failed"])


def rehearse(
    request: Request, out: Path, where: Deployment, asked: Sequence[str], on_error: OnError, console: Console
) -> None:
    """Count, look at the first photos and estimate.

    Raises:
        FacelineError: the source, the services or the settings make no run.
    """
    settings = _settings(where)
    validator = make_validator(settings, asked, on_error, Placement(co_locate=True))
    own = where == Deployment(None, None)
    found = estimate(request, validator, settings if own else None)
    done = len(Output(out).done())
    console.print(f"{found.inputs} photos in {found.chunks} chunks, {done} of them done", highlight=False)
    for photo, failure in found.failed:
        console.print(f"[yellow]{photo.name}[/]: {failure.message}", highlight=False, soft_wrap=True)
    if found.seconds is not None:
        left = found.seconds * max(0, 1 - done / max(found.chunks, 1))
        console.print(f"about {timedelta(seconds=round(left))} on this machine", highlight=False)


def _settings(where: Deployment) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"redis_url": where.redis_url}) if where.redis_url else settings


def _crew(
    settings: Settings, where: Deployment, asked: Sequence[str], on_error: OnError, source: Source, out: Path
) -> AbstractContextManager[Crew]:
    if where.url:
        return api_crew(where.url, settings, asked, on_error)
    if where.redis_url:
        return deployed_crew(settings, asked, on_error)
    return embedded_crew(settings, asked, on_error, source.roots, out)
