"""`python -m bench.precision FOLDER`: int8 variants of the models, for `make accuracy` to judge.

Fills a folder with weights like those of the settings, except that each model that int8 speeds up by a quarter computes
in int8. What that gains is printed here. What it costs comes from

    FACELINE_WEIGHTS_DIR=FOLDER faceline bench accuracy --kit KIT --out table.md

beside the same with the usual weights. What came of it: `docs/decisions/0010-no-int8.md`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import thread_time

import numpy as np
import onnx
from onnx import ModelProto, version_converter
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from bench.accuracy.predictor import Predictor
from bench.speed.photos import photos
from config.errors import FacelineError
from config.settings import load_settings
from models.catalogue import services
from models.convert.graph import OPSET
from models.runtime.onnxruntime import OrtSession
from models.runtime.session import FloatArray, Session
from models.service import DetectingService, EstimatingService
from models.weights.cache import store, weights_path
from models.weights.registry import WEIGHTS

PHOTOS = 48
ROWS = 64
BATCHES = (1, 8)
RUNS = 15
GAIN = 1.25


class Rows:
    """The rows that services ask a model for, each as a batch of its own."""

    def __init__(self, session: Session) -> None:
        self.kept: list[FloatArray] = []
        self._session = session
        self._left: Iterator[FloatArray] = iter(())

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """See `models.runtime.session.Session.run`."""
        self.kept.extend(row[None] for row in batch[: ROWS - len(self.kept)])
        return self._session.run(batch)

    def rewind(self) -> None:
        """Before a calibration."""
        self._left = iter(self.kept)

    def get_next(self) -> dict[str, FloatArray] | None:
        """The next inputs, as onnxruntime's calibration asks for them; None at the end."""
        row = next(self._left, None)
        return None if row is None else {"input": row}


def recorded(weights_dir: Path) -> dict[str, Rows]:
    """What all services ask their models for on photos of one face each."""
    rows: dict[str, Rows] = {}

    def session(model: str) -> Session:
        if model not in rows:
            rows[model] = Rows(OrtSession(weights_path(model, weights_dir)))
        return rows[model]

    with TemporaryDirectory() as folder:
        files = [Path(folder, f"{index}.jpg") for index in range(PHOTOS)]
        for file, photo in zip(files, photos(PHOTOS), strict=True):
            file.write_bytes(photo)
        predictor = Predictor(session, threads=1)
        for service in services().values():
            if issubclass(service, DetectingService):
                predictor.detect(files, service)
            elif issubclass(service, EstimatingService):
                predictor.estimate(files, service)
    return rows


def quantise(source: Path, rows: Rows, target: Path, tail: float) -> None:
    """Write a model in int8; see `left_alone` for the tail.

    Weights get seven bits: with eight, sums overflow on processors that lack VNNI.
    """
    prepared = target.with_suffix(".prepared")
    model = onnx.load(source, format="protobuf")
    if model.opset_import[0].version < OPSET:
        model = version_converter.convert_version(model, OPSET)
    onnx.save(model, prepared)
    quant_pre_process(prepared, prepared, skip_symbolic_shape=True)
    model = onnx.load(prepared, format="protobuf")
    for node in model.graph.node:
        node.name = node.output[0]
    onnx.save(model, prepared)
    rows.rewind()
    quantize_static(
        prepared,
        target,
        rows,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=left_alone(model, tail),
    )
    prepared.unlink()


def left_alone(model: ModelProto, share: float) -> list[str]:
    """The nodes behind the last convolution that is quantised, where a share of them is not."""
    nodes = list(model.graph.node)
    convolutions = [index for index, node in enumerate(nodes) if node.op_type == "Conv"]
    kept = convolutions[: round(len(convolutions) * (1 - share))]
    return [node.name for node in nodes[kept[-1] + 1 :]] if share else []


def milliseconds(models: Sequence[Path], batch: FloatArray) -> list[float]:
    """What a run of each model takes of a thread, in turns."""
    sessions = [OrtSession(model) for model in models]
    took: list[list[float]] = [[] for _ in sessions]
    for _ in range(RUNS):
        for session, times in zip(sessions, took, strict=True):
            started = thread_time()
            session.run(batch)
            times.append((thread_time() - started) * 1000)
    return [median(times[2:]) for times in took]


def main(arguments: Sequence[str] | None = None) -> int:
    """Quantise, measure, and keep what is faster."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder to fill")
    parser.add_argument("--tail", type=float, default=0.0, help="the share of convolutions, at the end, to leave alone")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"{'ms for rows of':<22}" + "".join(f"{rows:>8} float32   int8  gain" for rows in BATCHES))
    try:
        weights_dir = load_settings().weights_dir
        for model, rows in recorded(weights_dir).items():
            source, target = weights_path(model, weights_dir), given.folder / f"{model}.int8"
            quantise(source, rows, target, given.tail)
            took = [milliseconds([source, target], np.repeat(rows.kept[0], size, axis=0)) for size in BATCHES]
            print(f"{model:<22}" + "".join(f"{full:16.2f} {int8:6.2f} {full / int8:5.2f}" for full, int8 in took))
            if took[0][0] < GAIN * took[0][1]:
                target.write_bytes(source.read_bytes())
            store(WEIGHTS[model], target, given.folder)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
