"""`python deploy/ray/job.py SOURCE --services … --out DIR`: what `faceline bulk` does, as a Ray Data job.

The rows are those of `faceline bulk`; a photo that fails is a row that holds nothing but its name and an `error`. A row
is written when its block is, and not exactly once: a job that is started again starts from nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pyarrow as pa
import ray
import typer

from broker.queues import Placement
from bulk.inputs import Input
from bulk.output.rows import ResultRow, SampleTable
from bulk.sources import open_source
from cli.bulk_executors import make_validator
from config.settings import load_settings
from models.imaging.decode import decode
from models.runtime.sessions import Sessions
from pipelines.chunk import Failure, Item
from pipelines.load import load_groups
from pipelines.run import run_service
from pipelines.sample import Sample

CHUNK = 64


class Judge:
    """Runs services on photos: an actor, with models of its own.

    Args:
        services: their names, in order.
        extra: the columns that the source carries along.
    """

    def __init__(self, services: Sequence[str], extra: dict[str, pa.DataType]) -> None:
        cv2.setNumThreads(1)
        # A core for each actor, which judges one photo after the other.
        settings = load_settings().model_copy(update={"worker_threads": 1})
        self._validator = make_validator(settings, services, "fail", Placement(co_locate=True))
        sessions = Sessions(self._validator.intake.catalogue, settings.weights_dir, settings.engine)
        self._services = [sessions.service(name) for name in services]
        self._table = SampleTable(self._validator.plan.fields, extra)

    def __call__(self, batch: dict[str, np.ndarray]) -> pa.Table:
        """The rows of some photos."""
        photos: list[Input] = list(batch["item"])
        images: dict[str, bytes] = {}
        items = []
        for number, judged in enumerate(self._validator.check(photos, by_reference=False)):
            if isinstance(judged, Failure):
                items.append(Item(sample=Sample(), failures=[judged], dead=True))
            else:
                assert judged.image is not None
                images[str(number)] = judged.image
                items.append(Item(sample=judged.sample, blob=str(number)))
        for frames in load_groups(items, lambda key: decode(images[key])):
            for service in self._services:
                run_service(service, frames, fail_fast=True)
        rows = [row for photo, item in zip(photos, items, strict=True) for row in self._rows(photo, item)]
        return pa.Table.from_pylist(rows, self._table.schema.append(pa.field("error", pa.string())))

    def _rows(self, photo: Input, item: Item) -> list[ResultRow]:
        if not item.dead:
            return self._table.rows(photo, item)
        last = item.failures[-1]
        return [{"image": photo.name, "error": f"{last.type}: {last.message}"}]


def main(
    source: Annotated[str, typer.Argument(help="As of `faceline bulk`; every node has to reach it.")],
    services: Annotated[str, typer.Option(help="Names of services, in order, with commas between them.")],
    out: Annotated[Path, typer.Option(help="A folder or URL for the Parquet files, that every node reaches.")],
    actors: Annotated[int, typer.Option(min=1, help="At most so many, each on a core.")] = 1000,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs of each actor; 0.25 lets four share one.")] = 0,
    column: Annotated[str, typer.Option(help="Of a manifest, that holds the paths.")] = "path",
) -> None:
    """Run services on many photos on a Ray cluster."""
    photos = open_source(source, column)
    ray.init()
    dataset = ray.data.from_items(list(photos.inputs()))
    rows = dataset.map_batches(
        Judge,
        fn_constructor_args=[services.split(","), dict(photos.columns)],
        batch_size=CHUNK,
        num_cpus=1,
        num_gpus=gpus,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
    )
    rows.write_parquet(str(out))


if __name__ == "__main__":
    typer.run(main)
