"""The photos in `tests/photos`, and what can be done to them."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from models.imaging.decode import Image, decode
from models.networks.landmarks import LandmarkName, select
from models.runtime.session import SessionSource
from models.service import Face
from models.services.face_fitter import FaceFitter

PORTRAITS = ("collins", "macron", "ardern", "obama_senate", "obama_speech")
# Crops of a face of more than about 380 pixels are halved first, from a whole pixel on: where rounding moves it by one,
# the answer jumps by more than `tests.tolerances` grants. Two looks at such a photo are not compared.
STEADY = tuple(name for name in PORTRAITS if name != "obama_speech")
NOBODY = "shuttle_model"
MASK_COLOUR = (220, 200, 160)


@cache
def photo(name: str) -> Image:
    """(h, w, 3) uint8 BGR; callers leave it as it is."""
    return decode((Path(__file__).parents[1] / "photos" / f"{name}.jpg").read_bytes())


def fitted(sessions: SessionSource, name: str) -> Face:
    """The one face of a portrait, with points and pose."""
    ((face,),) = FaceFitter(sessions).detect([photo(name)])
    return Face(photo(name), face.bbox, face.landmarks, face.pose)


def masked(face: Face) -> Face:
    """The same face with a paper mask drawn from ear to ear and from the bridge of the nose to the chin."""
    assert face.landmarks is not None
    left, nose, right, chin = select(
        face.landmarks,
        LandmarkName.LEFT_EAR_BOTTOM,
        LandmarkName.NOSE,
        LandmarkName.RIGHT_EAR_BOTTOM,
        LandmarkName.CHIN,
    )
    eyes = select(face.landmarks, LandmarkName.LEFT_EYE, LandmarkName.RIGHT_EYE).mean(axis=0)
    jaw = [(0.7 * right[0] + 0.3 * chin[0], chin[1]), chin, (0.7 * left[0] + 0.3 * chin[0], chin[1])]
    outline = np.array([left, 0.6 * nose + 0.4 * eyes, right, *jaw]).astype(np.int32)
    image = face.image.copy()
    cv2.fillPoly(image, [outline], MASK_COLOUR)
    return Face(image, face.bbox, face.landmarks, face.pose)


def blurred(face: Face, share: float) -> Face:
    """The same face behind a Gaussian blur of this share of its width."""
    width = float(face.bbox[2] - face.bbox[0])
    image = np.asarray(cv2.GaussianBlur(face.image, (0, 0), share * width), np.uint8)
    return Face(image, face.bbox, face.landmarks, face.pose)


def side_by_side(*names: str) -> Image:
    """Photos next to each other, 540 pixels high."""
    tiles = [photo(name) for name in names]
    return np.hstack([cv2.resize(tile, (540 * tile.shape[1] // tile.shape[0], 540)) for tile in tiles])
