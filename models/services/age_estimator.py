"""Service `age-estimator`: the apparent age of each face."""

from collections.abc import Sequence

from config.options import DEFAULT_OPTIONS, ServiceOptions
from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.imaging.preprocessing import rgb_planes, with_mirrors
from models.networks.face_crop import face_crop
from models.output import Output
from models.runtime.session import SessionSource, infer
from models.services.face_attribute import FaceAttributeEstimator

_MODEL = "faceapi-age-gender"


class AgeEstimator(FaceAttributeEstimator[float]):
    """Estimates the apparent age of each face, in years."""

    name = "age-estimator"
    output = Output("age", float)
    weights = (*FaceAttributeEstimator.fitting_models, _MODEL)
    in_version_1_0 = True

    def __init__(self, sessions: SessionSource, options: ServiceOptions = DEFAULT_OPTIONS) -> None:
        super().__init__(sessions, options)
        self._session = sessions(_MODEL)

    def _estimate(self, images: Sequence[Image], landmarks: Sequence[Points]) -> list[float]:
        """Mean of the crop and its mirror image; the network was trained on ages from 0 to 116."""
        crops = (face_crop(image, points) for image, points in zip(images, landmarks, strict=True))
        ages = infer(self._session, with_mirrors(crops), rgb_planes)["age"].reshape(-1, 2)
        return [max(float(age), 0.0) for age in ages.mean(axis=1)]
