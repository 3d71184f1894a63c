"""Verification in one call: verdicts, the errors of each photo, templates, options, and the same as a job."""

from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from models.calibration.operating_points import operating_points
from models.imaging.decode import Image, decode
from tests.integration.conftest import Deploy, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.unit.models.encoded import oriented

pytestmark = pytest.mark.stack

SAME = ("obama_senate.jpg", "obama_speech.jpg")
DIFFERENT = ("collins.jpg", "macron.jpg")
NO_FACE = "shuttle_model.jpg"
LIVE = "macron.jpg"


def side(name: str) -> Json:
    return {"image": base64_photo(name)}


def pair(first: str, second: str) -> Json:
    return {"a": side(first), "b": side(second)}


def ask(deployment: Deployment, body: Json, status: int = 200) -> Json:
    response = deployment.client.post("/verify", json=body)
    assert response.status_code == status, response.text
    return dict(response.json())


def send(deployment: Deployment, images: list[bytes], **fields: Any) -> httpx.Response:
    return deployment.client.post("/verify", files=dict(zip(("image_a", "image_b"), images, strict=False)), data=fields)


def group_photo(*names: str) -> bytes:
    """Photos side by side, the first one largest."""
    heights = [512 // (1 + index) for index, _ in enumerate(names)]
    parts = []
    for name, height in zip(names, heights, strict=True):
        image = decode(photo(name))
        resized = cv2.resize(image, (round(image.shape[1] * height / image.shape[0]), height))
        parts.append(np.pad(resized, ((0, 512 - height), (0, 0), (0, 0))))
    return encode(np.hstack(parts), ".jpg")


def encode(image: Image, form: str = ".jpg", orientation: int | None = None) -> bytes:
    options = {} if orientation is None else {"exif": oriented(orientation)}
    buffer = BytesIO()
    Pillow.fromarray(image[..., ::-1].copy()).save(buffer, {".jpg": "jpeg", ".png": "png"}[form], quality=95, **options)
    return buffer.getvalue()


def template(deployment: Deployment, name: str) -> str:
    answer = deployment.client.post("/face-detector-template-extractor/v1/process/sample", json=v1_sample(name)).json()
    text: str = answer["objects"][0]["$template"]
    return text


@pytest.mark.parametrize(("names", "match"), [(SAME, True), (DIFFERENT, False)])
def test_two_photos_of_one_person_match_and_of_two_people_do_not(
    deployment: Deployment, names: tuple[str, str], match: bool
) -> None:
    answer = ask(deployment, pair(*names))
    assert answer["match"] is match
    point = operating_points()["identity"]
    assert answer["operating_point"] == {
        "name": "identity",
        "fa_r": point.fa_r,
        "look_alike_rate": point.look_alike_rate,
        "max_distance": point.max_distance,
    }
    assert (answer["distance"] <= point.max_distance) is match
    assert answer.keys() == {"match", "operating_point", "score", "distance", "fa_r", "fr_r", "a", "b"}
    assert send(deployment, [photo(name) for name in names]).json() == answer
    swapped = ask(deployment, pair(*reversed(names)))
    assert (swapped["distance"], swapped["a"], swapped["b"]) == (answer["distance"], answer["b"], answer["a"])


def test_the_faces_are_those_of_the_fitter_without_templates(deployment: Deployment) -> None:
    answer = ask(deployment, pair(*SAME))
    for key, name in zip("ab", SAME, strict=True):
        fitted = deployment.client.post("/face-detector-face-fitter/v2/process/sample", json=v2_sample(name)).json()
        assert answer[key] == fitted["objects"][0]


def test_each_operating_point_decides_by_its_own_distance(deployment: Deployment) -> None:
    for name, point in operating_points().items():
        answer = ask(deployment, {**pair(*SAME), "operating_point": name})
        assert answer["operating_point"]["max_distance"] == point.max_distance
        assert answer["match"] == (answer["distance"] <= point.max_distance)
    shown = deployment.client.get("/services").json()
    (matcher,) = (one for one in shown["services"] if one["name"] == "verify-matcher")
    assert [one["name"] for one in matcher["operating_points"]] == [*operating_points()]
    assert shown["presets"]["verify"][-1] == "verify-matcher"


def test_nothing_of_the_job_stays_in_the_store(deploy: Deploy) -> None:
    with deploy() as running:
        ask(running, pair(*SAME))
        ask(running, pair(SAME[0], NO_FACE), 422)
        assert not [key for key in running.redis.keys("*") if b"blob" in key or b"result" in key or b"chunk" in key]
        assert running.client.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("which", ["a", "b"])
@pytest.mark.parametrize(
    ("stable_type", "options"),
    [
        ("no_face", {}),
        ("several_faces", {"faces": "single"}),
        ("low_quality", {"min_quality": 100}),
        ("not_live", {"require_live": True}),
    ],
)
def test_an_error_names_its_photo(deployment: Deployment, which: str, stable_type: str, options: Json) -> None:
    wrong = {
        "no_face": photo(NO_FACE),
        "several_faces": group_photo(*SAME),
        "low_quality": encode(cv2.GaussianBlur(decode(photo(SAME[0])), (0, 0), 9), ".jpg"),
        # A face that is too soft is not classified, and therefore not live.
        "not_live": encode(cv2.GaussianBlur(decode(photo(SAME[0])), (0, 0), 9), ".jpg"),
    }[stable_type]
    sides = {"a": photo(LIVE), "b": photo(LIVE), which: wrong}
    if stable_type == "low_quality":
        good = ask(deployment, {**pair(LIVE, LIVE), "min_quality": 0})
        options = {"min_quality": round(100 * good["a"]["quality"]["total_score"])}
    response = send(deployment, [sides["a"], sides["b"]], **options)
    assert (response.status_code, response.json()["type"]) == (422, stable_type), response.text
    assert response.json()["detail"].startswith(f"photo {which}: ")
    body = {key: {"image": b64encode(image).decode()} for key, image in sides.items()}
    job = deployment.client.post("/jobs", params={"wait": 30}, json={"preset": "verify", **body, **options}).json()
    assert (job["status"], job["error"]["type"]) == ("failed", stable_type)
    assert job["error"]["message"] == response.json()["detail"]


def test_the_largest_of_several_faces_is_compared_and_a_single_face_may_be_demanded(deployment: Deployment) -> None:
    images = [group_photo(SAME[0], "collins.jpg"), photo(SAME[1])]
    assert send(deployment, images).json()["match"] is True
    assert send(deployment, images, faces="single").json()["type"] == "several_faces"
    assert send(deployment, [photo(name) for name in SAME], faces="single").json()["match"] is True


def test_quality_and_liveness_are_in_the_answer_if_they_are_asked_for(deployment: Deployment) -> None:
    answer = ask(deployment, {**pair(*SAME), "min_quality": 1})
    assert 0.01 <= answer["a"]["quality"]["total_score"] <= 1
    assert "liveness" not in answer["a"]
    live = ask(deployment, {**pair(LIVE, LIVE), "require_live": True})
    assert (live["a"]["liveness"]["value"], "quality" in live["a"]) == ("real", False)


def test_templates_stand_in_for_photos(deployment: Deployment) -> None:
    expected = ask(deployment, pair(*SAME))
    first, second = (template(deployment, name) for name in SAME)
    mixed = ask(deployment, {"a": {"template": first}, "b": side(SAME[1])})
    assert (mixed["match"], mixed["b"]) == (True, expected["b"])
    assert mixed["a"] == {"id": 0, "class": "face"}
    alone = ask(deployment, {"a": {"template": first}, "b": {"template": second}})
    assert abs(alone["distance"] - expected["distance"]) < 300
    assert alone["match"] is True
    equal = ask(deployment, {"a": {"template": first}, "b": {"template": first}})
    assert (equal["distance"], equal["score"], equal["fa_r"]) == (0, 1, 0)


def test_samples_stand_in_for_photos(deployment: Deployment) -> None:
    expected = ask(deployment, pair(*SAME))
    given = {"a": {"sample": v1_sample(SAME[0])}, "b": {"sample": v2_sample(SAME[1])}}
    assert ask(deployment, given) == expected
    enrolled = deployment.client.post(
        "/face-detector-template-extractor/v2/process/sample", json=v2_sample(SAME[0])
    ).json()
    answer = ask(deployment, {"a": {"sample": enrolled}, "b": side(SAME[1])})
    assert (answer["a"], answer["match"]) == ({"id": 0, "class": "face"}, True)


def test_photos_are_read_as_elsewhere(deployment: Deployment) -> None:
    image = decode(photo(SAME[0]))
    url = f"data:image/jpeg;base64,{base64_photo(SAME[0])}"
    turned = encode(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), ".jpg", orientation=6)
    lying = encode(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), ".png")
    for given in (url, b64encode(turned).decode(), b64encode(lying).decode()):
        assert ask(deployment, {"a": {"image": given}, "b": side(SAME[1])})["match"] is True


