from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from models.imaging.decode import Image
from models.imaging.quarters import TURNED, Quarter, box_as_sent, points_as_sent
from models.networks.face_detector import FaceDetector
from models.runtime.session import MAX_ROWS
from tests.unit.models.networks.networks import BlindYunet, SpotYunet, UprightYunet


def spotted(height: int, width: int, x: int, y: int, radius: int = 6) -> Image:
    image = np.full((height, width, 3), 90, np.uint8)
    image[max(y - radius, 0) : y + radius, max(x - radius, 0) : x + radius] = 0, 0, 255
    return image


@pytest.mark.parametrize(("height", "width"), [(640, 640), (300, 400), (1200, 801), (61, 200), (2000, 3000)])
def test_a_face_is_told_in_pixels_of_its_image(height: int, width: int) -> None:
    x, y = width // 3, height // 2
    (face,) = FaceDetector(SpotYunet()).detect([spotted(height, width, x, y, max(width // 40, 2))])[0]
    scale = 640 / max(height, width)
    centre = (face.bbox[:2] + face.bbox[2:]) / 2
    np.testing.assert_allclose(centre, [x, y], atol=1.5 / scale)
    np.testing.assert_allclose(face.bbox[2:] - face.bbox[:2], [32 / scale, 40 / scale], rtol=0.01)
    np.testing.assert_allclose(face.keypoints, np.tile(centre, (5, 1)), atol=1e-3)
    assert face.confidence == pytest.approx(0.95)


def test_images_of_one_shape_share_a_run_and_answers_keep_their_order() -> None:
    network = SpotYunet()
    places = [(100 + 20 * n, 90 + 10 * n) for n in range(6)]
    images = [spotted(480, 640, x, y) if n % 2 else spotted(640, 480, x, y) for n, (x, y) in enumerate(places)]
    found = FaceDetector(network).detect(images)
    assert sorted(network.shapes) == [(3, 3, 480, 640), (3, 3, 640, 480)]
    for (x, y), (face,) in zip(places, found, strict=True):
        np.testing.assert_allclose((face.bbox[:2] + face.bbox[2:]) / 2, [x, y], atol=1)


def test_a_run_holds_no_more_images_than_the_cap() -> None:
    network = SpotYunet()
    FaceDetector(network).detect([spotted(64, 64, 30, 30)] * (MAX_ROWS + 3))
    assert [shape[0] for shape in network.shapes] == [MAX_ROWS, 3]


def test_no_image_reaches_no_network() -> None:
    network = SpotYunet()
    assert FaceDetector(network).detect([]) == []
    assert network.shapes == []


def test_where_nothing_is_found_wider_margins_are_tried_and_then_nothing_is_the_answer() -> None:
    network = SpotYunet()
    empty = np.full((240, 320, 3), 90, np.uint8)
    assert FaceDetector(network, turned=False).detect([empty]) == [[]]
    assert [shape[2:] for shape in network.shapes] == [(480, 640), (288, 320), (288, 320), (320, 320)]


def test_where_nothing_is_found_upright_the_small_image_is_looked_at_in_each_rotation() -> None:
    network = SpotYunet()
    assert FaceDetector(network).detect([np.full((240, 320, 3), 90, np.uint8)]) == [[]]
    assert [shape[2:] for shape in network.shapes[4:]] == [(320, 256), (256, 320), (320, 256)]


@pytest.mark.parametrize("room", [60, 90, 105])
def test_a_face_at_the_border_is_found_with_a_margin_and_told_where_it_is(room: int) -> None:
    network = SpotYunet(room)
    image = spotted(480, 640, 20, 240, 20)
    other = spotted(480, 640, 320, 240)
    found = FaceDetector(network).detect([image, other])
    (face,) = found[0]
    np.testing.assert_allclose((face.bbox[:2] + face.bbox[2:]) / 2, [20, 240], atol=6)
    assert len(found[1]) == 1
    assert all(shape[0] == 1 for shape in network.shapes[1:])  # the other image was not tried again


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (5, 4000)])
def test_degenerate_images_hold_no_face(shape: tuple[int, int]) -> None:
    assert FaceDetector(SpotYunet()).detect([np.zeros((*shape, 3), np.uint8)]) == [[]]


def test_overlapping_answers_are_one_face_and_the_surest_comes_first() -> None:
    class Crowd(SpotYunet):
        def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs = dict(super().run(batch))
            for cell, score in ((10, 0.7), (11, 0.95), (300, 0.8), (900, 0.5)):
                outputs["cls_8"][:, cell] = outputs["obj_8"][:, cell] = score
                outputs["bbox_8"][:, cell] = [0.5, 0.5, np.log(6), np.log(6)]
            return outputs

    faces = FaceDetector(Crowd(), turned=False).detect([np.zeros((640, 640, 3), np.uint8)])[0]
    assert [face.confidence for face in faces] == pytest.approx([0.95, 0.8])


def drawn_face(*centres: tuple[int, int], quarter: Quarter = 0, shape: tuple[int, int] = (640, 480)) -> Image:
    """A red spot 60 pixels above a blue one around each centre, in an image that is rotated clockwise then."""
    image = np.full((*shape, 3), 90, np.uint8)
    for x, y in centres:
        image[y - 36 : y - 24, x - 6 : x + 6] = 0, 0, 255
        image[y + 24 : y + 36, x - 6 : x + 6] = 255, 0, 0
    return np.ascontiguousarray(np.rot90(image, -quarter))


@pytest.mark.parametrize("unsure", [0.8, 0.3], ids=["found in any rotation", "found upright only"])
@pytest.mark.parametrize("quarter", TURNED)
def test_a_rotated_photo_has_the_faces_that_it_has_upright(quarter: Quarter, unsure: float) -> None:
    detector = FaceDetector(UprightYunet(unsure=unsure))
    ((upright,), (rotated,)) = detector.detect([drawn_face((200, 300)), drawn_face((200, 300), quarter=quarter)])
    height, width = (640, 480) if quarter == 2 else (480, 640)
    np.testing.assert_allclose(rotated.bbox, box_as_sent(upright.bbox, quarter, height, width), atol=1)
    np.testing.assert_allclose(rotated.keypoints, points_as_sent(upright.keypoints, quarter, height, width), atol=1)
    assert rotated.confidence == upright.confidence
    assert (upright.quarter, rotated.quarter) == (0, quarter)


@dataclass
class Distracted(UprightYunet):
    """Sees upright faces with 0.9, and in whole photos a doubtful one at the top left, in any rotation."""

    sure: float = 0.9
    unsure: float = 0.3
    sees_crops: bool = True

    def run(self, batch: np.ndarray) -> Mapping[str, np.ndarray]:
        if batch.shape[2] == 160 and not self.sees_crops:
            return BlindYunet().run(batch)
        outputs = dict(super().run(batch))
        if max(batch.shape[2:]) == 640:
            outputs["cls_8"][:, 0] = outputs["obj_8"][:, 0] = 0.7
            outputs["bbox_8"][:, 0] = [2, 2, *np.log([3, 3])]
            outputs["kps_8"][:, 0] = [1, 1, 3, 1, 2, 2, 1, 3, 3, 3]
        return outputs


@pytest.mark.parametrize("quarter", TURNED)
@pytest.mark.parametrize("confirmed", [True, False])
def test_beside_a_doubtful_upright_face_a_vote_has_to_confirm_the_rotation_of_the_photo(
    quarter: Quarter, confirmed: bool
) -> None:
    faces = FaceDetector(Distracted(sees_crops=confirmed)).detect([drawn_face((250, 350), quarter=quarter)])[0]
    assert (faces[0].confidence, faces[0].quarter) == (pytest.approx(0.9 if confirmed else 0.7), quarter * confirmed)


def test_a_sure_face_is_looked_at_once() -> None:
    network = UprightYunet()
    FaceDetector(network).detect([drawn_face((200, 300))])
    assert len(network.shapes) == 1


def test_a_doubtful_face_that_is_surest_upright_stays_as_it_was_found() -> None:
    network = UprightYunet(sure=0.9, unsure=0.89)
    image = drawn_face((200, 300))
    (expected,), (found,) = FaceDetector(network, turned=False).detect([image]) + FaceDetector(network).detect([image])
    assert (found.bbox == expected.bbox).all()
    assert (found.keypoints == expected.keypoints).all()
    assert found.quarter == 0


def test_in_a_crowd_the_five_largest_doubtful_faces_get_a_vote() -> None:
    class Doubtful(SpotYunet):
        """Sees eight faces, ever larger, in the whole photo, and none in crops."""

        def run(self, batch: np.ndarray) -> dict[str, np.ndarray]:
            outputs = dict(super().run(batch))
            if batch.shape[2] == 640:
                for face in range(8):
                    cell = 80 * (5 + 10 * (face // 4)) + 10 + 15 * (face % 4)
                    outputs["cls_8"][:, cell] = outputs["obj_8"][:, cell] = 0.7
                    outputs["bbox_8"][:, cell] = [0.5, 0.5, *np.log([3 + face / 4] * 2)]
            return outputs

    network = Doubtful()
    faces = FaceDetector(network).detect([np.full((640, 640, 3), 90, np.uint8)])[0]
    assert len(faces) == 8
    assert [shape[0] for shape in network.shapes if shape[2] == 160] == [5, 5 * len(TURNED)]


@pytest.mark.parametrize("quarter", TURNED)
def test_without_the_option_only_upright_faces_are_looked_for(quarter: Quarter) -> None:
    network = UprightYunet()
    ((face,),) = FaceDetector(network, turned=False).detect([drawn_face((200, 300), quarter=quarter)])
    assert face.quarter == 0
    assert len(network.shapes) == 1
