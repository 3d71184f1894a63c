from itertools import pairwise

from api.services.listing import service_view
from config.settings import LimitSettings
from models.catalogue import services


def test_verify_matcher_lists_its_operating_points() -> None:
    view = service_view(services()["verify-matcher"], LimitSettings())
    points = [point.model_dump() for point in view.operating_points]
    assert [(point["name"], point["fa_r"]) for point in points] == [
        ("convenience", 1e-3),
        ("identity", 1e-4),
        ("strict", 1e-5),
    ]
    assert set(points[0]) == {"name", "fa_r", "look_alike_rate", "max_distance", "purpose"}
    assert [point["purpose"].partition(":")[0].split(",")[0] for point in points] == [
        "unlock a convenience",
        "check an identity",
        "de-duplicate",
    ]
    distances = [point["max_distance"] for point in points]
    assert distances == sorted(distances, reverse=True)


def test_other_services_have_no_operating_points() -> None:
    for name, service in services().items():
        if name != "verify-matcher":
            assert service_view(service, LimitSettings()).operating_points == []


def test_verify_matcher_lists_how_often_thresholds_err() -> None:
    curve = service_view(services()["verify-matcher"], LimitSettings()).error_curve
    assert (curve[0].distance, curve[-1].distance) == (0, 15000)
    for earlier, later in pairwise(curve):
        assert earlier.distance < later.distance
        assert earlier.fa_r <= later.fa_r
        assert earlier.fr_r >= later.fr_r
        assert earlier.look_alike_rate <= later.look_alike_rate


def test_the_quality_estimator_lists_its_checks_by_their_public_names() -> None:
    view = service_view(services()["quality-assessment-estimator"], LimitSettings())
    by_flag = {check.flag: check for check in view.checks}
    assert len(by_flag) == 14
    assert (by_flag["is_sharp"].measures, by_flag["is_sharp"].threshold) == (["sharpness_score"], 20)
    assert not by_flag["has_watermark"].passes
    for name, service in services().items():
        if name != "quality-assessment-estimator":
            assert service_view(service, LimitSettings()).checks == []
