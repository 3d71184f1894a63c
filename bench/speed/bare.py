"""The bare loop: services in a process, with nothing around them. All else is measured against it."""

from bench.speed.tables import Baseline, Table, mean
from bench.speed.workbench import Workbench


def measure(bench: Workbench) -> list[Table]:
    """Pipelines of 1, 4 and all services."""
    rows: list[list[str | float]] = []
    baselines: list[Baseline] = []
    cores: list[float] = []
    for title, names in bench.pipelines.items():
        with bench.around(names) as bare:
            single = bench.bare(names, bench.photos, bare.count // bench.threads, threads=1)
        baselines.append(bare.baseline)
        cores.append(bare.cores)
        rate = mean(bare.baseline)
        rows.append([title, single, rate, rate / single, 1000 / single])
    threads = f"{bench.threads} threads"
    columns = ["pipeline", "photos/s, 1 thread", f"photos/s, {threads}", f"{threads} / 1 thread", "ms per photo"]
    about = f"{len(bench.photos)} photos of one face each, about 1 megapixel. All services: {', '.join(bench.every)}."
    return [Table("The bare loop", columns, rows, baselines, cores, [about])]
