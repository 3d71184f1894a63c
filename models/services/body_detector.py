"""Service `body-detector`: the bodies in an image."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.family import ModelFamily
from models.imaging.crops import letterboxed
from models.imaging.decode import Image
from models.imaging.geometry import Letterbox, Points, quantise
from models.imaging.preprocessing import bgr_planes
from models.imaging.quarters import TURNED, Quarter, points_as_sent, uprighted
from models.output import BBOX, CONFIDENCE
from models.runtime.session import FloatArray, SessionSource, infer
from models.service import DetectingService, Found, ServiceWithOptions

_MODEL = "nanodet"
_SIDE = 416
_FILL = 114
# Mean and deviation of ImageNet, BGR, on the scale of [0, 255].
_MEAN = np.array([103.53, 116.28, 123.675], np.float32).reshape(3, 1, 1)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32).reshape(3, 1, 1)
_STRIDES = (8, 16, 32)
_PERSON = 0
_BINS = np.arange(11.0)
_MAX_OVERLAP = 0.5
# Two thirds of photos of people have a person as sure as this, and at most one in four if they are rotated.
_CERTAIN = 0.55
# What another rotation has to reach, and by how much it has to be surer.
_LEAST_TURNED, _LEAD = 0.5, 0.05


class BodyDetector(ServiceWithOptions, DetectingService):
    """Finds people, from head to foot as far as they can be seen.

    NanoDet (RangiLyu, 2020) answers per cell of three grids: a score for each of 80 classes, and the distance of each
    side of the box from the cell's centre, as a distribution over whole strides (Li et al.: "Generalized focal loss",
    NeurIPS 2020).

    A photo without a person that is found surely may be rotated: the rotation in which a person is found most surely
    gives the people (decision 14).

    Attributes:
        min_confidence: boxes below it are left out. The lowest value with a precision of at least 0.9 in four of five
            resamplings of labelled photos (`faceline bench thresholds`).
    """

    name = "body-detector"
    family = ModelFamily.BODY
    object_class = "body"
    outputs = (CONFIDENCE, BBOX)
    weights = (_MODEL,)
    in_version_1_0 = True
    min_confidence: ClassVar[float] = 0.39

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        self._session = sessions(_MODEL)
        self._rotations = TURNED if options.turned_photos else ()

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`."""
        found = self._look(images, 0)
        least = [max(_surest(people) + _LEAD, _LEAST_TURNED) for people in found]
        doubtful = [index for index, people in enumerate(found) if _surest(people) < _CERTAIN]
        for quarter in self._rotations:
            seen = self._look([images[index] for index in doubtful], quarter)
            for index, people in zip(doubtful, seen, strict=True):
                if _surest(people) >= least[index]:
                    found[index], least[index] = people, _surest(people)
        return found

    def _look(self, images: Sequence[Image], quarter: Quarter) -> list[list[Found]]:
        """The people of each image who are rotated by this quarter turn."""
        letterboxes = [Letterbox.fit(image.shape[0], image.shape[1], _SIDE) for image in images]
        drawn = (
            uprighted(_centred(image, letterbox), quarter) for image, letterbox in zip(images, letterboxes, strict=True)
        )
        outputs = infer(self._session, drawn, _normalised)
        return [
            _decoded(outputs, row, letterbox, quarter, self.min_confidence) for row, letterbox in enumerate(letterboxes)
        ]


def _surest(people: Sequence[Found]) -> float:
    return max((person.confidence for person in people), default=0.0)


def _corner(letterbox: Letterbox) -> tuple[int, int]:
    """The top left corner (x, y) of an image in the middle of the canvas, as in training."""
    return (_SIDE - letterbox.width) // 2, (_SIDE - letterbox.height) // 2


def _centred(image: Image, letterbox: Letterbox) -> Image:
    """(416, 416, 3) uint8."""
    left, top = _corner(letterbox)
    height, width = letterbox.height, letterbox.width
    canvas = np.full((_SIDE, _SIDE, 3), _FILL, np.uint8)
    canvas[top : top + height, left : left + width] = letterboxed(image, letterbox, (height, width), _FILL)
    return canvas


def _normalised(images: Sequence[Image]) -> FloatArray:
    """(n, h, w, 3) uint8 BGR -> (n, 3, h, w) float32 BGR with the mean and deviation of ImageNet."""
    return (bgr_planes(images) - _MEAN) / _DEVIATION


def _grid() -> tuple[Points, NDArray[np.float64]]:
    """Centres (n, 2) in pixels and strides (n, 1) of all cells, in the order of the outputs."""
    centres, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: _SIDE // stride, : _SIDE // stride]
        centres.append((np.stack([columns, rows], axis=-1).reshape(-1, 2) + 0.5) * stride)
        strides.append(np.full((rows.size, 1), float(stride)))
    return np.concatenate(centres), np.concatenate(strides)


_CENTRES, _CELL_STRIDES = _grid()


def _decoded(
    outputs: Mapping[str, FloatArray], row: int, letterbox: Letterbox, quarter: Quarter, min_confidence: float
) -> list[Found]:
    """Decode one image: of each cell `scores` (80), and `distances` (44): for each side the logits of 11 bins."""
    scores = np.concatenate([outputs[f"scores_{stride}"][row, :, _PERSON] for stride in _STRIDES])
    sure = np.flatnonzero(scores > min_confidence)
    scores = scores[sure]
    logits = np.concatenate([outputs[f"distances_{stride}"][row] for stride in _STRIDES])[sure].reshape(-1, 4, 11)
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True), dtype=np.float64)
    distances = weights @ _BINS / weights.sum(axis=-1) * _CELL_STRIDES[sure]
    starts, ends = _CENTRES[sure] - distances[:, :2], _CENTRES[sure] + distances[:, 2:]
    best = cv2.dnn.NMSBoxes(np.hstack([starts, ends - starts]).tolist(), scores.tolist(), min_confidence, _MAX_OVERLAP)
    corners = np.sort(points_as_sent(np.stack([starts, ends], axis=1), quarter, _SIDE, _SIDE), axis=1)
    boxes = letterbox.to_image(corners - _corner(letterbox)).reshape(-1, 4)
    return [Found(quantise(boxes[index]), float(scores[index])) for index in best]