@pytest.mark.parametrize(
    ("body", "status", "stable_type", "begins"),
    [
        ({"a": side("collins.jpg")}, 422, "invalid_sample", None),
        ({"a": {}, "b": side("collins.jpg")}, 422, "invalid_sample", None),
        ({"a": {"image": "%"}, "b": side("collins.jpg")}, 422, "undecodable_base64", "photo a: "),
        ({"a": side("collins.jpg"), "b": {"image": "aGVsbG8="}}, 422, "invalid_image", "photo b: "),
        ({"a": {"template": "aGVsbG8="}, "b": side("collins.jpg")}, 422, "template_of_wrong_length", "template a: "),
        ({**pair(*SAME), "operating_point": "lax"}, 422, "invalid_sample", None),
        ({**pair(*SAME), "min_quality": 101}, 422, "invalid_sample", None),
        ({**pair(*SAME), "colour": "red"}, 422, "invalid_sample", None),
    ],
)
def test_a_wrong_request_is_refused_before_it_costs_a_job(
    deployment: Deployment, body: Json, status: int, stable_type: str, begins: str | None
) -> None:
    error = ask(deployment, body, status)
    assert error["type"] == stable_type
    if begins is None:
        assert isinstance(error["detail"], list)
    else:
        assert error["detail"].startswith(begins)


