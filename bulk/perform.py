"""A whole run, from a source to a folder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from time import monotonic
from typing import Literal

from bulk.errors import IncompatibleRun
from bulk.executors.executor import Executor
from bulk.executors.reference_probe import reached
from bulk.inputs import Input, InputChunk, chunks, shuffled
from bulk.output.folder import Output
from bulk.output.formats import Format, JsonLines, Parquet
from bulk.output.record import Record, Task, open_record
from bulk.output.resume import Remaining
from bulk.output.rows import SampleTable
from bulk.run import Run
from bulk.sources import Source
from bulk.validation import PhotoValidator
from bulk.watcher import Watcher
from models.catalogue import Catalogue

FormatName = Literal["parquet", "jsonl"]


@dataclass(frozen=True, slots=True)
class Order:
    """Which photos of a source are done, and in what order.

    Attributes:
        seed: of a shuffle; None keeps the order of the source.
        limit: no more than so many.
        chunk: so many are sent together and written together.
    """

    seed: int | None
    limit: int | None
    chunk: int

    def inputs(self, source: Source) -> Iterator[Input]:
        """The photos."""
        found = source.inputs()
        return islice(found if self.seed is None else shuffled(found, self.seed), self.limit)

    def chunks(self, source: Source) -> Iterator[InputChunk]:
        """The photos in chunks."""
        return chunks(self.inputs(source), self.chunk)

    def __str__(self) -> str:
        return "source" if self.seed is None else f"shuffled {self.seed}"


@dataclass(frozen=True, slots=True)
class Request:
    """What a run is asked for.

    Attributes:
        name: of the source, as the record holds it.
        column: of a manifest, that holds the paths.
        resume: go on where an earlier run on the folder ended, instead of replacing it.
    """

    source: Source
    name: str
    column: str
    order: Order
    form: FormatName
    resume: bool


@dataclass(frozen=True, slots=True)
class Crew:
    """Whom a run is handed to.

    Attributes:
        max_in_flight: so many chunks under way keep it busy.
        by_reference: its workers reach the photos themselves; None if that is still to be found out.
        watch: raises `FacelineError` if it is lost.
    """

    executor: Executor
    validator: PhotoValidator
    max_in_flight: int
    by_reference: bool | None
    watch: Callable[[], None] = lambda: None


def perform(request: Request, output: Output, crew: Crew, max_in_flight: int, watcher: Watcher) -> Record:
    """Run, and give the record of a run that is complete.

    Args:
        request: what is to be done.
        output: a folder that nobody else writes to, see `Output.taken`.
        crew: does it.
        max_in_flight: so many chunks are under way at a time.
        watcher: sees it.

    Raises:
        IncompatibleRun: the folder holds the parts of another run.
        InvalidSource: the source cannot be read.
        ExecutorLost: nobody does the work.
        InvalidSample: the services make no pipeline for photos.
    """
    order, validator, folder = request.order, crew.validator, output.folder
    form = _format(request.form, validator, request.source)
    task = Task(
        source=request.name,
        services=list(validator.services),
        models=used_models(validator.intake.catalogue, validator.services, crew.executor.models()),
        chunk=order.chunk,
        order=str(order),
        limit=order.limit,
        format=request.form,
        column=request.column,
        on_error=validator.options.on_error,
    )
    record = open_record(folder, task, resume=request.resume)
    if not request.resume:
        output.clear()
    done = output.done()
    if done and not record.runs:
        raise IncompatibleRun(f"{folder} holds parts but no manifest.json; choose another, or --no-resume")
    record.begin()
    record.save(folder)
    remaining = Remaining(order.chunks(request.source), done)
    watcher.begin(len(done) * order.chunk)
    began = monotonic()
    by_reference = crew.by_reference is not False and validator.may_refer
    run = Run(crew.executor, validator, output, form, watcher, max_in_flight, by_reference)
    try:
        todo = iter(remaining)
        first = next(todo, None)
        if first and by_reference and crew.by_reference is None:
            run.by_reference = reached(crew.executor, validator, first.inputs)
        run.do(chain([first] if first else [], todo))
    finally:
        record.end(monotonic() - began, run.inputs)
        record.save(folder)
    record.complete(output.finish(form), remaining.inputs)
    record.save(folder)
    return record


def used_models(catalogue: Catalogue, services: Sequence[str], held: Mapping[str, str]) -> Mapping[str, str]:
    """Of the models that workers hold, those that some services run."""
    wanted = {model for name in services for model in (*catalogue[name].weights, *catalogue[name].optional_weights)}
    return {name: held[name] for name in sorted(wanted & held.keys())}


def _format(name: FormatName, validator: PhotoValidator, source: Source) -> Format:
    fields = validator.plan.fields
    return Parquet(SampleTable(fields, source.columns)) if name == "parquet" else JsonLines(fields)
