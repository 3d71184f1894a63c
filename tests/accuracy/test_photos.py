"""What anybody can check by looking at the photos in `tests/photos`."""

from dataclasses import astuple
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from models.imaging.decode import Image, decode
from models.imaging.geometry import Box, Points
from models.networks.landmarks import LandmarkName, select
from models.output import Pose
from models.runtime.session import SessionSource
from models.service import Face, Found
from models.services.age_estimator import AgeEstimator
from models.services.emotion_estimator import EmotionEstimator
from models.services.face_fitter import FaceFitter
from models.services.gender_estimator import GenderEstimator
from tests.accuracy.photos import STEADY
from tests.tolerances import assert_alike, assert_points_alike
from tests.unit.models.encoded import encode, oriented

pytestmark = pytest.mark.weights

PHOTOS = Path(__file__).parents[1] / "photos"
PORTRAITS = ("collins", "macron", "ardern", "obama_senate", "obama_speech")
# The middle of each eye, and a box from the hairline to the chin, read off an enlarged print with a grid.
EYES = {
    "collins": [(203, 101), (247, 103)],
    "macron": [(167, 194), (244, 189)],
    "ardern": [(171, 175), (251, 168)],
    "obama_senate": [(205, 206), (275, 198)],
    "obama_speech": [(150, 224), (240, 231)],
}
BOXES = {"collins": (178, 66, 268, 176), "macron": (122, 102, 308, 345)}
EYE_NAMES = (LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE)


@cache
def photo(name: str) -> Image:
    return decode((PHOTOS / f"{name}.jpg").read_bytes())


@pytest.fixture(scope="module")
def fitter(sessions: SessionSource) -> FaceFitter:
    return FaceFitter(sessions)


def only(fitter: FaceFitter, image: Image) -> Found:
    ((face,),) = fitter.detect([image])
    return face


def points(face: Found) -> Points:
    found: Points = face.landmarks
    return found


def pose(face: Found) -> Pose:
    found: Pose = face.pose
    return found


def overlap(first: Box, second: Box) -> float:
    """Intersection over union."""
    shared = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    common = shared.clip(0).prod()
    return float(common / (np.prod(first[2:] - first[:2]) + np.prod(second[2:] - second[:2]) - common))


@pytest.mark.parametrize("name", PORTRAITS)
def test_eyes_are_where_they_are(fitter: FaceFitter, name: str) -> None:
    eyes = select(points(only(fitter, photo(name))), *EYE_NAMES)
    seen = np.array(EYES[name], np.float64)
    between = np.linalg.norm(seen[1] - seen[0])
    assert np.linalg.norm(eyes - seen, axis=1).max() < 0.08 * between


@pytest.mark.parametrize("name", BOXES)
def test_boxes_hold_the_face_from_hairline_to_chin(fitter: FaceFitter, name: str) -> None:
    face = only(fitter, photo(name))
    assert overlap(face.bbox, np.array(BOXES[name], np.float64)) > 0.9
    assert face.confidence > 0.9


@pytest.mark.parametrize("name", PORTRAITS)
def test_points_stand_in_the_order_of_a_face(fitter: FaceFitter, name: str) -> None:
    found = dict(zip(LandmarkName, points(only(fitter, photo(name))), strict=True))
    for left, right in (
        (LandmarkName.LEFT_EYE_LEFT, LandmarkName.LEFT_EYE_RIGHT),
        (LandmarkName.LEFT_EYE_RIGHT, LandmarkName.RIGHT_EYE_LEFT),
        (LandmarkName.NOSE_LEFT, LandmarkName.NOSE_RIGHT),
        (LandmarkName.MOUTH_LEFT, LandmarkName.MOUTH_RIGHT),
        (LandmarkName.LEFT_EAR_BOTTOM, LandmarkName.RIGHT_EAR_BOTTOM),
    ):
        assert found[left][0] < found[right][0]
    for upper, lower in (
        (LandmarkName.LEFT_EYE_BROW_UP, LandmarkName.LEFT_EYE),
        (LandmarkName.LEFT_EYE, LandmarkName.NOSE),
        (LandmarkName.NOSE, LandmarkName.MOUTH),
        (LandmarkName.MOUTH, LandmarkName.CHIN),
    ):
        assert found[upper][1] < found[lower][1]


