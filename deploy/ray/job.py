"""`python deploy/ray/job.py SOURCE --services … --out DIR`: runs services on many photos as a Ray Data job.

The rows are those of `faceline bulk`; a photo that failed has a row with its name and an `error`. A job that is started
again starts from the beginning.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import pyarrow as pa
import ray
import typer

from bulk.inputs import Input
from bulk.sources import open_source
from bulk.validation import photo_validator
from config.settings import load_settings
from models.imaging.decode import decode
from models.runtime.loaded import LoadedModels
from pipelines.chunk import Failure, Item
from pipelines.load import load_groups
from pipelines.run import run_service
from pipelines.sample import Sample
from pipelines.tables.sample_table import ObjectRow, SampleTable

CHUNK = 64


class ServiceActor:
    """Runs services on photos: a Ray actor with models of its own.

    Args:
        services: their names, in order.
        extra: the other columns of a manifest: names and types.
    """

    def __init__(self, services: Sequence[str], extra: dict[str, pa.DataType]) -> None:
        cv2.setNumThreads(1)
        # Each actor has one core, and runs one photo after another.
        settings = load_settings().model_copy(update={"worker_threads": 1})
        self._validator = photo_validator(settings, services, "fail")
        sessions = LoadedModels(
            self._validator.factory.catalogue, settings.weights_dir, settings.engine, settings.options
        )
        self._services = [sessions.service(name) for name in services]
        self._table = SampleTable(self._validator.plan.fields, extra)

    def __call__(self, batch: dict[str, np.ndarray]) -> pa.Table:
        """The rows of some photos."""
        photos: list[Input] = list(batch["item"])
        images: dict[str, bytes] = {}
        items = []
        for number, checked in enumerate(self._validator.check(photos, by_reference=False)):
            if isinstance(checked, Failure):
                items.append(Item(sample=Sample(), failures=[checked], failed=True))
            else:
                assert checked.image is not None
                images[str(number)] = checked.image
                items.append(Item(sample=checked.sample, blob=str(number)))
        for frames in load_groups(items, lambda key: decode(images[key])):
            for service in self._services:
                run_service(service, frames, fail_fast=True)
        rows = [row for photo, item in zip(photos, items, strict=True) for row in self._rows(photo, item)]
        return pa.Table.from_pylist(rows, self._table.schema.append(pa.field("error", pa.string())))

    def _rows(self, photo: Input, item: Item) -> list[ObjectRow]:
        if not item.failed:
            return self._table.rows(photo.name, photo.extra, item)
        last = item.failures[-1]
        return [{"image": photo.name, "error": f"{last.type}: {last.message}"}]


def main(
    source: Annotated[str, typer.Argument(help="A source as for `faceline bulk`; every node has to reach it.")],
    services: Annotated[str, typer.Option(help="Names of services, in order, with commas between them.")],
    out: Annotated[Path, typer.Option(help="The folder or URL for the Parquet files; every node has to reach it.")],
    actors: Annotated[int, typer.Option(min=1, help="The most actors; each takes a core.")] = 1000,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs of each actor; 0.25 lets four share one.")] = 0,
    column: Annotated[str, typer.Option(help="The column of a manifest that has the paths.")] = "path",
) -> None:
    """Run services on many photos on a Ray cluster."""
    photos = open_source(source, column)
    ray.init()
    dataset = ray.data.from_items(list(photos.inputs()))
    rows = dataset.map_batches(
        ServiceActor,
        fn_constructor_args=[services.split(","), dict(photos.columns)],
        batch_size=CHUNK,
        num_cpus=1,
        num_gpus=gpus,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
    )
    rows.write_parquet(str(out))


if __name__ == "__main__":
    typer.run(main)
