"""What the bare loop spends its time on: each model, and what lies around them."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import cycle, islice
from time import perf_counter

from bench.speed.tables import Cell, Table
from bench.speed.workbench import Workbench
from models.imaging.decode import decode
from models.runtime.session import FloatArray, Session
from pipelines.chunk import Item
from pipelines.run import open_frames, run_service
from pipelines.sample import Sample

MODELS, AROUND = "inside models", "outside models"


class Stopwatch:
    """Sessions that note how long they run. For one thread."""

    def __init__(self) -> None:
        self.took_s: dict[str, float] = defaultdict(float)

    def timed(self, model: str, session: Session) -> Session:
        """A session that runs as another one does."""
        return _Timed(self, model, session)

    @property
    def total_s(self) -> float:
        """Of all models."""
        return sum(self.took_s.values())


class _Timed:
    def __init__(self, watch: Stopwatch, model: str, session: Session) -> None:
        self._watch = watch
        self._model = model
        self._session = session

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        started = perf_counter()
        outputs = self._session.run(batch)
        self._watch.took_s[self._model] += perf_counter() - started
        return outputs


def measure(bench: Workbench) -> list[Table]:
    """All services, one photo after the other on one thread."""
    with bench.around(bench.every) as bare:
        watch = Stopwatch()
        chain = [
            bench.catalogue[name](lambda model: watch.timed(model, bench.sessions.session(model)))
            for name in bench.every
        ]
        around: dict[str, float] = defaultdict(float)
        count = bare.count // bench.threads
        started = perf_counter()
        for photo in islice(cycle(bench.photos), count):
            opened = perf_counter()
            image = decode(photo)
            around["decode"] += perf_counter() - opened
            frames = open_frames([Item(sample=Sample(), blob="photo")], {"photo": image}.__getitem__)
            for service in chain:
                inside = watch.total_s
                took = run_service(service, frames, fail_fast=True) / 1000
                around[f"{service.name}, around its models"] += took - (watch.total_s - inside)
        total = perf_counter() - started
    took_s = {**{f"model {name}": took for name, took in watch.took_s.items()}, **around}
    parts = sorted(took_s.items(), key=lambda part: -part[1])
    sums = [(MODELS, watch.total_s), (AROUND, total - watch.total_s)]
    rows: list[list[Cell]] = [[name, 1000 * took / count, 100 * took / total] for name, took in [*parts, *sums]]
    notes = [f"{count} photos on one thread."]
    return [Table("Profile of all services", ["part", "ms per photo", "%"], rows, [bare.baseline], [bare.cores], notes)]
