from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.kit import InvalidKit
from bench.accuracy.predictor import main_face
from models.runtime.session import FloatArray
from models.service import Found
from models.services.mask_estimator import MaskEstimator
from tests.unit.bench.accuracy.kits import empty, face, make_predictor, write_photo
from tests.unit.models.networks.networks import Constant


class Brightness:
    """Calls bright crops masked, so that each face has a result of its own."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        shares = (batch.mean(axis=(1, 2, 3)) + 1) / 2
        return {"probabilities": np.stack([shares, 1 - shares], axis=1)}


def test_answers_keep_the_order_of_the_photos_across_blocks_and_threads(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(40)]
    for number, file in enumerate(files):
        write_photo(file, empty() if number % 7 == 3 else face(number))
    several = make_predictor(threads=3, mask=Brightness()).estimate(files, MaskEstimator)
    assert several == [
        make_predictor(threads=1, mask=Brightness()).estimate([file], MaskEstimator)[0] for file in files
    ]
    assert [number for number, answer in enumerate(several) if answer is None] == [3, 10, 17, 24, 31, 38]
    assert len({answer.confidence for answer in several if answer is not None}) > 30


def test_a_photo_reaches_the_network_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", face())
    network = Constant(probabilities=[0.9, 0.1])
    predictor = make_predictor(mask=network)
    thrice = predictor.estimate([tmp_path / "a.png"] * 3, MaskEstimator)
    assert thrice == predictor.estimate([tmp_path / "a.png"], MaskEstimator) * 3
    # The network gets two crops of each face.
    assert sum(map(len, network.batches)) == 2


def test_models_are_those_of_the_services_that_were_run(tmp_path: Path) -> None:
    predictor = make_predictor()
    assert predictor.models() == []
    assert predictor.models(MaskEstimator) == ["mask", "yunet"]
    predictor.detect([])
    assert predictor.models() == ["facemesh", "fr-pose", "mask", "yunet"]


def test_an_unreadable_photo_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    for name in ("broken.png", "missing.png"):
        with pytest.raises(InvalidKit, match=name):
            make_predictor().detect([tmp_path / name])


def test_the_main_face_is_large_and_near_the_centre() -> None:
    def found(x: float, y: float, side: float) -> Found:
        return Found(np.array([x, y, x + side, y + side]), 0.9)

    middle, corner, small = found(150, 100, 100), found(0, 0, 105), found(195, 145, 20)
    assert main_face([corner, small, middle], 300, 400) is middle
    assert main_face([], 300, 400) is None
