from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.predictor import subject
from bench.accuracy.kit import InvalidKit
from models.runtime.session import FloatArray
from models.service import Found
from models.services.mask_estimator import MaskEstimator
from tests.unit.bench.accuracy.kits import empty, examiner, face, write_photo
from tests.unit.models.networks.networks import Constant


class Brightness:
    """Takes bright crops for masked, so that each face has its own answer."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        shares = (batch.mean(axis=(1, 2, 3)) + 1) / 2
        return {"probabilities": np.stack([shares, 1 - shares], axis=1)}


def test_answers_stand_in_the_order_of_the_photos_whatever_the_blocks(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(40)]
    for number, file in enumerate(files):
        write_photo(file, empty() if number % 7 == 3 else face(number))
    several = examiner(threads=3, mask=Brightness()).judged(files, MaskEstimator)
    assert several == [examiner(threads=1, mask=Brightness()).judged([file], MaskEstimator)[0] for file in files]
    assert [number for number, answer in enumerate(several) if answer is None] == [3, 10, 17, 24, 31, 38]
    assert len({answer.confidence for answer in several if answer is not None}) > 30


def test_a_photo_is_judged_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", face())
    network = Constant(probabilities=[0.9, 0.1])
    asked = examiner(mask=network)
    thrice = asked.judged([tmp_path / "a.png"] * 3, MaskEstimator)
    assert thrice == asked.judged([tmp_path / "a.png"], MaskEstimator) * 3
    # A face is shown as two crops.
    assert sum(map(len, network.batches)) == 2


def test_the_models_that_answer_are_those_that_were_taken(tmp_path: Path) -> None:
    asked = examiner()
    assert asked.models() == []
    assert asked.models(MaskEstimator) == ["mask"]
    asked.detected([])
    assert asked.models() == ["facemesh", "fr-pose", "mask", "yunet"]


def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    for name in ("broken.png", "missing.png"):
        with pytest.raises(InvalidKit, match=name):
            examiner().detected([tmp_path / name])


def test_the_subject_is_large_and_near_the_middle() -> None:
    def found(x: float, y: float, side: float) -> Found:
        return Found(np.array([x, y, x + side, y + side]), 0.9)

    middle, corner, small = found(150, 100, 100), found(0, 0, 105), found(195, 145, 20)
    assert subject([corner, small, middle], 300, 400) is middle
    assert subject([], 300, 400) is None
