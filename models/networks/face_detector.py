"""Face detector: YuNet, which finds upright faces, and a search for rotated faces."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from models.imaging.crops import resized
from models.imaging.decode import Image
from models.imaging.geometry import Box, Letterbox
from models.imaging.quarters import TURNED, Quarter, box_as_sent, points_as_sent, uprighted
from models.networks.face_quarter import LEAST_TURNED, FaceQuarterVote
from models.networks.yunet import Detection, YuNet
from models.runtime.session import Session

_SIDE = 640
# Faces that fill the picture are missed; seen from further away, against grey, they are found.
_SMALL_SIDE = 320
_RETRY_MARGINS = (0.3, 0.6, 1.0)
# Surer faces are upright: of 1,200 in rotated photos, none had more than .924. All 114 upright portraits have .937.
_CERTAIN = 0.93
# The vote costs up to four looks for each face, and photos of crowds have many doubtful faces.
_MOST_VOTES = 5
# Faces that lean by 60 degrees have this confidence in the nearest rotation. In 35 photos without faces, none had .6.
_LEAST_IN_EMPTY = 0.8
# More where upright a doubtful face is found: masked and closely cropped faces have up to .91 upside down. Less is
# enough if a vote on the rotated face confirms the rotation.
_LEAST_ELSE = 0.915
# Intersection over the smaller box. Doubtful faces that reach into a rotated one are parts of it, found in the wrong
# rotation.
_SAME_FACE, _PART_OF_FACE = 0.5, 0.2


class FaceDetector:
    """Finds faces, also those on their side and upside down.

    Faces that are found with little confidence may be rotated, and so may photos in which no face is found. Only these
    are looked at in other rotations (decision 14): a vote on each such face says by which quarter turn it is rotated,
    and the photo is searched again in that rotation. So a rotated photo gives the faces that it gives upright.

    Args:
        session: of the model.
        turned: whether rotated faces are looked for.
    """

    model = YuNet.model

    def __init__(self, session: Session, *, turned: bool = True) -> None:
        self._network = YuNet(session)
        self._votes = FaceQuarterVote(self._network) if turned else None

    def detect(self, images: Sequence[Image]) -> list[list[Detection]]:
        """Find the faces of each image, surest first.

        Raises:
            ModelError: the engine failed.
        """
        found = self._search(images)
        if self._votes is None:
            return found
        certain, rotations = self._rotations(images, found, self._votes)
        for turn in range(len(TURNED)):
            for quarter in TURNED:
                members = [index for index, order in enumerate(rotations) if order[turn : turn + 1] == [quarter]]
                seen = self._search([uprighted(images[index], quarter) for index in members])
                for index, faces in zip(members, seen, strict=True):
                    as_sent = [_as_sent(face, quarter, images[index]) for face in faces]
                    found[index], certain[index] = _merged(found[index], certain[index], as_sent)
        return found

    def _search(self, images: Sequence[Image]) -> list[list[Detection]]:
        """The upright faces of each image. Where there are none, it is tried again with ever wider margins."""
        found = self._network.look(images, _SIDE)
        for margin in _RETRY_MARGINS:
            missed = [index for index, faces in enumerate(found) if not faces]
            again = self._network.look([images[index] for index in missed], _SMALL_SIDE, margin)
            for index, faces in zip(missed, again, strict=True):
                found[index] = faces
        return found

    def _rotations(
        self, images: Sequence[Image], found: Sequence[Sequence[Detection]], votes: FaceQuarterVote
    ) -> tuple[list[list[Detection]], list[list[Quarter]]]:
        """Of each image, the faces that are certainly upright, and the rotations of the others, the surest first."""
        certain = [[face for face in faces if face.confidence >= _CERTAIN] for faces in found]
        rotations: list[dict[Quarter, float]] = [{} for _ in images]
        doubtful = [(index, face) for index, faces in enumerate(found) for face in _largest_doubtful(faces)]
        voted = votes.vote([images[index] for index, _ in doubtful], [face.bbox for _, face in doubtful])
        for (index, face), vote in zip(doubtful, voted, strict=True):
            if vote.quarter:
                surest = max(vote.confidence, rotations[index].get(vote.quarter, 0.0))
                rotations[index][vote.quarter] = surest
            elif vote.is_face:
                certain[index].append(face)
        unknown = [index for index in range(len(images)) if not certain[index] and not rotations[index]]
        of_photos = self._photo_rotations(
            [images[index] for index in unknown], [bool(found[index]) for index in unknown], votes
        )
        for index, quarter in zip(unknown, of_photos, strict=True):
            if quarter:
                rotations[index][quarter] = 1.0
        return certain, [sorted(each, key=lambda quarter: -each[quarter]) for each in rotations]

    def _photo_rotations(
        self, images: Sequence[Image], doubtful: Sequence[bool], votes: FaceQuarterVote
    ) -> list[Quarter]:
        """The rotation of each image in which a face is found most surely; 0 if it is not sure enough.

        Args:
            images: each (h, w, 3) uint8.
            doubtful: whether a doubtful face was found in the image upright.
            votes: confirms rotations.
        """
        surest = self._surest_turned(images)
        rotations = [turned.quarter if turned.confidence >= _LEAST_IN_EMPTY else 0 for turned in surest]
        open_ = [
            index
            for index, turned in enumerate(surest)
            if rotations[index] and doubtful[index] and turned.confidence < _LEAST_ELSE
        ]
        voted = votes.vote([images[index] for index in open_], [surest[index].bbox for index in open_])
        for index, vote in zip(open_, voted, strict=True):
            if vote.quarter != rotations[index]:
                rotations[index] = 0
        return rotations

    def _surest_turned(self, images: Sequence[Image]) -> list["_Turned"]:
        """The surest face of each image, made small, in all rotations but upright."""
        boxes = [Letterbox.fit(image.shape[0], image.shape[1], _SMALL_SIDE) for image in images]
        small = [resized(image, box.height, box.width) for image, box in zip(images, boxes, strict=True)]
        surest = [_Turned(0, 0.0, np.zeros(4))] * len(images)
        for quarter in TURNED:
            seen = self._network.look([uprighted(image, quarter) for image in small], _SMALL_SIDE)
            for index, faces in enumerate(seen):
                if faces and faces[0].confidence >= surest[index].confidence:
                    bbox = box_as_sent(faces[0].bbox, quarter, *small[index].shape[:2])
                    bbox = boxes[index].to_image(bbox.reshape(2, 2)).reshape(4)
                    surest[index] = _Turned(quarter, faces[0].confidence, bbox)
        return surest


class _Turned(NamedTuple):
    """A face that was found in a rotation of a whole image.

    Attributes:
        quarter: the rotation; 0 if no face was found.
        confidence: in [0, 1].
        bbox: in the image as it was sent, in pixels.
    """

    quarter: Quarter
    confidence: float
    bbox: Box


def _largest_doubtful(faces: Sequence[Detection]) -> list[Detection]:
    doubtful = [face for face in faces if face.confidence < _CERTAIN]
    return sorted(doubtful, key=lambda face: -float((face.bbox[2:] - face.bbox[:2]).prod()))[:_MOST_VOTES]


def _as_sent(face: Detection, quarter: Quarter, image: Image) -> Detection:
    """A face of the image that was rotated back, in the image as it was sent."""
    size = image.shape[0], image.shape[1]
    return Detection(
        box_as_sent(face.bbox, quarter, *size), points_as_sent(face.keypoints, quarter, *size), face.confidence
    )


def _merged(
    found: list[Detection], certain: list[Detection], rotated: list[Detection]
) -> tuple[list[Detection], list[Detection]]:
    """The faces of a photo after a search in a rotation: all faces, and the certain faces.

    A photo without a certain face is rotated as a whole: it has the faces of the rotation, those of little confidence
    too. Else the faces of the rotation replace the ones that they overlap.
    """
    if not certain and rotated:
        return rotated, rotated
    new = [face for face in _outside(rotated, certain, _SAME_FACE) if face.confidence >= LEAST_TURNED]
    doubtful = [face for face in found if all(face is not other for other in certain)]
    faces = [*certain, *_outside(doubtful, new, _PART_OF_FACE), *new]
    return sorted(faces, key=lambda face: -face.confidence), [*certain, *new]


def _outside(faces: Iterable[Detection], others: Sequence[Detection], most: float) -> list[Detection]:
    """The faces that overlap none of the others by more than `most`."""
    return [face for face in faces if all(_overlap(face, other) <= most for other in others)]


def _overlap(first: Detection, second: Detection) -> float:
    """Intersection of two boxes over the smaller one, in [0, 1]."""
    sides = np.minimum(first.bbox[2:], second.bbox[2:]) - np.maximum(first.bbox[:2], second.bbox[:2])
    areas = [float((face.bbox[2:] - face.bbox[:2]).prod()) for face in (first, second)]
    return float(sides.clip(0).prod()) / max(min(areas), 1e-9)
