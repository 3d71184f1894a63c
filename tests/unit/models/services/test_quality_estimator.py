from models.quality.quality import Quality
from models.services.quality_estimator import QualityAssessmentEstimator
from tests.unit.models.quality.drawn import drawn_face, lit
from tests.unit.models.quality.networks import Networks, frontal


def test_faces_of_one_image_share_its_background_and_keep_their_order() -> None:
    networks = Networks()
    light, dim = frontal(), frontal(lit(drawn_face(), 0.3))
    service = QualityAssessmentEstimator(networks)
    found = service.estimate([light, light, dim, light])
    assert found[0] == found[1] == found[3]
    assert isinstance(found[2], Quality)
    assert found[2].illumination_score < found[0].illumination_score
    # The last one is not a neighbour of the first two, so its image is looked at once more.
    assert sum(len(batch) for batch in networks.selfie.batches) == 3


def test_no_face_reaches_no_network() -> None:
    networks = Networks()
    assert QualityAssessmentEstimator(networks).estimate([]) == []
    assert networks.selfie.batches == []


def test_weights_name_what_the_constructor_asks_for() -> None:
    networks = Networks()
    QualityAssessmentEstimator(networks)
    assert tuple(networks.asked) == QualityAssessmentEstimator.weights
