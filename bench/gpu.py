"""`python -m bench.gpu`: measures all services on a GPU, beside their models alone in the same run.

The models alone run on as many rows as the services give them, in full batches and with one thread per model: the most
that the GPU can do. The services decode and process a photo of sixteen faces on the threads of a worker, and share
batches as in a worker.

The models alone are measured before and after. The run is refused if the two differ by more than a tenth.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from importlib.metadata import distributions
from pathlib import Path
from shutil import which
from time import perf_counter
from typing import Any, get_args

import cv2
import numpy as np

from bench.model_loop import RowCounter, bare_photos_per_s, rows_per_s
from bench.speed.workbench import run_services
from config.engine import Device, Engine, tasks_at_a_time, usable_cores
from config.errors import FacelineError
from config.settings import load_settings
from models.catalogue import Catalogue, services
from models.family import ModelFamily
from models.imaging.decode import decode
from models.runtime.loaded import LoadedModels
from models.service import EstimatingService, Service

PHOTO = Path(__file__).parent / "photos" / "portrait-1mp.jpg"
RESULTS = Path(__file__).parent / "results"
FITTER = "face-detector-face-fitter"
TILES, TILE = 4, 256
MAX_DRIFT = 0.10


def crowd() -> bytes:
    """Makes a JPEG of 1024 x 1024 pixels with sixteen faces."""
    portrait = decode(PHOTO.read_bytes())
    side = min(portrait.shape[:2])
    tile = cv2.resize(portrait[:side, :side], (TILE, TILE), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", np.tile(tile, (TILES, TILES, 1)))[1])


def services_photos_per_s(chain: Sequence[Service], photo: bytes, threads: int, seconds: float) -> float:
    """Photos per second of services on the threads of a worker."""
    ends = perf_counter() + seconds

    def loop() -> int:
        count = 0
        while perf_counter() < ends:
            run_services(chain, photo)
            count += 1
        return count

    with ThreadPoolExecutor(threads) as pool:
        started = perf_counter()
        counts = [future.result() for future in [pool.submit(loop) for _ in range(threads)]]
        return sum(counts) / (perf_counter() - started)


def measure(catalogue: Catalogue, weights_dir: Path, engine: Engine, threads: int, seconds: float) -> dict[str, Any]:
    """Measures models alone and services, and gives the figures as JSON.

    Raises:
        ModelError: a model or the device is missing.
    """
    # OpenCV's own threads would compete with those of the loop; workers do the same.
    cv2.setNumThreads(engine.threads)
    names = [FITTER, *(name for name, service in catalogue.items() if issubclass(service, EstimatingService))]
    photo = crowd()
    bare = LoadedModels(catalogue, weights_dir, replace(engine, batching=False))
    bare.load(ModelFamily)
    buckets = [1 << power for power in range(engine.max_rows.bit_length()) if 1 << power <= engine.max_rows]
    models = {
        model: {str(rows): round(rows_per_s(bare.session(model), rows, seconds / 10), 1) for rows in buckets}
        for model in bare.loaded
    }
    counter = RowCounter(bare.session)
    faces = len(run_services([catalogue[name](counter.session) for name in names], photo).objects)
    before = bare_photos_per_s(bare.session, counter.work, engine.max_rows, seconds)
    with closing(LoadedModels(catalogue, weights_dir, replace(engine, batching=True))) as sharing:
        sharing.load({catalogue[name].family for name in names})
        chain = [sharing.service(name) for name in names]
        services_photos_per_s(chain, photo, threads, seconds / 10)
        rate = services_photos_per_s(chain, photo, threads, seconds)
    after = bare_photos_per_s(bare.session, counter.work, engine.max_rows, seconds)
    mean = (before + after) / 2
    return {
        "device": engine.device,
        "card": _card(),
        "onnxruntime": sorted(f"{d.name} {d.version}" for d in distributions() if d.name.startswith("onnxruntime")),
        "cores": usable_cores(),
        "threads": threads,
        "max_rows": engine.max_rows,
        "fast_math": engine.fast_math,
        "services": names,
        "rows_per_s": models,
        "rows_per_photo": {f"{model} {'x'.join(map(str, row))}": rows for (model, row), rows in counter.work.items()},
        "faces_per_photo": faces,
        "bare_faces_per_s": round(faces * mean, 1),
        "noise": round(abs(before - after) / mean, 3),
        "services_faces_per_s": round(faces * rate, 1),
        "ratio": round(rate / mean, 3),
    }


def _card() -> str | None:
    """Name, memory and driver of the GPUs of this machine; None without a driver."""
    if which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip()


def table(report: Mapping[str, Any]) -> str:
    """The figures as a plain text table."""
    models: Mapping[str, Mapping[str, float]] = report["rows_per_s"]
    sizes = list(next(iter(models.values())))
    lines = [f"rows/s on {report['device']} in batches of" + "".join(f"{size:>10}" for size in sizes)]
    lines += [f"{model:<30}" + "".join(f"{rate:10.0f}" for rate in rates.values()) for model, rates in models.items()]
    return "\n".join(
        [
            *lines,
            f"\n{len(report['services'])} services on {report['faces_per_photo']} faces, {report['threads']} threads",
            f"bare loop of their models     {report['bare_faces_per_s']:10.1f} faces/s   = 1.00",
            f"services in shared batches    {report['services_faces_per_s']:10.1f} faces/s   = {report['ratio']:.2f}",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints the figures and writes them as JSON; 1 if the run failed or was refused."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--device", choices=get_args(Device), default="cuda", help="cpu shows only that the command works"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long a measurement takes")
    parser.add_argument("--threads", type=int, help="by default as many as a worker has")
    parser.add_argument("--max-rows", type=int, help="rows of a batch; by default FACELINE_GPU__MAX_ROWS")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for the figures")
    given = parser.parse_args(arguments)
    try:
        settings = load_settings()
        engine = replace(settings.engine, device=given.device, max_rows=given.max_rows or settings.gpu.max_rows)
        threads = given.threads or tasks_at_a_time(engine.device, engine.max_rows, usable_cores())
        report = measure(services(settings.modules), settings.weights_dir, engine, threads, given.seconds)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    if report["noise"] > MAX_DRIFT:
        print(
            f"refused: the bare loops before and after differ by {report['noise']:.0%}; "
            "try again when the machine is idle",
            file=sys.stderr,
        )
        return 1
    given.out.mkdir(parents=True, exist_ok=True)
    file = given.out / f"gpu-{engine.device}.json"
    file.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))
    print(f"\nwritten: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
