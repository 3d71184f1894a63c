"""Writes the input rows of the scripts beside it, and makes the golden figures from the outputs that they write.

Run `python collect.py rows FOLDER`, then the other scripts, then `python collect.py figures FOLDER`.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from models.convert import Converter
from models.weights import registry
from models.weights.fingerprint import figures, probe
from models.weights.registry import WEIGHTS, Weights

RUNTIMES: Mapping[Converter, str] = {
    Converter.ONNX: "OpenCV 4.14.0, cv2.dnn",
    Converter.ONNX_ONE_OUTPUT: "OpenCV 4.14.0, cv2.dnn",
    Converter.OPENCV_INT8: "OpenCV 4.14.0, cv2.dnn, on the int8 file",
    Converter.TFJS: "TensorFlow.js 4.22.0, CPU backend",
    Converter.FACEAPI_AGE_GENDER: "face-api 1.7.15 on TensorFlow.js 4.22.0, CPU backend",
    Converter.FACEAPI_EXPRESSION: "face-api 1.7.15 on TensorFlow.js 4.22.0, CPU backend",
    Converter.KERAS_H5: "TensorFlow 2.15.1, Keras",
    Converter.TFLITE: "TensorFlow 2.15.1, TensorFlow Lite interpreter without delegates",
}


def write_rows(folder: Path) -> None:
    for weights in WEIGHTS.values():
        for seed in range(3):
            probe(weights.row, weights.value_range, seed).tofile(folder / f"{weights.name}-{seed}.row")


def figures_of(folder: Path, weights: Weights, seed: int, count: int) -> dict[str, list[float]]:
    files = {
        name: folder / f"{weights.name}-{seed}-{own.replace('/', '_')}.out" for name, own in weights.outputs.items()
    }
    return {name: rounded(figures(np.fromfile(file, np.float32), count)) for name, file in files.items()}


def rounded(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


def write_figures(folder: Path) -> None:
    golden = Path(__file__).parent.parent
    for weights in WEIGHTS.values():
        rows = {str(seed): figures_of(folder, weights, seed, count=24) for seed in (1, 2)}
        document = {"printed_by": RUNTIMES[weights.converter], "figures_by_seed": rows}
        golden.joinpath(f"{weights.name}.json").write_text(dumped(document))
    fingerprints = {weights.name: figures_of(folder, weights, seed=0, count=8) for weights in WEIGHTS.values()}
    Path(registry.__file__).with_name("fingerprints.json").write_text(dumped(fingerprints))


def dumped(value: object) -> str:
    """Indented JSON with each list of figures on one line."""
    if isinstance(value, dict):
        entries = ",\n".join(f"{json.dumps(key)}: {dumped(entry)}" for key, entry in value.items())
        return "{\n" + "\n".join(f"  {line}" for line in entries.split("\n")) + "\n}"
    return json.dumps(value)


{"rows": write_rows, "figures": write_figures}[sys.argv[1]](Path(sys.argv[2]))
