import numpy as np
import pytest

from models.errors import ModelError
from models.imaging.decode import Image
from models.imaging.geometry import Points
from models.networks.face_embedder import FaceEmbedder
from tests.unit.models.drawings import FIVE_ON_CROP, MeanColours
from tests.unit.models.networks.networks import Constant


def turned(points: Points, scale: float, degrees: float, shift: tuple[float, float]) -> Points:
    cosine, sine = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    moved: Points = points @ np.array([[cosine, sine], [-sine, cosine]]) + shift
    return moved


def marks(points: Points) -> Image:
    """A picture with a white spot at each point."""
    image = np.zeros((400, 400, 3), np.uint8)
    centres = np.stack(np.meshgrid(np.arange(400) + 0.5, np.arange(400) + 0.5), axis=-1)
    for point in points:
        image[np.linalg.norm(centres - point, axis=-1) < 5] = 255
    return image


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"), [(1, 0, (0, 0)), (2, 0, (50, 30)), (2, 30, (150, 10)), (1.5, -80, (100, 300))]
)
def test_the_five_points_come_to_their_places_on_the_crop(
    scale: float, degrees: float, shift: tuple[float, float]
) -> None:
    points = turned(FIVE_ON_CROP, scale, degrees, shift)
    network = MeanColours()
    FaceEmbedder(network).embed([marks(points)], [points])
    ((planes,),) = network.batches
    assert planes.shape == (3, 112, 112)
    for x, y in FIVE_ON_CROP:
        assert planes[0, int(y), int(x)] > 200


def test_the_network_sees_rgb_from_0_to_255() -> None:
    network = MeanColours()
    FaceEmbedder(network).embed([np.full((112, 112, 3), (10, 60, 250), np.uint8)], [FIVE_ON_CROP])
    np.testing.assert_allclose(network.batches[0][0, :, 50, 50], [250, 60, 10])


def test_an_embedding_has_the_length_of_one() -> None:
    (embedding,) = FaceEmbedder(MeanColours()).embed([marks(FIVE_ON_CROP)], [FIVE_ON_CROP])
    assert np.linalg.norm(embedding) == pytest.approx(1)


@pytest.mark.parametrize("number", [0.0, np.inf, np.nan])
def test_an_embedding_without_a_direction_is_an_error_of_the_model(number: float) -> None:
    with pytest.raises(ModelError, match="the embedding of a face has the length"):
        FaceEmbedder(Constant(embedding=[number] * 128)).embed([marks(FIVE_ON_CROP)], [FIVE_ON_CROP])


def test_no_face_reaches_no_network() -> None:
    network = MeanColours()
    assert FaceEmbedder(network).embed([], []) == []
    assert network.batches == []
