"""Annotated photos over HTTP: formats, layers, and why there is none."""

from io import BytesIO

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from models.imaging.decode import Image, decode
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, base64_photo, photo, v2_sample
from tests.unit.models.encoded import oriented

pytestmark = pytest.mark.stack

LAYERS = ("boxes", "points", "axes", "labels")
MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF", "image/png": b"\x89PNG"}


@pytest.fixture(scope="module")
def job(deployment: Deployment) -> Json:
    return deployment.wait(deployment.submit(FOUR, v2_sample(), include_image=True))


def fetch(deployment: Deployment, job: Json, accept: str = "*/*", **query: str) -> httpx.Response:
    return deployment.client.get(f"/jobs/{job['id']}/picture", params=query, headers={"Accept": accept})


def picture(deployment: Deployment, job: Json, **query: str) -> Image:
    response = fetch(deployment, job, "image/png", **query)
    assert response.status_code == 200, response.text
    return decode(response.content)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        *((name, name) for name in MAGIC),
        ("*/*", "image/jpeg"),
        ("image/*", "image/jpeg"),
        ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/webp"),
        ("image/jpeg;q=0.2, image/png;q=0.9", "image/png"),
        ("text/html, image/jpeg;q=0, */*;q=0.1", "image/webp"),
    ],
)
def test_the_picture_comes_in_the_format_that_the_caller_prefers(
    deployment: Deployment, job: Json, accept: str, media_type: str
) -> None:
    response = fetch(deployment, job, accept)
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    assert response.content.startswith(MAGIC[media_type])
    assert response.headers["cache-control"] == "no-store"
    assert decode(response.content).shape == (640, 640, 3)


def test_each_layer_is_drawn_if_it_is_asked_for(deployment: Deployment, job: Json) -> None:
    plain = picture(deployment, job, layers="")
    expected = cv2.resize(decode(photo()), (640, 640), interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(plain, expected)
    changed = {layer: (picture(deployment, job, layers=layer) != plain).any(axis=2) for layer in LAYERS}
    assert all(mask.any() for mask in changed.values())
    both = (picture(deployment, job, layers="labels,boxes") != plain).any(axis=2)
    assert np.array_equal(both, changed["boxes"] | changed["labels"])
    left, top, right, bottom = (round(640 * edge) for edge in job["result"]["objects"][0]["bbox"])
    assert changed["boxes"][top, left:right:10].all()
    assert not changed["boxes"][top + 20 : bottom - 20, left + 20 : right - 20].any()


@pytest.mark.parametrize("accept", ["text/html", "image/gif, application/json", "image/*;q=0"])
def test_another_format_is_not_acceptable(deployment: Deployment, job: Json, accept: str) -> None:
    response = fetch(deployment, job, accept)
    assert (response.status_code, response.json()["type"]) == (406, "not_acceptable")


def test_an_unknown_layer_is_refused(deployment: Deployment, job: Json) -> None:
    response = fetch(deployment, job, layers="boxes,hats")
    assert (response.status_code, response.json()["detail"][0]["loc"]) == (422, ["query", "layers"])


def test_a_photo_that_is_not_kept_is_gone_and_the_answer_says_what_to_ask_for(deployment: Deployment) -> None:
    finished = deployment.wait(deployment.submit(FOUR[:1], v2_sample()))
    response = fetch(deployment, finished)
    assert (response.status_code, response.json()["type"]) == (410, "photo_gone")
    assert "include_image" in response.json()["detail"]


def test_an_erased_job_has_no_picture_and_an_unknown_one_is_unknown(deployment: Deployment) -> None:
    finished = deployment.wait(deployment.submit(FOUR[:1], v2_sample(), include_image=True))
    assert fetch(deployment, finished).status_code == 200
    assert deployment.client.delete(f"/jobs/{finished['id']}").status_code == 204
    assert fetch(deployment, finished).status_code == 410
    assert fetch(deployment, {"id": "unknown"}).json()["type"] == "job_unknown"


def test_a_job_that_is_not_over_has_no_picture_yet(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        waiting = idle.submit(FOUR[:1], v2_sample(), include_image=True)
        response = fetch(idle, waiting)
        assert (response.status_code, response.json()["type"]) == (409, "not_over")
        idle.client.post(f"/jobs/{waiting['id']}/cancel")
        assert (fetch(idle, waiting).status_code, fetch(idle, waiting).json()["type"]) == (409, "canceled")


def test_a_job_that_failed_says_why(deployment: Deployment) -> None:
    sides = {"a": {"image": base64_photo("shuttle_model.jpg")}, "b": {"image": base64_photo()}}
    body = {"preset": "verify", "include_image": True, **sides}
    failed = deployment.wait(deployment.client.post("/jobs", json=body).json())
    response = fetch(deployment, failed)
    assert (response.status_code, response.json()["type"]) == (422, "no_face")


def test_both_photos_of_a_verification_have_pictures(deployment: Deployment) -> None:
    sides = {"a": {"image": base64_photo("obama_senate.jpg")}, "b": {"image": base64_photo("obama_speech.jpg")}}
    body = {"preset": "verify", "include_image": True, **sides}
    finished = deployment.wait(deployment.client.post("/jobs", json=body).json())
    first, second = (picture(deployment, finished, photo=side) for side in "ab")
    assert (first.shape, second.shape) == ((640, 556, 3), (640, 518, 3))
    assert not np.array_equal(second, picture(deployment, finished, photo="b", layers=""))


def test_the_photo_is_shown_upright(deployment: Deployment) -> None:
    lying = cv2.rotate(decode(photo("macron.jpg")), cv2.ROTATE_90_COUNTERCLOCKWISE)
    buffer = BytesIO()
    Pillow.fromarray(lying[..., ::-1].copy()).save(buffer, "jpeg", quality=95, exif=oriented(6))
    files = {"image": buffer.getvalue()}
    data = {"services": FOUR[0], "include_image": "true"}
    finished = deployment.client.post("/jobs/image", params={"wait": 30}, files=files, data=data).json()
    assert picture(deployment, finished).shape == (640, 514, 3)
