import numpy as np
import pytest

from models.imaging.decode import Image
from models.imaging.geometry import Box
from models.networks.anti_spoofing import FaceAntiSpoofing
from tests.unit.models.drawings import drawn, sources
from tests.unit.models.networks.networks import Constant

BOX: Box = np.array([200.0, 200, 440, 440])


def network(leaf: float) -> Constant:
    return Constant(leaf_5=[leaf])


def judge(network: Constant, *images: Image) -> list[float | None]:
    return FaceAntiSpoofing(sources(face_anti_spoofing=network)).estimate(
        images, [BOX] * len(images), [0] * len(images)
    )


@pytest.mark.parametrize(("leaf", "real"), [(0.0, True), (0.0114, True), (-0.0114, True), (0.0116, False), (-1, False)])
def test_one_leaf_alone_decides(leaf: float, real: bool) -> None:
    (answer,) = judge(network(leaf), drawn(BOX))
    assert answer is not None
    assert (answer >= 0.5) == real


@pytest.mark.parametrize("leaf", [0.0, 1.0, 7.0, -7.0])
def test_an_answer_is_a_share(leaf: float) -> None:
    (answer,) = judge(network(leaf), drawn(BOX))
    assert answer == (1 if leaf == 0 else 0)


def test_a_soft_face_is_not_judged_and_reaches_no_network() -> None:
    real = network(0.0)
    assert judge(real, drawn(BOX, blur=8)) == [None]
    assert real.batches == []


def test_answers_keep_their_order_around_soft_faces() -> None:
    real = network(0.0)
    assert judge(real, drawn(BOX, blur=8), drawn(BOX), drawn(BOX, blur=8), drawn(BOX)) == [None, 1, None, 1]
    assert [len(batch) for batch in real.batches] == [2]


def test_the_network_sees_the_square_around_the_face_in_colours_from_0_to_1() -> None:
    image = drawn(BOX)
    image[..., 0] = 0
    real = network(0.0)
    judge(real, image)
    ((pixels,),) = real.batches
    assert pixels.shape == (256, 256, 3)
    np.testing.assert_allclose(pixels[5, 5], [90 / 255, 90 / 255, 0], atol=1e-6)
    assert pixels.max() <= 1


def test_no_face_reaches_no_network() -> None:
    real = network(0.0)
    assert judge(real) == []
    assert real.batches == []
