"""Face mesh of 468 points: MediaPipe Face Mesh."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, radians

import numpy as np
from numpy.typing import NDArray

from models.imaging.crops import warp
from models.imaging.decode import Image
from models.imaging.geometry import Box, Region, angle, apply, inverse, scale_of
from models.imaging.preprocessing import unit_rgb_pixels
from models.runtime.session import Session, infer

_SIZE = 192
_BOX_MARGIN = 1.35
_MESH_MARGIN = 1.5
_MAX_LOOKS = 5
_SETTLED = radians(10)
_LEFT_EYE, _RIGHT_EYE = [33, 133], [362, 263]


@dataclass(frozen=True, slots=True)
class Mesh:
    """The mesh of a face.

    Attributes:
        points: (468, 3) float64, in the order of MediaPipe's canonical face: x, y in pixels of the image, z in the
            same unit, growing away from the viewer.
    """

    points: NDArray[np.float64]

    @property
    def turn(self) -> float:
        """Direction of the line through the eyes in radians, 0 = level, clockwise."""
        return angle(self.points[_LEFT_EYE, :2].mean(axis=0), self.points[_RIGHT_EYE, :2].mean(axis=0))


class FaceMesh:
    """Fits the mesh (Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", 2019).

    The network needs a square around the mesh with the eyes level, and only the mesh has the direction of the eyes. So
    it runs twice, and again while the direction that it finds differs much from the one that it was given.
    """

    model = "facemesh"

    def __init__(self, session: Session) -> None:
        self._session = session

    def fit(self, images: Sequence[Image], boxes: Sequence[Box], turns: Sequence[float]) -> list[Mesh]:
        """Fit a mesh to each face.

        Args:
            images: the image of each face.
            boxes: its box.
            turns: the direction of its eye line as in `Mesh.turn`; 0 where nothing is known.

        Raises:
            ModelError: the engine failed.
        """
        regions = [
            Region.of_box(box, turn).squared().grown(_BOX_MARGIN) for box, turn in zip(boxes, turns, strict=True)
        ]
        meshes = self._look(images, regions)
        unsettled = list(range(len(meshes)))
        for _ in range(1, _MAX_LOOKS):
            if not unsettled:
                break
            for index in unsettled:
                mesh = meshes[index]
                regions[index] = Region.around(mesh.points[:, :2], mesh.turn).squared().grown(_MESH_MARGIN)
            again = self._look([images[index] for index in unsettled], [regions[index] for index in unsettled])
            for index, mesh in zip(unsettled, again, strict=True):
                meshes[index] = mesh
            unsettled = [index for index in unsettled if _turned(regions[index].turn, meshes[index].turn) > _SETTLED]
        return meshes

    def _look(self, images: Sequence[Image], regions: Sequence[Region]) -> list[Mesh]:
        maps = [region.to_square(_SIZE) for region in regions]
        crops = (warp(image, to_crop, _SIZE) for image, to_crop in zip(images, maps, strict=True))
        outputs = infer(self._session, crops, unit_rgb_pixels)
        meshes = []
        for row, to_crop in enumerate(maps):
            seen = outputs["mesh"][row].reshape(468, 3).astype(np.float64)
            points = apply(inverse(to_crop), seen[:, :2])
            meshes.append(Mesh(np.column_stack([points, seen[:, 2] / scale_of(to_crop)])))
        return meshes


def _turned(before: float, after: float) -> float:
    """The smaller angle between two directions, in [0, pi]."""
    return abs((after - before + pi) % (2 * pi) - pi)