def test_a_template_cannot_be_checked(deployment: Deployment) -> None:
    body = {"a": {"template": template(deployment, SAME[0])}, "b": side(SAME[1])}
    error = ask(deployment, {**body, "min_quality": 30}, 422)
    assert error["detail"][0]["loc"] == ["body", "min_quality"]


def test_each_photo_may_be_as_large_as_elsewhere_and_no_larger(deployment: Deployment) -> None:
    most = 4_928_307
    large = photo(SAME[0]).ljust(most, b"\0")
    assert send(deployment, [large, large]).json()["match"] is True
    texts = {key: {"image": b64encode(large).decode()} for key in "ab"}
    assert ask(deployment, texts)["match"] is True
    job = deployment.client.post("/jobs", params={"wait": 30}, json={"preset": "verify", **texts}).json()
    assert job["result"]["match"] is True
    refused = send(deployment, [photo(SAME[0]), large + b"\0"])
    assert (refused.status_code, refused.json()["type"]) == (413, "payload_too_large")
    assert refused.json()["detail"].startswith("photo b: ")


def test_a_form_needs_both_photos_and_nothing_else(deployment: Deployment) -> None:
    assert send(deployment, [photo()]).json()["detail"][0]["loc"] == ["body", "image_b"]
    assert send(deployment, [photo(), photo()], colour="red").json()["type"] == "invalid_sample"


def test_a_job_of_the_preset_answers_the_same(deployment: Deployment) -> None:
    body = {"preset": "verify", **pair(*SAME), "metadata": {"door": 3}, "operating_point": "strict"}
    key = {"Idempotency-Key": "one verification"}
    taken = deployment.client.post("/jobs", json=body, headers=key)
    assert taken.status_code == 202
    job = deployment.wait(taken.json())
    assert (job["status"], job["metadata"]) == ("succeeded", {"door": 3})
    assert job["services"] == ["face-detector-face-fitter", "template-extractor", "verify-matcher"]
    assert [stage["status"] for stage in job["stages"]] == ["succeeded"] * 3
    expected = ask(deployment, {**pair(*SAME), "operating_point": "strict"})
    assert job["result"] == expected
    assert deployment.client.get(f"/jobs/{job['id']}/result").json() == expected
    assert deployment.client.post("/jobs", json=body, headers=key).json()["id"] == job["id"]
    other = deployment.client.post("/jobs", json={**body, "operating_point": "identity"}, headers=key)
    assert other.json()["type"] == "idempotency_conflict"


def test_the_preset_takes_two_photos_only(deployment: Deployment) -> None:
    form = deployment.client.post("/jobs/image", data={"preset": "verify"}, files={"image": photo()})
    assert form.json()["detail"][0]["type"] == "takes_two_photos"
    missing = deployment.client.post("/jobs", json={"preset": "verify", "sample": v2_sample()})
    assert missing.status_code == 422
    assert {tuple(one["loc"]) for one in missing.json()["detail"]} == {("body", name) for name in ("a", "b", "sample")}


def test_the_families_may_have_workers_of_their_own(deploy: Deploy) -> None:
    families = [["face-detection", "quality", "matching"], ["recognition", "liveness", "face-attributes", "body"]]
    with deploy(workers=families, FACELINE_CO_LOCATE="false") as running:
        assert ask(running, {**pair(*SAME), "min_quality": 1})["match"] is True
        assert ask(running, pair(*DIFFERENT))["match"] is False
        assert ask(running, pair(NO_FACE, SAME[0]), 422)["detail"] == "photo a: No face detected"
        text = template(running, SAME[0])
        assert len(b64decode(text)) == 296
        assert ask(running, {"a": {"template": text}, "b": side(SAME[1])})["match"] is True


def test_options_of_a_verification_are_refused_in_the_query(deployment: Deployment) -> None:
    refused = deployment.client.post("/verify", params={"operating_point": "strict"}, json={})
    assert refused.status_code == 422
    (detail,) = refused.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["query", "operating_point"], "misplaced")
