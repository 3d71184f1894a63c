import runpy
from base64 import b64encode

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.reliability.stack import SABOTAGE
from bench.reliability.work import alike, poisoned, shipped_photos
from models.imaging.decode import decode
from models.networks.template import DIMENSION, encode


def with_template(embedding: NDArray[np.float32]) -> dict[str, object]:
    return {"template": {"_name": {"blob": b64encode(encode(embedding)).decode()}}}


@pytest.mark.parametrize(
    ("found", "is_alike"),
    [
        ({"objects": [{"age": 31, "bbox": [0.1, 0.2], "gender": "female"}]}, True),
        ({"objects": [{"age": 31, "bbox": [0.1, 0.2000001], "gender": "female"}], "_image": {}}, True),
        ({"objects": [{"age": 31, "bbox": [0.1, 0.25], "gender": "female"}]}, False),
        ({"objects": [{"age": 31, "bbox": [0.1, 0.2], "gender": "male"}]}, False),
        ({"objects": [{"age": 32, "bbox": [0.1, 0.2], "gender": "female"}]}, False),
        ({"objects": [{"bbox": [0.1, 0.2], "gender": "female"}]}, False),
        ({"objects": []}, False),
        ({}, False),
        (None, False),
    ],
)
def test_results_are_alike_but_for_the_last_digits(found: object, is_alike: bool) -> None:
    assert alike(found, {"objects": [{"age": 31, "bbox": [0.1, 0.2], "gender": "female"}]}) is is_alike


def test_templates_are_compared_by_their_cosine() -> None:
    one, other = np.eye(2, DIMENSION, dtype=np.float32)
    assert alike(with_template(one + 0.001 * other), with_template(one))
    assert not alike(with_template(other), with_template(one))


def test_a_poisoned_photo_is_a_whole_photo() -> None:
    for photo in shipped_photos().values():
        assert np.array_equal(decode(poisoned(photo)), decode(photo))


def test_the_poison_is_where_the_sabotage_looks_for_it() -> None:
    sabotage = runpy.run_path(str(SABOTAGE / "sitecustomize.py"))
    for photo in shipped_photos().values():
        assert sabotage["POISON"] in poisoned(photo)[: sabotage["SEARCHED"]]
        assert sabotage["POISON"] not in photo