def test_signs_of_the_pose(fitter: FaceFitter) -> None:
    speech = pose(only(fitter, photo("obama_speech")))
    assert -30 < speech.yaw < -10  # the nose points to the viewer's left
    assert 4 < speech.roll < 14  # the eye on the right stands lower
    senate = pose(only(fitter, photo("obama_senate")))
    assert 0 < senate.yaw < 15
    assert -10 < senate.roll < -2
    assert max(map(abs, astuple(pose(only(fitter, photo("collins")))))) < 12


@pytest.mark.parametrize("turn", [-35, -15, 15, 35])
def test_a_tilted_camera_adds_to_the_roll_and_to_nothing_else(fitter: FaceFitter, turn: float) -> None:
    image = photo("collins")
    rotation = cv2.getRotationMatrix2D((225, 120), -turn, 1.0)
    tilted = cv2.warpAffine(image, rotation, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    before, after = pose(only(fitter, image)), pose(only(fitter, np.asarray(tilted, np.uint8)))
    assert after.roll == pytest.approx(before.roll + turn, abs=2.5)
    # A head that looks down by 7 degrees looks a little aside once it is tilted.
    assert after.yaw == pytest.approx(before.yaw, abs=6)


def test_a_mirrored_photo_mirrors_box_points_and_pose(fitter: FaceFitter) -> None:
    image = photo("obama_speech")
    width = image.shape[1]
    face, mirrored = only(fitter, image), only(fitter, np.ascontiguousarray(image[:, ::-1]))
    size = face.bbox[2] - face.bbox[0]
    np.testing.assert_allclose(width - mirrored.bbox[[2, 0]], face.bbox[[0, 2]], atol=0.05 * size)
    eyes, seen = select(points(face), *EYE_NAMES), select(points(mirrored), *EYE_NAMES[::-1])
    np.testing.assert_allclose(seen * [-1, 1] + [width, 0], eyes, atol=0.02 * size)
    assert pose(mirrored).yaw == pytest.approx(-pose(face).yaw, abs=4)
    assert pose(mirrored).roll == pytest.approx(-pose(face).roll, abs=3)
    assert pose(mirrored).pitch == pytest.approx(pose(face).pitch, abs=4)


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 1), (8, 3)])
def test_a_photo_stored_turned_gives_the_same_answer(fitter: FaceFitter, orientation: int, turns: int) -> None:
    image = photo("collins")
    stored = Pillow.fromarray(np.ascontiguousarray(np.rot90(image, turns)[..., ::-1]))
    face = only(fitter, image)
    righted = only(fitter, decode(encode(stored, "PNG", exif=oriented(orientation))))
    assert_points_alike(righted.bbox, face.bbox)
    assert_points_alike(points(righted), points(face))
    assert_alike(pose(righted), pose(face))


def test_a_jpeg_stored_upside_down_gives_nearly_the_same_answer(fitter: FaceFitter) -> None:
    stored = Pillow.fromarray(np.ascontiguousarray(photo("collins")[::-1, ::-1, ::-1]))
    face = only(fitter, photo("collins"))
    righted = only(fitter, decode(encode(stored, "JPEG", quality=92, exif=oriented(3))))
    np.testing.assert_allclose(righted.bbox, face.bbox, atol=2)
    np.testing.assert_allclose(points(righted), points(face), atol=2)


def test_a_photo_without_faces_gives_none(fitter: FaceFitter) -> None:
    assert fitter.detect([photo("shuttle_model"), np.full((480, 640, 3), 128, np.uint8)]) == [[], []]


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_grey_photo_still_shows_the_face(fitter: FaceFitter, name: str) -> None:
    grey = np.asarray(cv2.cvtColor(photo(name), cv2.COLOR_BGR2GRAY))
    face = only(fitter, decode(encode(Pillow.fromarray(grey), "PNG")))
    assert overlap(face.bbox, only(fitter, photo(name)).bbox) > 0.85


def test_a_face_that_fills_the_picture_is_found(fitter: FaceFitter) -> None:
    x1, y1, x2, y2 = BOXES["macron"]
    face = only(fitter, np.ascontiguousarray(photo("macron")[y1 + 30 : y2, x1:x2]))
    eyes = select(points(face), *EYE_NAMES) + np.array([x1, y1 + 30])
    np.testing.assert_allclose(eyes, EYES["macron"], atol=6)


