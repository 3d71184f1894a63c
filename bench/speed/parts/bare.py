"""The parts `bare` and `profile`: the bare loop that everything else is measured against, and where its time goes."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import cycle, islice
from time import perf_counter

from bench.speed.tables import Baseline, Cell, SpeedTable, mean
from bench.speed.workbench import Workbench
from models.imaging.decode import decode
from models.runtime.session import FloatArray, Session
from pipelines.chunk import Item
from pipelines.load import load_items
from pipelines.run import run_service
from pipelines.sample import Sample


def measure(bench: Workbench) -> list[SpeedTable]:
    """Measures the bare loop with 1, 4 and all services, on one thread and on as many as a worker has."""
    rows: list[list[str | float]] = []
    baselines: list[Baseline] = []
    cores: list[float] = []
    for title, names in bench.pipelines.items():
        with bench.around(names) as bare:
            single = bench.bare_photos_per_s(names, bench.photos, bare.count // bench.threads, threads=1)
        baselines.append(bare.baseline)
        cores.append(bare.cores)
        rate = mean(bare.baseline)
        rows.append([title, single, rate, rate / single, 1000 / single])
    threads = f"{bench.threads} threads"
    columns = ["pipeline", "photos/s, 1 thread", f"photos/s, {threads}", f"{threads} / 1 thread", "ms per photo"]
    listed = ", ".join(bench.all_services)
    notes = [f"{len(bench.photos)} photos of one face each, about 1 megapixel. All services: {listed}."]
    return [SpeedTable("The bare loop", columns, rows, baselines, cores, notes)]


def profile(bench: Workbench) -> list[SpeedTable]:
    """Runs all services on one photo after the other on one thread, and times models and the code outside them."""
    with bench.around(bench.all_services) as bare:
        watch = Stopwatch()
        chain = [
            bench.catalogue[name](lambda model: watch.timed(model, bench.sessions.session(model)))
            for name in bench.all_services
        ]
        outside_s: dict[str, float] = defaultdict(float)
        count = bare.count // bench.threads
        started = perf_counter()
        for photo in islice(cycle(bench.photos), count):
            opened = perf_counter()
            image = decode(photo)
            outside_s["decode"] += perf_counter() - opened
            loaded = load_items([Item(sample=Sample(), blob="photo")], {"photo": image}.__getitem__)
            for service in chain:
                models_s = watch.total_s
                took_s = run_service(service, loaded, fail_fast=True) / 1000
                outside_s[f"{service.name}, outside its models"] += took_s - (watch.total_s - models_s)
        total = perf_counter() - started
    took = {**{f"model {name}": seconds for name, seconds in watch.took_s.items()}, **outside_s}
    parts = sorted(took.items(), key=lambda part: -part[1])
    sums = [("inside models", watch.total_s), ("outside models", total - watch.total_s)]
    rows: list[list[Cell]] = [
        [name, 1000 * seconds / count, 100 * seconds / total] for name, seconds in [*parts, *sums]
    ]
    columns, notes = ["part", "ms per photo", "%"], [f"{count} photos on one thread."]
    return [SpeedTable("Profile of all services", columns, rows, [bare.baseline], [bare.cores], notes)]


class Stopwatch:
    """Sums the run times of sessions by model. For one thread."""

    def __init__(self) -> None:
        self.took_s: dict[str, float] = defaultdict(float)

    def timed(self, model: str, session: Session) -> Session:
        """A session with the same results, whose runs are timed."""
        return _TimedSession(self, model, session)

    @property
    def total_s(self) -> float:
        """The run time of all models."""
        return sum(self.took_s.values())


class _TimedSession:
    def __init__(self, watch: Stopwatch, model: str, session: Session) -> None:
        self._watch = watch
        self._model = model
        self._session = session

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        started = perf_counter()
        outputs = self._session.run(batch)
        self._watch.took_s[self._model] += perf_counter() - started
        return outputs
