from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.figures import Figure
from bench.accuracy.tasks.turned import measure, rotated_image
from models.imaging.geometry import apply
from models.runtime.session import FloatArray, Session
from tests.unit.bench.accuracy.kits import empty, face, kit, make_predictor
from tests.unit.models.networks.networks import SpotYunet


class WholeFace(SpotYunet):
    """Gives boxes that contain the eyes."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        outputs = dict(super().run(batch))
        outputs["bbox_8"][..., 2:] += np.log(5)
        return outputs


class WideOnly(WholeFace):
    """Sees faces in photos that are wider than high, and in no small one."""

    def run(self, batch: FloatArray) -> Mapping[str, FloatArray]:
        return super().run(batch if batch.shape[2:] == (480, 640) else np.zeros_like(batch))


def measured(folder: Path, yunet: Session) -> dict[str, Figure]:
    shown = {"seen.png": face(), "unseen.png": empty()}
    made = kit(folder, "verification", shown, [{"path": name, "label": "", "subset": "drawn"} for name in shown])
    predictor = make_predictor(yunet=yunet)
    return {figure.measure: figure for figure in measure(made, predictor) if figure.n}


@pytest.mark.parametrize("angle_deg", [90, 180, 270])
def test_a_face_that_gives_the_same_answers_at_each_angle_has_full_shares(tmp_path: Path, angle_deg: int) -> None:
    figures = measured(tmp_path, WholeFace())
    for measure_name in ("found", "roll right", "age within 2 years", "same gender", "same emotion"):
        figure = figures[f"{measure_name}, {angle_deg}°"]
        # Only the photo with a face upright counts.
        assert (figure.value, figure.n, figure.not_found) == (1, 1, 0)
    assert figures[f"points, {angle_deg}°"].value < 2


def test_a_face_that_is_not_found_at_an_angle_is_an_error_there(tmp_path: Path) -> None:
    figures = measured(tmp_path, WideOnly())
    for angle_deg, value in ((90, 0), (180, 1), (270, 0)):
        for measure_name in ("found", "roll right", "same gender", "accepted at the table's FAR 0.001"):
            assert figures[f"{measure_name}, {angle_deg}°"].value == value
    assert (figures["points, 90°"].n, figures["points, 90°"].not_found) == (1, 1)


@pytest.mark.parametrize("angle_deg", [90, 180, 270, 60, -60])
def test_a_point_of_the_photo_is_the_same_spot_of_the_rotated_one(angle_deg: float) -> None:
    image = np.zeros((90, 140, 3), np.uint8)
    image[20:30, 100:110] = 255
    rotated, matrix = rotated_image(image, angle_deg)
    y, x = np.nonzero(rotated[..., 0] > 200)
    np.testing.assert_allclose(apply(matrix, np.array([105.0, 25.0])), [x.mean() + 0.5, y.mean() + 0.5], atol=0.5)
    if angle_deg % 90 == 0:
        assert (rotated == np.rot90(image, -angle_deg // 90)).all()
