"""`python -m bench.precision FOLDER`: quantises the models to int8, and measures how much faster they are.

Fills a folder with weights: int8 for each model that it makes faster by a quarter, and the usual ones for the others.
The loss of accuracy is the difference between two runs, with this folder and with the usual weights:

    FACELINE_WEIGHTS_DIR=FOLDER faceline bench accuracy --kit KIT --out table.md

The outcome is in `docs/decisions/0010-no-int8.md`.
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
MIN_SPEEDUP = 1.25


class CalibrationRows:
    """A session that keeps the first rows that services run on it, for the calibration of the quantisation."""

    def __init__(self, session: Session) -> None:
        self.kept: list[FloatArray] = []
        self._session = session
        self._left: Iterator[FloatArray] = iter(())

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        """Runs the batch, and keeps its rows until there are `ROWS`."""
        self.kept.extend(row[None] for row in batch[: ROWS - len(self.kept)])
        return self._session.run(batch)

    def rewind(self) -> None:
        """Starts again at the first row."""
        self._left = iter(self.kept)

    def get_next(self) -> dict[str, FloatArray] | None:
        """The next row, in the form of onnxruntime's `CalibrationDataReader`; None after the last one."""
        row = next(self._left, None)
        return None if row is None else {"input": row}


def calibration_rows(weights_dir: Path) -> dict[str, CalibrationRows]:
    """Runs all services on photos of one face each, and gives the rows that each model got.

    Raises:
        ModelError: a model is missing, or the engine failed.
    """
    rows: dict[str, CalibrationRows] = {}

    def session(model: str) -> Session:
        if model not in rows:
            rows[model] = CalibrationRows(OrtSession(weights_path(model, weights_dir)))
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


def quantise(source: Path, rows: CalibrationRows, target: Path, tail: float) -> None:
    """Writes a model in int8, except for the share `tail` of its convolutions.

    Weights get seven bits: with eight, sums overflow on processors without VNNI.
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
        nodes_to_exclude=kept_float32(model, tail),
    )
    prepared.unlink()


def kept_float32(model: ModelProto, share: float) -> list[str]:
    """The names of the nodes behind the last quantised convolution, if a share of the convolutions stays float32."""
    nodes = list(model.graph.node)
    convolutions = [index for index, node in enumerate(nodes) if node.op_type == "Conv"]
    quantised = convolutions[: round(len(convolutions) * (1 - share))]
    return [node.name for node in nodes[quantised[-1] + 1 :]] if share else []


def milliseconds(models: Sequence[Path], batch: FloatArray) -> list[float]:
    """The median CPU milliseconds of a run of each model; the models run in turns."""
    sessions = [OrtSession(model) for model in models]
    took: list[list[float]] = [[] for _ in sessions]
    for _ in range(RUNS):
        for session, times in zip(sessions, took, strict=True):
            started = thread_time()
            session.run(batch)
            times.append((thread_time() - started) * 1000)
    return [median(times[2:]) for times in took]


def main(arguments: Sequence[str] | None = None) -> int:
    """Quantises each model, prints its speed, and keeps the int8 model if it is fast enough."""
    parser = argparse.ArgumentParser(prog="python -m bench.precision", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the folder to fill")
    parser.add_argument(
        "--tail", type=float, default=0.0, help="the share of convolutions, at the end of a model, that stays float32"
    )
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"{'ms for rows of':<22}" + "".join(f"{rows:>8} float32   int8  gain" for rows in BATCHES))
    try:
        weights_dir = load_settings().weights_dir
        for model, rows in calibration_rows(weights_dir).items():
            source, target = weights_path(model, weights_dir), given.folder / f"{model}.int8"
            quantise(source, rows, target, given.tail)
            took = [milliseconds([source, target], np.repeat(rows.kept[0], size, axis=0)) for size in BATCHES]
            print(f"{model:<22}" + "".join(f"{full:16.2f} {int8:6.2f} {full / int8:5.2f}" for full, int8 in took))
            if took[0][0] < MIN_SPEEDUP * took[0][1]:
                target.write_bytes(source.read_bytes())
            store(WEIGHTS[model], target, given.folder)
    except FacelineError as error:
        print(f"no figures: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
