import numpy as np
import pytest

from models.errors import WeightsMissing
from models.imaging.decode import Image
from models.imaging.geometry import Box
from models.networks.minifasnet import MiniFasNetPair
from tests.unit.models.drawings import drawn, sources
from tests.unit.models.networks.networks import Constant

BOX: Box = np.array([280.0, 280, 360, 360])


def sure(share: float) -> Constant:
    """Answers that a face is real to this share."""
    rest = np.log((1 - share) / 2)
    return Constant(logits=[rest, np.log(share), rest])


def judge(v1se: Constant, v2: Constant, *images: Image, box: Box = BOX) -> list[float | None]:
    pair = MiniFasNetPair(sources(minifasnet_v1se=v1se, minifasnet_v2=v2))
    return pair.estimate(images, [box] * len(images), [0] * len(images))


@pytest.mark.parametrize(
    ("first", "second", "real"),
    [(0.73, 0.73, True), (0.71, 0.71, False), (0.5, 0.96, True), (0.96, 0.5, True), (0.5, 0.9, False)],
)
def test_the_mean_of_both_networks_decides_at_072(first: float, second: float, real: bool) -> None:
    (answer,) = judge(sure(first), sure(second), drawn(BOX))
    assert answer is not None
    assert (answer >= 0.5) == real


def test_the_networks_see_the_face_and_four_times_and_27_times_its_size_around() -> None:
    v1se, v2 = sure(0.9), sure(0.9)
    image = np.full((640, 640, 3), (10, 60, 110), np.uint8)
    image[280:360, 280:360] = drawn(BOX)[280:360, 280:360]
    judge(v1se, v2, image)
    for network, scale in ((v1se, 4.0), (v2, 2.7)):
        ((planes,),) = network.batches
        assert planes.shape == (3, 80, 80)
        np.testing.assert_allclose(planes[:, 0, 0], [10, 60, 110])  # BGR in [0, 255]
        face = (planes[2] != 110).any(axis=0).nonzero()[0]
        assert face.max() - face.min() + 1 == pytest.approx(80 / scale, abs=2)
        assert (face.max() + face.min() + 1) / 2 == pytest.approx(40, abs=1)


@pytest.mark.parametrize(
    ("box", "left", "right"),
    [
        ((280, 280, 360, 360), 212, 428),
        ((0, 0, 80, 80), 0, 216),
        ((560, 560, 640, 640), 423, 640),
        ((-20, 300, 60, 380), 0, 216),
        ((10, 10, 630, 630), 0, 640),
    ],
)
def test_what_would_reach_over_the_border_is_moved_or_made_smaller(
    box: tuple[float, float, float, float], left: int, right: int
) -> None:
    face: Box = np.array(box, np.float64)
    pattern = drawn(face)
    image = np.where(pattern == 90, np.arange(640)[None, :, None] // 4, pattern).astype(np.uint8)
    v2 = sure(0.9)
    judge(sure(0.9), v2, image, box=face)
    ((planes,),) = v2.batches
    assert planes[0, 0, 0] * 4 == pytest.approx(left, abs=8)
    assert planes[0, 0, -1] * 4 == pytest.approx(right, abs=8)


def test_a_soft_face_is_not_judged_and_reaches_no_network() -> None:
    v1se, v2 = sure(0.99), sure(0.99)
    assert judge(v1se, v2, drawn(BOX, blur=12)) == [None]
    assert v1se.batches == v2.batches == []


def test_answers_keep_their_order_around_soft_faces() -> None:
    soft, crisp = drawn(BOX, blur=12), drawn(BOX)
    answers = judge(sure(0.99), sure(0.99), soft, crisp, soft, crisp)
    assert [answer is None for answer in answers] == [True, False, True, False]


@pytest.mark.parametrize("missing", MiniFasNetPair.models)
def test_one_network_alone_is_no_pair(missing: str) -> None:
    (present,) = set(MiniFasNetPair.models) - {missing}
    with pytest.raises(WeightsMissing, match=missing):
        MiniFasNetPair(sources(**{present.replace("-", "_"): sure(0.9)}))


def test_no_face_reaches_no_network() -> None:
    v1se, v2 = sure(0.9), sure(0.9)
    assert judge(v1se, v2) == []
    assert v1se.batches == v2.batches == []
