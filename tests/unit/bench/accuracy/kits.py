"""Small kits of drawn photos, and fake networks that find the drawn faces."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from bench.accuracy.kit import Kit
from bench.accuracy.predictor import Predictor
from models.imaging.decode import Image
from models.runtime.session import FloatArray, Session
from tests.unit.models.networks.networks import Constant, MarkedMesh, SpotYunet, marked_face

EYES_AND_MOUTH = np.array([[170.0, 120], [230, 120], [200, 130]])
BINS = [0.0] * 66


class Blocks:
    """Embeds a crop by the means of its 128 blocks, so that similar crops get close embeddings."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        grey = batch.mean(axis=1).reshape(len(batch), 8, 14, 16, 7).mean(axis=(2, 4)).reshape(len(batch), -1)
        return {"embedding": grey - grey.mean(axis=1, keepdims=True)}


def make_predictor(threads: int = 2, **networks: Session) -> Predictor:
    """A predictor whose networks find a face around each red spot, and give the same results for each face."""
    by_model: dict[str, Session] = {
        "yunet": SpotYunet(),
        "facemesh": MarkedMesh(),
        "fr-pose": Constant(yaw=BINS, pitch=BINS, roll=BINS),
        "faceapi-age-gender": Constant(age=[30.0], gender=[0.9, 0.1]),
        "dlib-gender": Constant(probabilities=[0.1, 0.9]),
        "faceapi-expression": Constant(expression=[0.0, 1, 0, 0, 0, 0, 0]),
        "mask": Constant(probabilities=[0.9, 0.1]),
        "sface": Blocks(),
    }
    by_model |= {name.replace("_", "-"): network for name, network in networks.items()}
    return Predictor(by_model.__getitem__, threads)


def face(seed: int = 0) -> Image:
    """A photo with a face, on a background that depends on the seed."""
    image = marked_face(EYES_AND_MOUTH)
    rough = np.random.default_rng(seed).integers(90, 170, (6, 8, 3), np.uint8)
    background = cv2.resize(rough, (400, 300), interpolation=cv2.INTER_LINEAR)
    return np.where(image == 128, background, image).astype(np.uint8)


def empty() -> Image:
    """A photo without a face."""
    return np.full((300, 400, 3), 128, np.uint8)


def write_csv(file: Path, lines: Sequence[Mapping[str, object]]) -> None:
    """Writes a CSV file with the columns of the first line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as text:
        writer = csv.DictWriter(text, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def write_photo(file: Path, image: Image) -> None:
    """Writes a photo without loss."""
    file.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(file), image)


def kit(folder: Path, task: str, shown: Mapping[str, Image], lines: Sequence[Mapping[str, object]]) -> Kit:
    """Adds a task to the kit in a folder: photos by name, and the lines of labels.csv."""
    for name, image in shown.items():
        write_photo(folder / task / "dev" / name, image)
    write_csv(folder / task / "dev" / "labels.csv", lines)
    return Kit(folder, "dev")
