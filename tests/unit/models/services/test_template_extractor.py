import numpy as np
import pytest

from models.imaging.geometry import Points
from models.networks.template import decode
from models.output import TEMPLATE
from models.runtime.session import MAX_ROWS
from models.service import Face
from models.services.template_extractor import FaceTemplateDetector, TemplateExtractor
from tests.unit.models.drawings import FIVE_ON_CROP, SIDE, ListedYunet, MeanColours, sources

ROWS = [7, 10, 14, 17, 19]  # of those points among the 21


def landmarks(five: Points) -> Points:
    points = np.zeros((21, 2))
    points[ROWS] = five
    return points


def test_each_face_gets_the_template_of_its_own_crop() -> None:
    service = TemplateExtractor(sources(sface=MeanColours()))
    colours = np.random.default_rng(0).integers(0, 256, (MAX_ROWS + 2, 3)).astype(np.uint8)
    images = [np.full((112, 112, 3), colour, np.uint8) for colour in colours]
    box = np.array([0.0, 0, 112, 112])
    together = service.estimate([Face(image, box, landmarks(FIVE_ON_CROP)) for image in images])
    alone = [service.estimate([Face(image, box, landmarks(FIVE_ON_CROP))])[0] for image in images]
    assert together == alone
    assert len(set(together)) == len(images)


def test_both_services_make_the_same_template_of_the_same_points() -> None:
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    box = (200.0, 160.0, 360.0, 360.0)
    networks = sources(yunet=ListedYunet([box]), sface=MeanColours())
    ((face,),) = FaceTemplateDetector(networks).detect([image])
    centre, size = np.array([280.0, 260]), np.array([160.0, 200])
    five = centre + size * [[-0.2, -0.15], [0.2, -0.15], [0, 0.05], [-0.15, 0.25], [0.15, 0.25]]
    (template,) = TemplateExtractor(networks).estimate([Face(image, face.bbox, landmarks(five))])
    assert decode(TEMPLATE.of(face.values)) @ decode(template) == pytest.approx(1, abs=1e-4)


def test_faces_are_found_with_box_confidence_and_template() -> None:
    networks = sources(yunet=ListedYunet([(200, 160, 360, 360), (400, 400, 500, 520)], [0.9, 0.7]), sface=MeanColours())
    black, grey = np.zeros((SIDE, SIDE, 3), np.uint8), np.full((SIDE, SIDE, 3), 50, np.uint8)
    found = FaceTemplateDetector(networks).detect([black, grey, black, grey])
    assert [len(faces) for faces in found] == [0, 2, 0, 2]
    for face in found[1] + found[3]:
        assert len(TEMPLATE.of(face.values)) == 296
    assert [face.confidence for face in found[1]] == pytest.approx([0.9, 0.7])
    assert (np.round(found[1][0].bbox * 1024) == found[1][0].bbox * 1024).all()


def test_no_face_reaches_no_network() -> None:
    network = MeanColours()
    networks = sources(yunet=ListedYunet([]), sface=network)
    assert TemplateExtractor(networks).estimate([]) == []
    assert FaceTemplateDetector(networks).detect([]) == []
    assert FaceTemplateDetector(networks).detect([np.full((SIDE, SIDE, 3), 50, np.uint8)]) == [[]]
    assert network.batches == []
    assert TemplateExtractor.weights == ("sface",)
    assert FaceTemplateDetector.weights == ("yunet", "sface")
