"""Runs `faceline bulk` with its options: chooses the executor, runs, and shows the progress."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from typer import BadParameter

from bulk.errors import ExecutorLost
from bulk.estimate import estimate
from bulk.executors.executor import Executor
from bulk.inputs import Order
from bulk.output.folder import Output
from bulk.output.record import RunRecord, recorded_models
from bulk.passed_over import PassedOver
from bulk.pictures import PictureFolder
from bulk.run import BulkRequest, completed, used_names
from bulk.run import run as run_bulk
from bulk.sources import open_source
from bulk.text import printable
from bulk.validation import PhotoValidator, photo_validator
from cli.bulk.options import BulkOptions
from cli.bulk.progress import ProgressBar
from cli.exits import suggestion
from config.settings import Settings, load_settings
from jobs.errors import StorageError
from jobs.reference import without_login
from models.catalogue import services
from models.weights.cache import find
from models.weights.registry import WEIGHTS


def run(options: BulkOptions, console: Console) -> int:
    """Run to the end, and give the number of photos that failed.

    Raises:
        BadParameter: there is no such service.
        FacelineError: the run cannot start or continue; see `bulk.run.run`.
    """
    settings = _settings(options)
    validator = _validator(options, settings)
    request = _request(options)
    request.require_photos()
    pictures = PictureFolder(options.pictures, settings.limits.image_bytes) if options.pictures else None
    if pictures:
        pictures.require_outside(request.source)
    output = Output(options.out)
    with output.taken():
        record = None
        if not (options.url or options.redis_url):
            record = completed(request, validator, _stored_models(settings, validator), output)
        if record is None:
            record = _run(options, settings, validator, request, output, pictures, console)
    counts = record.counts
    assert counts is not None, "a complete run has counts"
    summary = f"{counts['inputs']} photos, {counts['rows']} rows, {counts['failed']} failed: {options.out}"
    console.print(f"[green]✓[/] {summary}", highlight=False, soft_wrap=True)
    _print_passed_over(PassedOver(counts.get("passed_over", {})), console)
    return int(counts["failed"])


def _run(
    options: BulkOptions,
    settings: Settings,
    validator: PhotoValidator,
    request: BulkRequest,
    output: Output,
    pictures: PictureFolder | None,
    console: Console,
) -> RunRecord:
    """Run on the executor that the options name. A complete run needs no deployment that answers.

    Raises:
        FacelineError: the run cannot start or continue; see `bulk.run.run`.
    """
    with ExitStack() as stack:
        try:
            executor = stack.enter_context(_executor(options, settings, validator, request))
        except (ExecutorLost, StorageError) as error:
            # The models of the deployment are not known: those of the earlier runs are taken for them.
            record = completed(request, validator, recorded_models(output.folder), output)
            if record is None:
                raise
            console.print(f"[yellow]models not compared:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
            return record
        max_in_flight = options.max_in_flight or executor.max_in_flight
        progress = stack.enter_context(ProgressBar(console, request.count, max_in_flight))
        record = run_bulk(request, validator, executor, output, max_in_flight, progress, pictures)
        progress.end(record.counts["inputs"] if record.counts else 0)
        return record


def dry_run(options: BulkOptions, console: Console) -> None:
    """Count the photos, check some of them, and estimate the time.

    Raises:
        BadParameter: there is no such service.
        FacelineError: the source, the services or the settings make no run.
    """
    settings = _settings(options)
    validator = _validator(options, settings)
    request = _request(options)
    request.require_photos()
    on_this_machine = not (options.url or options.redis_url)
    done = len(Output(options.out).done())
    found = estimate(request, validator, settings if on_this_machine else None, done)
    console.print(f"{found.inputs} photos in {found.chunks} chunks, {done} of them done", highlight=False)
    _print_passed_over(found.passed_over, console)
    for photo, failure in found.failed:
        console.print(f"[yellow]{photo.name}[/]: {failure.message}", highlight=False, soft_wrap=True)
    if found.seconds is not None:
        console.print(f"about {timedelta(seconds=round(found.seconds))} on this machine", highlight=False)


def _print_passed_over(passed_over: PassedOver, console: Console) -> None:
    if passed_over.kinds:
        hints = f"; {passed_over.hints}" if passed_over.hints else ""
        console.print(f"[yellow]passed over:[/] {escape(f'{passed_over}{hints}')}", highlight=False, soft_wrap=True)


def _validator(options: BulkOptions, settings: Settings) -> PhotoValidator:
    """The validator of the run.

    Raises:
        BadParameter: there is no such service.
        InvalidSample: the services make no pipeline for photos.
    """
    known = services(settings.modules)
    for name in options.services:
        if name not in known:
            raise BadParameter(f"there is no service {name}; {suggestion(name, known)}")
    validator = photo_validator(settings, options.services, options.on_error)
    validator.plan  # noqa: B018 - raises if there is none
    return validator


def _stored_models(settings: Settings, validator: PhotoValidator) -> Mapping[str, str]:
    """The models on this machine that an embedded stack would run: names and SHA-256."""
    wanted = used_names(validator.factory.catalogue, validator.services)
    found = {name: find(WEIGHTS[name], settings.weights_dir) for name in wanted}
    return {name: stored.sha256 for name, stored in found.items() if stored}


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

        key = settings.key.get_secret_value() if settings.key else None
        with http_executor(options.url, validator, key) as over_http:
            yield over_http
    elif options.redis_url:
        from bulk.executors.queue import deployed_executor

        yield deployed_executor(settings, validator)
    else:
        from embedded.executor import embedded_executor

        # Settings are text. Photos below other roots are sent with their bytes.
        roots = [root for root in request.source.roots if printable(root) == root]
        with embedded_executor(settings, validator, roots, options.out) as embedded:
            yield embedded
