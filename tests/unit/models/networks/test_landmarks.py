import numpy as np

from models.networks.landmarks import LandmarkName, landmarks_of, select


def test_the_order_is_the_public_one() -> None:
    assert len(LandmarkName) == 21
    order = list(LandmarkName)
    assert order[7] == "left_eye"
    assert order[10] == "right_eye"
    assert order[12:17] == ["left_ear_bottom", "nose_left", "nose", "nose_right", "right_ear_bottom"]
    assert order[17:] == ["mouth_left", "mouth", "mouth_right", "chin"]


def test_points_are_vertices_or_means_of_vertices() -> None:
    mesh = np.random.default_rng(0).random((468, 3))
    points = landmarks_of(mesh)
    assert points.shape == (21, 2)
    np.testing.assert_array_equal(points[0], mesh[70, :2])
    np.testing.assert_allclose(points[7], mesh[[160, 158, 144, 153], :2].mean(axis=0))
    np.testing.assert_allclose(points[18], mesh[[13, 14], :2].mean(axis=0))
    np.testing.assert_array_equal(points[20], mesh[152, :2])


def test_points_are_selected_by_name() -> None:
    points = np.arange(42.0).reshape(21, 2)
    chosen = select(points, LandmarkName.CHIN, LandmarkName.LEFT_EYE)
    np.testing.assert_array_equal(chosen, points[[20, 7]])
