"""A photo as HEIC, AVIF and TIFF gives the answer of the same photo as PNG."""

from base64 import b64encode
from importlib import import_module
from io import BytesIO

import pytest
from PIL import Image as Pillow

from models.imaging.pillow_decoders import INSTALLED
from tests.integration.conftest import Deployment, photo
from tests.unit.models.encoded import encode, oriented

pytestmark = pytest.mark.stack
if not INSTALLED:
    pytest.skip("the extra `formats` is not installed", allow_module_level=True)
import_module("pillow_heif").register_heif_opener()

PATH = "/face-detector-face-fitter/v2/process/image"


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF"])
def test_the_answer_is_that_of_another_format(deployment: Deployment, kind: str) -> None:
    picture = Pillow.open(BytesIO(photo())).convert("RGB")
    picture.thumbnail((600, 600))
    lying = picture.transpose(Pillow.Transpose.ROTATE_90)
    answers = [
        deployment.client.post(PATH, files={"image": ("photo", data, "application/octet-stream")})
        for data in (encode(picture, "PNG"), encode(lying, kind, exif=oriented(6), quality=95))
    ]
    assert [answer.status_code for answer in answers] == [200, 200], answers[1].text
    expected, found = (answer.json()["objects"] for answer in answers)
    assert len(found) == len(expected) > 0
    assert found[0]["bbox"] == pytest.approx(expected[0]["bbox"], abs=0.02)


def test_a_file_that_is_cut_off_is_refused_at_once(deployment: Deployment) -> None:
    data = encode(Pillow.new("RGB", (64, 64)), "HEIF")
    sample = {"_image": {"blob": b64encode(data[:-1]).decode()}}
    answer = deployment.client.post("/jobs", json={"services": ["face-detector-face-fitter"], "sample": sample})
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid_image")
    assert answer.json()["detail"] == "The HEIC data are cut off"
