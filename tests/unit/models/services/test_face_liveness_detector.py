"""The three modules on pictures with no face, one and several; quality itself is measured in `tests/accuracy`."""

import numpy as np
import pytest

from models.catalogue import services
from models.errors import InvalidRequest
from models.imaging.decode import Image
from models.networks.liveness import LIVENESS, Liveness
from models.output import BBOX, CONFIDENCE
from models.runtime.session import FloatArray, Session, SessionSource
from models.services.face_liveness_detector import (
    EachFaceLiveness,
    FaceLivenessDetector,
    GoodFaceLiveness,
    LargestFaceLiveness,
    SeveralFaces,
)
from tests.unit.models.drawings import SIDE, ListedYunet, drawn, sources
from tests.unit.models.networks.networks import Constant

SMALL, LARGE = (40.0, 60.0, 140.0, 180.0), (300.0, 200.0, 500.0, 440.0)
FACES = drawn(np.array(SMALL)) // 2 + drawn(np.array(LARGE)) // 2
NOBODY = np.zeros((SIDE, SIDE, 3), np.uint8)
REAL = Liveness(1.0, "real")
MODULES = (EachFaceLiveness, LargestFaceLiveness, GoodFaceLiveness)


class Idle:
    """A network that must not run."""

    def run(self, batch: object) -> dict[str, FloatArray]:
        raise AssertionError("asked for nothing")


def networks(yunet: Session) -> SessionSource:
    mesh = np.stack([*np.mgrid[40:152:18j, 40:152:26j], np.zeros((18, 26))], axis=-1)
    return sources(
        yunet=yunet,
        face_anti_spoofing=Constant(leaf_5=[0.0]),
        facemesh=Constant(mesh=mesh.reshape(-1).tolist(), face_flag=[1.0]),
        fr_pose=Constant(yaw=[0.0] * 66, pitch=[0.0] * 66, roll=[0.0] * 66),
        selfie=Idle(),
        fr_eye=Idle(),
        mask=Idle(),
        faceapi_expression=Idle(),
    )


def faces_of(module: type[FaceLivenessDetector], *images: Image, yunet: Session) -> list[list[object]]:
    found = module(networks(yunet)).detect(images)
    assert all(vars(face.values).keys() == {"liveness"} for faces in found for face in faces)
    return [[(face.bbox.round().tolist(), LIVENESS.of(face.values)) for face in faces] for faces in found]


@pytest.mark.parametrize("module", MODULES)
def test_no_face_is_an_answer_in_each_module(module: type[FaceLivenessDetector]) -> None:
    assert faces_of(module, NOBODY, NOBODY, yunet=ListedYunet([LARGE])) == [[], []]
    assert module(networks(Idle())).detect([]) == []


def test_by_default_each_face_is_judged_surest_first() -> None:
    yunet = ListedYunet([SMALL, LARGE], confidences=[0.95, 0.7])
    found = faces_of(EachFaceLiveness, FACES, NOBODY, FACES, yunet=yunet)
    both = [(list(SMALL), REAL), (list(LARGE), REAL)]
    assert found == [both, [], both]


def test_default_faces_have_box_and_confidence() -> None:
    ((face,),) = EachFaceLiveness(networks(ListedYunet([LARGE], [0.7]))).detect([FACES])
    assert face.confidence == pytest.approx(0.7)
    assert (np.round(face.bbox * 1024) == face.bbox * 1024).all()
    assert EachFaceLiveness.gives == {CONFIDENCE, BBOX, LIVENESS}


def test_anti_spoofing_judges_the_largest_face_not_the_surest() -> None:
    yunet = ListedYunet([SMALL, LARGE], confidences=[0.95, 0.7])
    assert faces_of(LargestFaceLiveness, FACES, yunet=yunet) == [[(list(LARGE), REAL)]]


def test_with_quality_more_than_one_face_is_refused_by_the_vendors_words() -> None:
    module = GoodFaceLiveness(networks(ListedYunet([SMALL, LARGE])))
    with pytest.raises(SeveralFaces) as caught:
        module.detect([FACES])
    assert str(caught.value) == "More than one face detected"
    assert isinstance(caught.value, InvalidRequest)


@pytest.mark.parametrize("module", [LargestFaceLiveness, GoodFaceLiveness])
def test_both_anti_spoofing_modules_take_ten_megapixels_and_answer_with_liveness_only(
    module: type[FaceLivenessDetector],
) -> None:
    assert module.max_pixels == 10_000_000
    assert module.gives == {LIVENESS}


def test_the_default_module_leaves_the_pixels_to_the_deployment() -> None:
    assert EachFaceLiveness.max_pixels is None


def test_a_deployment_chooses_a_module_by_the_contracts_name() -> None:
    by_module = {
        "face-detector-liveness-estimator": EachFaceLiveness,
        "liveness-anti-spoofing": LargestFaceLiveness,
        "quality-liveness-anti-spoofing": GoodFaceLiveness,
    }
    for name, module in by_module.items():
        assert services(frozenset({name}))["face-detector-liveness-estimator"] is module
    assert services()["face-detector-liveness-estimator"] is EachFaceLiveness


@pytest.mark.parametrize("module", MODULES)
def test_a_module_asks_for_what_it_declares(module: type[FaceLivenessDetector]) -> None:
    asked: set[str] = set()
    give = networks(Idle())

    def source(name: str) -> Session:
        session = give(name)
        asked.add(name)
        return session

    module(source)
    assert asked == set(module.weights)
    assert len(asked) == len(module.weights)
    assert module.optional_weights == ("minifasnet-v1se", "minifasnet-v2")
