"""The façade of a second vendor, as its clients see it."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from models.imaging.decode import decode
from tests.integration.conftest import Deploy, Deployment, Json, base64_photo, photo

pytestmark = pytest.mark.stack

KEY = "a-key"
ROUTES = ["face_age_detection", "face_gender_detection", "face_expression_detection"]


@pytest.fixture(scope="module")
def vendor(deploy: Deploy) -> Iterator[Deployment]:
    with deploy(FACELINE_FACEAPI_KEYS=f"other,{KEY}") as running:
        yield running


def ask(vendor: Deployment, route: str, **body: Any) -> Json:
    response = vendor.client.post(f"/faceapi/v1/{route}", json=body)
    assert response.status_code == 200
    answer = dict(response.json())
    assert set(answer) == {"result", "code", "message", "data"}
    assert answer["result"] == ("Ok" if answer["code"] == 0 else "Err")
    assert bool(answer["data"]) is (answer["code"] == 0)
    return answer


def test_it_answers_age_gender_and_expression(vendor: Deployment) -> None:
    age, gender, expression = (ask(vendor, route, image=base64_photo(), api_key=KEY)["data"] for route in ROUTES)
    assert age.keys() == {"age"}
    assert 25 <= age["age"] <= 50
    assert gender["gender"] == "F"
    assert 50 < gender["genderProbability"] <= 100
    assert list(expression) == ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]
    assert all(isinstance(percent, int) for percent in expression.values())
    assert sum(expression.values()) == 100
    assert max(expression, key=lambda name: expression[name]) == "happy"


def test_it_takes_a_data_url(vendor: Deployment) -> None:
    assert (
        ask(vendor, ROUTES[1], image=f"data:image/jpeg;base64,{base64_photo()}", api_key=KEY)["data"]["gender"] == "F"
    )


def test_of_several_faces_it_takes_the_largest(vendor: Deployment) -> None:
    woman, man = decode(photo()), decode(photo("macron.jpg"))
    height = woman.shape[0]
    large = cv2.resize(man, (height * man.shape[1] // man.shape[0], height))
    small = cv2.copyMakeBorder(cv2.resize(woman, None, fx=0.3, fy=0.3), 0, 0, 0, 0, cv2.BORDER_CONSTANT)
    beside = np.zeros((height, small.shape[1], 3), np.uint8)
    beside[: small.shape[0]] = small
    encoded = cv2.imencode(".png", np.hstack([beside, large]))[1].tobytes()
    answer = ask(vendor, "face_gender_detection", image=b64encode(encoded).decode(), api_key=KEY)
    assert answer["data"]["gender"] == "M"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("code", "body"),
    [
        (1, {"api_key": KEY}),
        (1, {"image": base64_photo()}),
        (1, {"image": 7, "api_key": KEY}),
        (2, {"image": base64_photo(), "api_key": "wrong"}),
        (3, {"image": "no base64!", "api_key": KEY}),
        (3, {"image": b64encode(b"no image").decode(), "api_key": KEY}),
        (4, {"image": base64_photo("shuttle_model.jpg"), "api_key": KEY}),
        (5, {"image": b64encode(bytes(5_000_000)).decode(), "api_key": KEY}),
    ],
)
def test_what_goes_wrong_has_a_code(vendor: Deployment, route: str, code: int, body: Json) -> None:
    assert ask(vendor, route, **body)["code"] == code


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_broken_json_has_a_code_too(vendor: Deployment, content: bytes) -> None:
    response = vendor.client.post("/faceapi/v1/face_age_detection", content=content)
    assert (response.status_code, response.json()["code"]) == (200, 1)


def test_a_form_is_a_mistake_of_the_caller(vendor: Deployment) -> None:
    response = vendor.client.post(f"/faceapi/v1/{ROUTES[0]}", files={"image": photo()}, data={"api_key": KEY})
    assert (response.status_code, response.json()["code"]) == (200, 1)
    assert "application/json" in response.json()["message"]


def test_without_keys_nobody_is_let_in(deployment: Deployment) -> None:
    assert ask(deployment, "face_age_detection", image=base64_photo(), api_key="")["code"] == 2


def test_without_a_worker_or_in_too_short_a_time_there_is_a_code_too(deploy: Deploy) -> None:
    keys = {"FACELINE_FACEAPI_KEYS": KEY}
    with deploy(workers=[], **keys) as idle:
        assert ask(idle, "face_age_detection", image=base64_photo(), api_key=KEY)["code"] == 7
    with deploy(FACELINE_JOBS__SYNC_TIMEOUT_S="0.001", **keys) as hasty:
        assert ask(hasty, "face_age_detection", image=base64_photo(), api_key=KEY)["code"] == 6
