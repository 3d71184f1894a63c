"""Face embedder: SFace. Embeddings are what faces are compared by."""

from collections.abc import Sequence

import numpy as np

from models.errors import ModelError
from models.imaging.crops import warp
from models.imaging.decode import Image
from models.imaging.geometry import Points, similarity
from models.imaging.preprocessing import rgb_planes
from models.networks.template import Embedding
from models.runtime.session import Session, infer

_SIZE = 112
# The eyes, the tip of the nose and the corners of the mouth in the crops that the network was trained on (Deng et al.:
# "ArcFace", CVPR 2019).
_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


class FaceEmbedder:
    """Embeds faces with SFace (Zhong et al.: "SFace: sigmoid-constrained hypersphere loss", TIP 2021)."""

    model = "sface"

    def __init__(self, session: Session) -> None:
        self._session = session

    def embed(self, images: Sequence[Image], points: Sequence[Points]) -> list[Embedding]:
        """Embed each face.

        Args:
            images: the image of each face.
            points: (5, 2) of each: the eye on the viewer's left, the other eye, the tip of the nose, the corner of the
                mouth on the viewer's left, the other corner.

        Raises:
            ModelError: the engine failed.
        """
        crops = (warp(image, similarity(five, _TEMPLATE), _SIZE) for image, five in zip(images, points, strict=True))
        outputs = infer(self._session, crops, rgb_planes)
        return [_unit(outputs["embedding"][row]) for row in range(len(points))]


def _unit(embedding: Embedding) -> Embedding:
    length = np.linalg.norm(embedding)
    if not 0 < length < np.inf:
        raise ModelError(f"the embedding of a face has the length {length}")
    return embedding / length
