"""Tables for people, of results of the Python client. They fit into 80 columns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from rich.box import HORIZONTALS
from rich.table import Table

from faceline_client import Batch, Job, Offers, Sample, SampleObject, Template

NOTHING = "–"


def _table(*columns: str) -> Table:
    return Table(*columns, box=HORIZONTALS, pad_edge=False)


def _share(value: float) -> str:
    return f"{value:.2f}"


def _box(found: SampleObject) -> str | None:
    return None if found.bbox is None else " ".join(_share(part) for part in found.bbox)


def _emotion(found: SampleObject) -> str | None:
    if not found.emotions:
        return None
    strongest = max(found.emotions, key=lambda emotion: emotion.confidence)
    return f"{strongest.emotion} {_share(strongest.confidence)}"


def _head(found: SampleObject) -> str | None:
    pose = found.pose
    return None if pose is None else f"{pose.yaw:+.0f}° {pose.pitch:+.0f}° {pose.roll:+.0f}°"


def _mask(found: SampleObject) -> str | None:
    mask = found.has_medical_mask
    return None if mask is None else "yes" if mask.value else "no"


def _liveness(found: SampleObject) -> str | None:
    return None if found.liveness is None else f"{found.liveness.value} {_share(found.liveness.confidence)}"


def _template(found: SampleObject) -> str | None:
    # The template itself is personal data, and of no use on a screen.
    return None if found.template is None else sha256(Template.of(found).data).hexdigest()[:8]


COLUMNS: Mapping[str, Callable[[SampleObject], str | None]] = {
    "is": lambda found: found.object_class,
    "sure": lambda found: None if found.confidence is None else _share(found.confidence),
    "age": lambda found: None if found.age is None else f"{found.age:.0f}",
    "gender": lambda found: found.gender,
    "emotion": _emotion,
    "mask": _mask,
    "live": _liveness,
    "quality": lambda found: None if found.quality is None else f"{100 * found.quality.total_score:.0f}",
    "yaw pitch roll": _head,
    "box": _box,
    "template": _template,
}
"""What a table of objects shows; a column that no object fills is left out."""
LEFT_OUT_FIRST = ("box", "yaw pitch roll", "template", "is")
"""Columns that are left out, in this order, until the others fit into a line; `--json` has everything."""
LINE = 80


def objects_table(sample: Sample) -> Table:
    """The faces and bodies of a photo."""
    filled = {name: [show(found) for found in sample.objects] for name, show in COLUMNS.items()}
    filled = {name: cells for name, cells in filled.items() if any(cell is not None for cell in cells)}
    for name in LEFT_OUT_FIRST:
        if _width(filled) > LINE:
            filled.pop(name, None)
    table = _table("#", *filled)
    for row, found in enumerate(sample.objects):
        table.add_row(str(found.id), *(cells[row] or NOTHING for cells in filled.values()))
    return table


def _width(columns: Mapping[str, Sequence[str | None]]) -> int:
    """How many characters the lines of a table have: there are three between two columns."""
    widths = [max(len(text or NOTHING) for text in (name, *cells)) for name, cells in columns.items()]
    return 2 + sum(width + 3 for width in widths)


def jobs_table(jobs: Sequence[Job]) -> Table:
    """A list of jobs."""
    table = _table("job", "status", "created", "services")
    table.columns[0].no_wrap = True
    for job in jobs:
        table.add_row(job.id, job.status, moment(job.created_at), str(len(job.services)))
    return table


def stages_table(job: Job) -> Table:
    """The services of a job."""
    table = _table("service", "status", "ms", "error")
    for stage in job.stages:
        ms = NOTHING if stage.ms is None else f"{stage.ms:.1f}"
        table.add_row(stage.service, stage.status, ms, stage.error or NOTHING)
    return table


def batches_table(batches: Sequence[Batch]) -> Table:
    """A list of batches."""
    table = _table("batch", "status", "created", "done", "failed")
    table.columns[0].no_wrap = True
    for batch in batches:
        done = f"{batch.counts.succeeded}/{batch.counts.total}"
        table.add_row(batch.id, batch.status, moment(batch.created_at), done, str(batch.counts.failed))
    return table


def services_table(offers: Offers) -> Table:
    """The services of a deployment."""
    table = _table("service", "needs", "gives")
    table.columns[0].no_wrap = True
    for service in offers.services:
        table.add_row(service.name, ", ".join(service.needs), ", ".join(service.gives))
    return table


def presets_table(offers: Offers) -> Table:
    """The presets of a deployment."""
    table = _table("preset", "services, in their order")
    for name, services in offers.presets.items():
        table.add_row(name, ", ".join(services))
    return table


def moment(when: datetime | None) -> str:
    """A time in UTC: of today the time of day, of other days the day too."""
    if when is None:
        return NOTHING
    when = when.astimezone(UTC)
    return when.strftime("%H:%M:%S" if when.date() == datetime.now(UTC).date() else "%m-%d %H:%M")
