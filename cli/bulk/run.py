"""Runs `faceline bulk` with its options: chooses the executor, runs, and shows the progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console

from bulk.estimate import estimate
from bulk.executors.executor import Executor
from bulk.inputs import Order
from bulk.output.folder import Output
from bulk.run import BulkRequest
from bulk.run import run as run_bulk
from bulk.sources import open_source
from bulk.validation import PhotoValidator, photo_validator
from cli.bulk.options import BulkOptions
from cli.bulk.progress import ProgressBar
from config.settings import Settings, load_settings
from jobs.reference import without_login


def run(options: BulkOptions, console: Console) -> int:
    """Run to the end, and give the number of photos that failed.

    Raises:
        FacelineError: the run cannot start or continue; see `bulk.run.run`.
    """
    request = _request(options)
    settings = _settings(options)
    validator = photo_validator(settings, options.services, options.on_error)
    output = Output(options.out)
    with (
        output.taken(),
        _executor(options, settings, validator, request) as executor,
        ProgressBar(console, request.count) as progress,
    ):
        max_in_flight = options.max_in_flight or executor.max_in_flight
        counts = run_bulk(request, validator, executor, output, max_in_flight, progress).counts
    assert counts is not None, "a complete run has counts"
    summary = f"{counts['inputs']} photos, {counts['rows']} rows, {counts['failed']} failed: {options.out}"
    console.print(f"[green]✓[/] {summary}", highlight=False)
    return int(counts["failed"])


def dry_run(options: BulkOptions, console: Console) -> None:
    """Count the photos, check the first ones, and estimate the time.

    Raises:
        FacelineError: the source, the services or the settings make no run.
    """
    request = _request(options)
    settings = _settings(options)
    validator = photo_validator(settings, options.services, options.on_error)
    on_this_machine = not (options.url or options.redis_url)
    found = estimate(request, validator, settings if on_this_machine else None)
    done = len(Output(options.out).done())
    console.print(f"{found.inputs} photos in {found.chunks} chunks, {done} of them done", highlight=False)
    for photo, failure in found.failed:
        console.print(f"[yellow]{photo.name}[/]: {failure.message}", highlight=False, soft_wrap=True)
    if found.seconds is not None:
        left = found.seconds * max(0, 1 - done / max(found.chunks, 1))
        console.print(f"about {timedelta(seconds=round(left))} on this machine", highlight=False)


def _request(options: BulkOptions) -> BulkRequest:
    source = options.source
    return BulkRequest(
        source=open_source(source, options.column),
        name=without_login(source) if "://" in source else str(Path(source).absolute()),
        column=options.column,
        order=Order(options.seed, options.limit, options.chunk),
        form=options.form,
        resume=options.resume,
    )


def _settings(options: BulkOptions) -> Settings:
    settings = load_settings()
    return settings.model_copy(update={"redis_url": options.redis_url}) if options.redis_url else settings


@contextmanager
def _executor(
    options: BulkOptions, settings: Settings, validator: PhotoValidator, request: BulkRequest
) -> Iterator[Executor]:
    """The executor that the options name; each is imported when it is used, since each needs other packages."""
    if options.url:
        from bulk.executors.http import http_executor

        with http_executor(options.url, validator) as over_http:
            yield over_http
    elif options.redis_url:
        from bulk.executors.queue import deployed_executor

        yield deployed_executor(settings, validator)
    else:
        from embedded.executor import embedded_executor

        with embedded_executor(settings, validator, request.source.roots, options.out) as embedded:
            yield embedded
