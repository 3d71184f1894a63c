"""A bulk run: from the photos of a source to a folder of results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from time import monotonic
from typing import Literal

from bulk.dispatch import Dispatch, RunProgress
from bulk.errors import IncompatibleRun, InvalidSource, NoPhotos
from bulk.executors.executor import Executor
from bulk.executors.reference_probe import workers_reach
from bulk.inputs import Input, Order, PhotoSource
from bulk.output.folder import Output, Remaining
from bulk.output.formats import Csv, Format, JsonLines, Parquet
from bulk.output.record import RunRecord, RunTask, open_record
from bulk.passed_over import PassedOver
from bulk.pictures import PictureFolder
from bulk.validation import PhotoValidator
from models.catalogue import Catalogue
from pipelines.errors import ClashingColumns
from pipelines.tables.sample_table import SampleTable

FormatName = Literal["parquet", "csv", "jsonl"]


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What a run is to do.

    Attributes:
        name: of the source, as the record holds it.
        column: of a manifest, the column with the paths.
        form: of the part files.
        resume: continue an earlier run in the folder, instead of replacing its results.
    """

    source: PhotoSource
    name: str
    column: str
    order: Order
    form: FormatName
    resume: bool

    def require_photos(self) -> None:
        """Check that there is at least one photo.

        Raises:
            InvalidSource: the source cannot be read.
            NoPhotos: it has none.
        """
        passed_over = PassedOver()
        if next(self.source.inputs(passed_over), None) is not None:
            return
        found = f"; passed over: {passed_over}" if passed_over.kinds else "; it is empty"
        hint = passed_over.hints or "check the path"
        raise NoPhotos(f"there are no photos in {self.name}{found}; {hint}")

    def count(self) -> int:
        """How many photos the run has.

        Raises:
            InvalidSource: the source cannot be read.
        """
        return sum(1 for _ in islice(self.source.inputs(), self.order.limit))


def run(
    request: BulkRequest,
    validator: PhotoValidator,
    executor: Executor,
    output: Output,
    max_in_flight: int,
    progress: RunProgress,
    pictures: PictureFolder | None = None,
) -> RunRecord:
    """Run until all photos are in the results or errors, and give the record of the run.

    Args:
        request: what to do.
        validator: checks the photos, and has the services to run.
        executor: does the work.
        output: a folder that this run has locked, see `Output.taken`.
        max_in_flight: the most chunks that are in flight at a time.
        progress: shows how far the run is.
        pictures: where the annotated photos of this run are written, if anywhere.

    Raises:
        IncompatibleRun: the folder holds the results of another run.
        InvalidSource: the source cannot be read, or two columns of its manifest clash.
        ExecutorLost: the executor does not answer, or refuses the work.
        InvalidSample: the services make no pipeline for photos.
    """
    form = _format(request.form, validator, request.source)
    record = open_record(output.folder, _task(request, validator, executor.models()), resume=request.resume)
    if not request.resume:
        output.clear()
    done = output.done()
    if done and not record.runs:
        raise IncompatibleRun(f"{output.folder} has part files but no manifest.json; choose another, or --no-resume")
    record.begin()
    record.save(output.folder)
    passed_over = PassedOver()
    remaining = Remaining(request.order.chunks(request.source, passed_over), done, progress.skipped)
    dispatch = Dispatch(executor, validator, output, form, progress, max_in_flight, pictures=pictures)
    progress.begin()
    began = monotonic()
    try:
        _run_remaining(dispatch, remaining)
    finally:
        record.end(monotonic() - began, dispatch.inputs)
        record.save(output.folder)
    record.complete(output.finish(form), remaining.inputs, passed_over)
    record.save(output.folder)
    return record


def completed(
    request: BulkRequest, validator: PhotoValidator, held_models: Mapping[str, str], output: Output
) -> RunRecord | None:
    """The record of a run that an earlier one has completed; None if something is left to do.

    Args:
        request: what to do.
        validator: has the services to run.
        held_models: names and SHA-256 of the models that would run.
        output: a folder that this run has locked.

    Raises:
        IncompatibleRun: the folder holds the results of another run.
        InvalidSource: the source cannot be read.
    """
    if not request.resume:
        return None
    record = open_record(output.folder, _task(request, validator, held_models), resume=True)
    if record.counts is None:
        return None
    remaining = Remaining(request.order.chunks(request.source), output.done())
    return record if next(iter(remaining), None) is None else None


def _run_remaining(dispatch: Dispatch, remaining: Remaining) -> None:
    chunks = iter(remaining)
    first = next(chunks, None)
    if first is not None:
        dispatch.by_reference = _by_reference(dispatch.executor, dispatch.validator, first.inputs)
        dispatch.run(chain([first], chunks))


def _by_reference(executor: Executor, validator: PhotoValidator, photos: Sequence[Input]) -> bool:
    """Whether the workers read the photos. If the executor does not know, some of the photos are tried."""
    if not validator.may_refer:
        return False
    if executor.by_reference is None:
        return workers_reach(executor, validator, photos)
    return executor.by_reference


def _task(request: BulkRequest, validator: PhotoValidator, held_models: Mapping[str, str]) -> RunTask:
    return RunTask(
        source=request.name,
        services=list(validator.services),
        models=used_models(validator.factory.catalogue, validator.services, held_models),
        chunk=request.order.chunk,
        order=str(request.order),
        limit=request.order.limit,
        format=request.form,
        column=request.column,
        on_error=validator.options.on_error,
    )


def used_models(catalogue: Catalogue, services: Sequence[str], held: Mapping[str, str]) -> Mapping[str, str]:
    """The models that the services run, of all that the workers hold: names and SHA-256."""
    return {name: held[name] for name in sorted(used_names(catalogue, services) & held.keys())}


def used_names(catalogue: Catalogue, services: Sequence[str]) -> set[str]:
    """The names of the models that the services run, optional ones among them."""
    return {model for name in services for model in (*catalogue[name].weights, *catalogue[name].optional_weights)}


def _format(name: FormatName, validator: PhotoValidator, source: PhotoSource) -> Format:
    plan = validator.plan
    if name == "jsonl":
        return JsonLines(plan)
    try:
        fields = plan.possible_fields(partial=validator.options.on_error == "continue")
        table = SampleTable(fields, source.columns)
    except ClashingColumns as error:
        raise InvalidSource(f"the manifest cannot be copied to the results: {error}") from error
    return Csv(table, plan) if name == "csv" else Parquet(table, plan)