def tile(name: str, size: int) -> Image:
    """The head of a portrait with what is around it."""
    image = photo(name)
    centre = np.mean(EYES[name], axis=0)
    reach = np.linalg.norm(np.subtract(*EYES[name])) * 1.9
    start, end = (centre - reach).clip(0).astype(int), (centre + reach).astype(int)
    return np.asarray(cv2.resize(image[start[1] : end[1], start[0] : end[0]], (size, size)), np.uint8)


def collage(columns: int, rows: int, size: int) -> Image:
    names = [PORTRAITS[(row + column) % len(PORTRAITS)] for row in range(rows) for column in range(columns)]
    tiles = [tile(name, size) for name in names]
    return np.vstack([np.hstack(tiles[row * columns : (row + 1) * columns]) for row in range(rows)])


@pytest.mark.parametrize(("columns", "rows", "size"), [(5, 1, 240), (8, 5, 200)])
def test_all_faces_of_a_collage_are_found_once_each(fitter: FaceFitter, columns: int, rows: int, size: int) -> None:
    (faces,) = fitter.detect([collage(columns, rows, size)])
    cells = {tuple(((face.bbox[:2] + face.bbox[2:]) / 2 // size).astype(int)) for face in faces}
    assert len(faces) == len(cells) == columns * rows
    assert [face.confidence for face in faces] == sorted((face.confidence for face in faces), reverse=True)
    for face in faces:
        nose = select(points(face), LandmarkName.NOSE)[0]
        assert (nose > face.bbox[:2]).all()
        assert (nose < face.bbox[2:]).all()


def test_a_batch_gives_what_single_images_give(fitter: FaceFitter) -> None:
    images = [photo(name) for name in (*STEADY, "shuttle_model", *STEADY)]
    for image, faces in zip(images, fitter.detect(images), strict=True):
        (alone,) = fitter.detect([image])
        assert len(alone) == len(faces)
        for face, single in zip(faces, alone, strict=True):
            assert_points_alike(face.bbox, single.bbox)
            assert_points_alike(points(face), points(single))


@pytest.fixture(params=["the 21 points", "the box alone"])
def faces(request: pytest.FixtureRequest, fitter: FaceFitter) -> dict[str, Face]:
    found = {name: only(fitter, photo(name)) for name in PORTRAITS}
    bare = request.param == "the box alone"
    return {name: Face(photo(name), face.bbox, None if bare else points(face)) for name, face in found.items()}


def test_gender_is_what_anybody_says(sessions: SessionSource, faces: dict[str, Face]) -> None:
    answers = GenderEstimator(sessions).estimate(list(faces.values()))
    assert [answer.value for answer in answers] == ["female", "male", "female", "male", "male"]
    assert all(answer.confidence is not None and answer.confidence > 0.8 for answer in answers)


def test_age_is_plausible(sessions: SessionSource, faces: dict[str, Face]) -> None:
    collins, macron, *others = AgeEstimator(sessions).estimate(list(faces.values()))
    assert 25 < collins < 45
    assert 38 < macron < 58
    assert all(30 < age < 65 for age in others)


def test_a_smile_is_happy_and_a_straight_face_neutral(sessions: SessionSource, faces: dict[str, Face]) -> None:
    collins, macron, ardern, senate, _ = EmotionEstimator(sessions).estimate(list(faces.values()))
    assert min(collins.happy, ardern.happy, senate.happy) > 0.8
    assert macron.neutral == max(astuple(macron))
    for emotions in (collins, macron, ardern, senate):
        assert sum(astuple(emotions)) == pytest.approx(1)


def test_the_box_alone_gives_nearly_the_points_of_the_fitter(sessions: SessionSource, fitter: FaceFitter) -> None:
    for name in PORTRAITS:
        found = only(fitter, photo(name))
        face = Face(photo(name), found.bbox)
        AgeEstimator(sessions).estimate([face])
        assert face.landmarks is not None
        size = found.bbox[2] - found.bbox[0]
        assert np.linalg.norm(face.landmarks - points(found), axis=1).mean() < 0.02 * size
