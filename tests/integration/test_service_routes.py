"""The synchronous routes, as a client of the contract sees them."""

import gzip
import json
from base64 import b64encode
from codecs import BOM_UTF8
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from models.catalogue import services
from models.imaging.decode import decode
from models.imaging.quarters import points_as_sent
from models.networks.landmarks import LandmarkName
from tests.integration.conftest import FOUR, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.tolerances import COORDINATE, assert_alike
from tests.unit.models.encoded import encode, oriented

pytestmark = pytest.mark.stack

JSON = {"Content-Type": "application/json"}
EMOTIONS = ["angry", "disgusted", "scared", "happy", "neutral", "sad", "surprised"]


@dataclass(frozen=True)
class Api:
    deployment: Deployment

    def sample(self, path: str, sample: Json, status: int = 200) -> Json:
        response = self.deployment.client.post(f"/{path}/process/sample", json=sample)
        assert response.status_code == status, response.text
        return dict(response.json())

    def image(self, path: str, image: bytes, status: int = 200, **headers: str) -> Json:
        files = {"image": ("photo", image, headers.get("type", "image/jpeg"))}
        route = path if "?" in path else f"{path}/process/image"
        response = self.deployment.client.post(f"/{route}", files=files)
        assert response.status_code == status, response.text
        return dict(response.json())


@pytest.fixture(scope="module")
def api(deployment: Deployment) -> Api:
    return Api(deployment)


@pytest.fixture(scope="module")
def fitted_v1(api: Api) -> Json:
    return api.sample("face-detector-face-fitter/v1", v1_sample())


@pytest.fixture(scope="module")
def fitted_v2(api: Api) -> Json:
    return api.sample("face-detector-face-fitter/v2", v2_sample())


def test_fitter_answers_v1_as_the_contract_writes_it(fitted_v1: Json) -> None:
    assert set(fitted_v1) == {"$image", "objects"}
    (face,) = fitted_v1["objects"]
    assert set(face) == {"id", "class", "confidence", "bbox", "fitter", "angles"}
    assert (face["id"], face["class"]) == (0, "face")
    assert set(face["fitter"]) == {"fitter_type", "keypoints", "left_eye", "right_eye"}
    points = face["fitter"]["keypoints"]
    assert len(points) == 63
    assert points[2::3] == [0] * 21
    assert (face["fitter"]["left_eye"], face["fitter"]["right_eye"]) == (points[21:23], points[30:32])
    assert set(face["angles"]) == {"yaw", "roll", "pitch"}


def test_fitter_answers_v2_as_the_contract_writes_it(fitted_v2: Json) -> None:
    assert fitted_v2["_image"] == {"blob": base64_photo(), "format": "IMAGE"}
    (face,) = fitted_v2["objects"]
    assert set(face) == {"id", "class", "confidence", "bbox", "keypoints", "pose"}
    assert list(face["keypoints"]) == [*LandmarkName, "fitter_type"]
    assert all(len(face["keypoints"][name]["proj"]) == 2 for name in LandmarkName)


def test_both_dialects_tell_of_the_same_face(fitted_v1: Json, fitted_v2: Json) -> None:
    (one,), (other,) = fitted_v1["objects"], fitted_v2["objects"]
    height, width = decode(photo()).shape[:2]
    for key, named in (("bbox", "bbox"), ("confidence", "confidence"), ("angles", "pose")):
        assert_alike({named: one[key]}, {named: other[named]})
    for index, name in enumerate(LandmarkName):
        x, y, _ = one["fitter"]["keypoints"][3 * index : 3 * index + 3]
        assert other["keypoints"][name]["proj"] == pytest.approx([x / width, y / height], abs=COORDINATE)


def test_estimators_add_their_field_and_nothing_else_in_v1(api: Api, fitted_v1: Json) -> None:
    sample = fitted_v1
    for name, key in (("age-estimator", "age"), ("gender-estimator", "gender"), ("emotion-estimator", "emotions")):
        answer = api.sample(f"{name}/v1", sample)
        (before,), (after,) = sample["objects"], answer["objects"]
        added = after.pop(key)
        assert after == before
        sample = {**answer, "objects": [{**after, key: added}]}
    (face,) = sample["objects"]
    assert isinstance(face["age"], str)
    assert face["gender"] == "FEMALE"
    assert [entry["emotion"] for entry in face["emotions"]] == [name.upper() for name in EMOTIONS]
    assert sum(entry["confidence"] for entry in face["emotions"]) == pytest.approx(1)


def test_the_astronaut_is_a_smiling_woman_of_about_forty(api: Api, fitted_v2: Json) -> None:
    sample = fitted_v2
    for name in FOUR[1:]:
        sample = api.sample(f"{name}/v2", sample)
    (face,) = sample["objects"]
    assert face["gender"] == "female"
    assert 25 <= int(face["age"]) <= 50
    assert max(face["emotions"], key=lambda entry: entry["confidence"])["emotion"] == "happy"
    # Read off a print: forehead to chin, cheek to cheek, in shares of the photo.
    assert face["bbox"] == pytest.approx([0.35, 0.13, 0.53, 0.35], abs=0.03)


def test_both_dialects_judge_a_face_alike(api: Api, fitted_v1: Json, fitted_v2: Json) -> None:
    for name, key in (("age-estimator", "age"), ("emotion-estimator", "emotions")):
        (one,) = api.sample(f"{name}/v1", fitted_v1)["objects"]
        (other,) = api.sample(f"{name}/v2", fitted_v2)["objects"]
        if key == "emotions":
            one[key] = [{**entry, "emotion": entry["emotion"].lower()} for entry in one[key]]
        assert_alike({key: one[key]}, {key: other[key]})


def test_unknown_keys_and_what_the_caller_wrote_pass_through_untouched(api: Api) -> None:
    given = {
        **v2_sample(),
        "trace": {"id": 7, "list": [None, 1.5, "ü"]},
        "objects": [
            {"bbox": [0.34, 0.14, 0.54, 0.36], "confidence": 0.123456789, "camera": "door", "age": 21},
            {"bbox": [0.3, 0.1, 0.6, 0.4], "note": None},
        ],
    }
    answer = api.sample("gender-estimator/v2", given)
    genders = [item.pop("gender") for item in answer["objects"]]
    assert genders == ["female", "female"]
    assert answer == given


def test_foreign_keys_pass_through_at_every_level(api: Api, fitted_v1: Json, fitted_v2: Json) -> None:
    for path, fitted, pose in (("age-estimator/v1", fitted_v1, "angles"), ("age-estimator/v2", fitted_v2, "pose")):
        (face,) = fitted["objects"]
        given = {**fitted, "objects": [{**face, pose: {**face[pose], "camera": 1}, "quality": "none", "id": "left"}]}
        answer = api.sample(path, given)
        assert answer["objects"][0].pop("age")
        assert answer == given


def test_the_image_comes_back_as_it_went_in(api: Api) -> None:
    image = {"blob": base64_photo()[:400] + "\n" + base64_photo()[400:], "note": ["mine"]}
    assert api.sample("face-detector-face-fitter/v2", {"_image": image})["_image"] == image


def test_numbers_that_json_cannot_say_are_refused(deployment: Deployment) -> None:
    path = "/age-estimator/v1/process/sample"
    response = deployment.client.post(path, content=b'{"a": [1e400], "objects": [{}]}', headers=JSON)
    assert (response.status_code, response.json()["detail"][0]["type"]) == (422, "finite_number")


def test_more_objects_than_a_worker_bears_are_refused(api: Api) -> None:
    crowd = {**v1_sample(), "objects": [{"bbox": [0, 0, 1, 1]}] * 501}
    (detail,) = api.sample("age-estimator/v1", crowd, status=422)["detail"]
    assert detail["loc"] == ["body", "objects"]


def test_detection_ignores_the_objects_that_came_in(api: Api, fitted_v1: Json) -> None:
    for objects in ([], [{}], [{"bbox": "nonsense", "pose": 1}]):
        assert_alike(api.sample("face-detector-face-fitter/v1", {**v1_sample(), "objects": objects}), fitted_v1)


@pytest.mark.parametrize("path", ["", "/v1"])
def test_placeholder_finds_the_faces_and_gives_the_attribute_alone(api: Api, path: str) -> None:
    answer = api.sample(f"gender-estimator{path}", {**v1_sample(), "objects": [{}]})
    assert answer["objects"] == [{"id": 0, "class": "face", "gender": "FEMALE"}]


def test_a_caller_of_v1_learns_what_is_wrong_in_its_own_terms(api: Api, fitted_v1: Json) -> None:
    (face,) = fitted_v1["objects"]
    fitter = {**face["fitter"], "fitter_type": "fd"}
    answer = api.sample("template-extractor/v1", {**fitted_v1, "objects": [{**face, "fitter": fitter}]})
    assert answer["objects"][0]["fitter"] == fitter
    far = {**fitter, "keypoints": [1e6, *fitter["keypoints"][1:]]}
    cases: list[tuple[Json, list[Any], str]] = [
        ({"fitter": far}, ["fitter"], "pixels: x from -51200 to 51200"),
        ({"fitter": {**fitter, "left_eye": [1e9, 2]}}, ["fitter"], "`left_eye` are in pixels: x from -51200 to 51200"),
        ({"angles": {**face["angles"], "yaw": "12"}}, ["angles", "yaw"], "Input should be a valid number"),
        ({"fitter": 5}, ["fitter"], "Input should be an object"),
        ({"bbox": "0011"}, ["bbox"], "Input should be a valid list"),
        ({"bbox": [0, 0, 1, "1"]}, ["bbox", 3], "Input should be a valid number"),
    ]
    for broken, loc, text in cases:
        (detail,) = api.sample("template-extractor/v1", {**fitted_v1, "objects": [{**face, **broken}]}, 422)["detail"]
        assert detail["loc"] == ["body", "objects", 0, *loc]
        assert text in detail["msg"]


def test_v2_knows_no_placeholder(api: Api) -> None:
    answer = api.sample("age-estimator/v2", {**v2_sample(), "objects": [{}]}, status=422)
    (detail,) = answer["detail"]
    assert detail["loc"] == ["body", "objects", 0, "bbox"]
    assert set(detail) == {"loc", "msg", "type"}


def test_image_route_answers_what_the_sample_route_would(api: Api, fitted_v1: Json, fitted_v2: Json) -> None:
    assert_alike(api.image("face-detector-face-fitter/v1", photo()), fitted_v1)
    assert_alike(api.image("face-detector-face-fitter", photo()), fitted_v1)
    assert_alike(api.image("face-detector-face-fitter/v2", photo()), fitted_v2)
    placeholder = api.sample("age-estimator", {**v1_sample(), "objects": [{}]})
    assert_alike(api.image("age-estimator", photo()), placeholder)


def group_photo() -> bytes:
    """The same woman three times, at different sizes."""
    canvas = np.zeros((512, 512 + 384 + 256, 3), np.uint8)
    left = 0
    for side in (384, 512, 256):
        canvas[:side, left : left + side] = cv2.resize(decode(photo()), (side, side), interpolation=cv2.INTER_AREA)
        left += side
    return cv2.imencode(".png", canvas)[1].tobytes()


def area(face: Json) -> float:
    x1, y1, x2, y2 = face["bbox"]
    return float((x2 - x1) * (y2 - y1))


def test_max_faces_keeps_the_largest_faces_in_their_order(api: Api) -> None:
    found = api.image("face-detector-face-fitter/v2", group_photo())["objects"]
    assert len(found) == 3
    for count in (1, 2, 3, 500):
        answer = api.image(f"face-detector-face-fitter/v2/process/image?max_faces={count}", group_photo())
        largest = sorted(found, key=area, reverse=True)[:count]
        kept = [face for face in found if face in largest]
        assert_alike(answer["objects"], [{**face, "id": index} for index, face in enumerate(kept)])
    assert len(api.image("age-estimator/process/image?max_faces=2", group_photo())["objects"]) == 2
    for count in ("0", "501", "many"):
        refused = api.image(f"face-detector-face-fitter/v2/process/image?max_faces={count}", group_photo(), status=422)
        assert refused["detail"][0]["loc"] == ["query", "max_faces"]


def test_max_faces_is_refused_where_it_has_no_effect(deployment: Deployment) -> None:
    files = {"image": ("photo.jpg", photo(), "image/jpeg")}
    fitter, bodies = "/face-detector-face-fitter/v2/process", "/body-detector/v2/process"
    one = {"max_faces": "1"}
    for path, sent, loc in (
        (f"{fitter}/image", {"files": files, "data": one}, ["body", "max_faces"]),
        (f"{bodies}/image", {"files": files, "params": one}, ["query", "max_faces"]),
        (f"{fitter}/sample", {"json": v2_sample(), "params": one}, ["query", "max_faces"]),
    ):
        refused = deployment.client.post(path, **sent)
        assert refused.status_code == 422, refused.text
        (detail,) = refused.json()["detail"]
        assert (detail["loc"], detail["type"]) == (loc, "misplaced")
        assert "a query of the image routes that find faces, and an option of POST /jobs" in detail["msg"]


def test_options_of_a_job_are_refused_in_the_query(deployment: Deployment) -> None:
    files = {"image": ("photo.jpg", photo(), "image/jpeg")}
    for path, sent, where in (
        ("/jobs/image", {"files": files, "data": {"services": FOUR[0]}}, "a field of the form"),
        ("/jobs", {"json": {"services": FOUR[:1], "sample": v2_sample()}}, "a key of the JSON"),
    ):
        for name in ("max_faces", "priority", "include_image"):
            refused = deployment.client.post(path, params={name: "1", "wait": "0"}, **sent)
            assert refused.status_code == 422, refused.text
            (detail,) = refused.json()["detail"]
            assert (detail["loc"], detail["type"]) == (["query", name], "misplaced")
            assert where in detail["msg"]


def test_the_document_has_the_bounds_of_max_faces(deployment: Deployment) -> None:
    paths = deployment.client.get("/openapi.json").json()["paths"]
    (parameter,) = paths["/face-detector-face-fitter/v2/process/image"]["post"]["parameters"]
    assert {"type": "integer", "minimum": 1, "maximum": 500} in parameter["schema"]["anyOf"]


def test_a_job_and_a_batch_take_max_faces(deployment: Deployment) -> None:
    sample = {"_image": {"blob": b64encode(group_photo()).decode()}}
    ages = deployment.wait(deployment.submit(FOUR[:2], sample, max_faces=1))["result"]["objects"]
    assert [face["id"] for face in ages] == [0]
    assert "age" in ages[0]
    refused = deployment.client.post("/jobs", json={"services": FOUR[:2], "sample": sample, "max_faces": 501})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "max_faces"])
    files = {"image": ("group.png", group_photo(), "image/png")}
    form = deployment.client.post("/jobs/image", files=files, data={"services": FOUR[0], "max_faces": "2"}).json()
    assert len(deployment.wait(form)["result"]["objects"]) == 2
    line = {"custom_id": "a", "services": FOUR[:1], "sample": sample}
    lines = b"\n".join(json.dumps({**line, "custom_id": str(count), "max_faces": count}).encode() for count in (1, 2))
    archive = BytesIO()
    with ZipFile(archive, "w") as packed:
        packed.writestr("group.png", group_photo())
    for body, kind, query, counts in (
        (lines, "application/x-ndjson", {}, [1, 2]),
        (archive.getvalue(), "application/zip", {"services": FOUR[0], "max_faces": 2}, [2]),
    ):
        headers = {"Content-Type": kind}
        batch = deployment.client.post("/batches", params=query, content=body, headers=headers).json()
        deployment.client.get(f"/batches/{batch['id']}", params={"wait": 30}).raise_for_status()
        rows = deployment.client.get(f"/batches/{batch['id']}/output").text.splitlines()
        assert [len(json.loads(row)["result"]["objects"]) for row in rows] == counts


@pytest.mark.parametrize("kind", [".png", ".bmp", ".webp"])
def test_format_is_told_from_the_bytes(api: Api, fitted_v2: Json, kind: str) -> None:
    encoded = cv2.imencode(kind, decode(photo()), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    answer = api.image("face-detector-face-fitter/v2", encoded, type="application/octet-stream")
    assert_alike(answer["objects"], fitted_v2["objects"])


def test_unversioned_routes_say_that_they_are_deprecated(deployment: Deployment) -> None:
    for path, deprecated in (("", True), ("/v1", False), ("/v2", False)):
        sample = v2_sample() if path == "/v2" else v1_sample()
        response = deployment.client.post(f"/face-detector-face-fitter{path}/process/sample", json=sample)
        assert ("deprecation" in response.headers) is deprecated
        refused = deployment.client.post(f"/face-detector-face-fitter{path}/process/sample", json={})
        assert refused.status_code == 422
        assert ("deprecation" in refused.headers) is deprecated


def test_a_photo_without_faces_is_an_answer(api: Api) -> None:
    assert api.sample("face-detector-face-fitter/v2", v2_sample("shuttle_model.jpg"))["objects"] == []
    empty = {**v1_sample("shuttle_model.jpg"), "objects": []}
    assert api.sample("age-estimator/v1", empty) == empty
    assert api.image("age-estimator", photo("shuttle_model.jpg"))["objects"] == []


@pytest.mark.parametrize(("orientation", "turns"), [(3, 2), (6, 1), (8, 3)])
def test_exif_orientation_is_honoured(api: Api, fitted_v2: Json, orientation: int, turns: int) -> None:
    stored = np.ascontiguousarray(np.rot90(decode(photo()), turns)[..., ::-1])
    turned = encode(Pillow.fromarray(stored), "PNG", exif=oriented(orientation))
    answer = api.image("face-detector-face-fitter/v2", turned, type="image/png")
    assert_alike(answer["objects"], fitted_v2["objects"])


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_rotated_photo_gives_its_own_coordinates_and_the_answers_of_the_upright_one(
    api: Api, fitted_v2: Json, turns: int
) -> None:
    stored = np.ascontiguousarray(np.rot90(decode(photo()), -turns)[..., ::-1])
    blob = b64encode(encode(Pillow.fromarray(stored), "PNG")).decode()
    fitted = api.sample("face-detector-face-fitter/v2", {"_image": {"blob": blob, "format": "IMAGE"}})
    (face,), (upright,) = fitted["objects"], fitted_v2["objects"]
    assert abs((face["pose"]["roll"] - upright["pose"]["roll"] - 90 * turns + 180) % 360 - 180) < 5
    size = np.array(stored.shape[1::-1])
    nose, expected = (
        np.array(one["keypoints"]["nose"]["proj"]) * scale
        for one, scale in ((face, size), (upright, size if turns == 2 else size[::-1]))
    )
    np.testing.assert_allclose(nose, points_as_sent(expected, turns, *stored.shape[:2]), atol=2)
    bare = {**fitted, "objects": [{key: face[key] for key in ("id", "class", "bbox")}]}
    for sample in (fitted, bare):
        (aged,), (expected_age,) = (api.sample("age-estimator/v2", one)["objects"] for one in (sample, fitted_v2))
        assert abs(float(aged["age"]) - float(expected_age["age"])) < 2
        assert api.sample("mask-estimator/v2", sample)["objects"][0]["has_medical_mask"]["value"] is False
    pair = [api.sample("template-extractor/v2", one)["objects"][0] for one in (fitted, fitted_v2)]
    assert api.sample("verify-matcher/v2", {"objects": pair})["verification"]["fa_r"] < 1e-4


ERRORS: list[tuple[str, Any, str]] = [
    ("no base64", {"$image": "#not-base64#"}, "Failed to decode base64 string"),
    ("no image", {"$image": b64encode(b"hello, this is no image").decode()}, "no JPEG, PNG, BMP, WebP"),
    ("cut off", {"$image": b64encode(photo()[:2000]).decode()}, "cut off"),
    ("rows missing", {"$image": b64encode(photo()[:15_000] + b"\xff\xd9").decode()}, "cut off"),
    ("empty", {"$image": ""}, "no JPEG, PNG, BMP, WebP"),
]


@pytest.mark.parametrize(("case", "sample", "text"), ERRORS, ids=[case for case, _, _ in ERRORS])
def test_an_image_that_cannot_be_read_is_told_in_words(api: Api, case: str, sample: Json, text: str) -> None:
    assert text in api.sample("face-detector-face-fitter/v1", sample, status=422)["detail"]


@pytest.mark.parametrize(
    ("path", "sample", "loc"),
    [
        ("face-detector-face-fitter/v1", {}, ["body", "$image"]),
        ("face-detector-face-fitter/v2", {}, ["body", "_image"]),
        ("face-detector-face-fitter/v2", {"_image": {}}, ["body", "_image", "blob"]),
        ("face-detector-face-fitter/v2", v1_sample(), ["body", "$image"]),
        ("face-detector-face-fitter/v1", v2_sample(), ["body", "_image"]),
        ("age-estimator/v1", v1_sample(), ["body", "objects"]),
        ("age-estimator/v1", {**v1_sample(), "objects": [{"id": 0}]}, ["body", "objects", 0, "bbox"]),
        ("age-estimator/v1", {**v1_sample(), "objects": [{}, {}]}, ["body", "objects", 0, "bbox"]),
        ("age-estimator/v2", {**v2_sample(), "objects": [{"bbox": [0, 0, 2, 2]}]}, ["body", "objects", 0, "bbox", 2]),
        (
            "age-estimator/v2",
            {**v2_sample(), "objects": [{"bbox": [0.5, 0.5, 0.501, 0.6]}]},
            ["body", "objects", 0, "bbox"],
        ),
        (
            "age-estimator/v2",
            {**v2_sample(), "objects": [{"class": "body", "bbox": [0, 0, 1, 1]}]},
            ["body", "objects", 0, "class"],
        ),
        (
            "age-estimator/v2",
            {**v2_sample(), "objects": [{"bbox": [0, 0, 1, 1], "fitter": {}}]},
            ["body", "objects", 0, "fitter"],
        ),
    ],
)
def test_a_sample_that_cannot_be_processed_is_told_where(api: Api, path: str, sample: Json, loc: list[Any]) -> None:
    detail = api.sample(path, sample, status=422)["detail"]
    assert loc in [entry["loc"] for entry in detail]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"$image": NaN}', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(deployment: Deployment, body: bytes) -> None:
    response = deployment.client.post("/face-detector-face-fitter/v1/process/sample", content=body, headers=JSON)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body"]


def test_a_form_without_its_image_is_refused(deployment: Deployment) -> None:
    path = "/face-detector-face-fitter/v1/process/image"
    for files in ({"picture": ("a.jpg", photo())}, {"image": (None, "text")}):
        response = deployment.client.post(path, files=files)
        assert response.status_code == 422
        assert response.json()["detail"][0]["loc"] == ["body", "image"]


def test_other_media_types_are_refused(api: Api, deployment: Deployment) -> None:
    path = "/face-detector-face-fitter/v1/process/image"
    assert deployment.client.post(path, json={}).status_code == 415
    api.image("face-detector-face-fitter/v1", photo(), status=415, type="text/html")


def test_an_image_may_be_a_data_url_and_is_echoed_as_such(api: Api, fitted_v1: Json, fitted_v2: Json) -> None:
    url = f"data:image/jpeg;base64,{base64_photo()}"
    in_v1 = api.sample("face-detector-face-fitter/v1", {"$image": url})
    in_v2 = api.sample("face-detector-face-fitter/v2", {"_image": {"blob": url}})
    assert (in_v1["$image"], in_v2["_image"]) == (url, {"blob": url})
    assert_alike(in_v1["objects"], fitted_v1["objects"])
    assert_alike(in_v2["objects"], fitted_v2["objects"])


@pytest.mark.parametrize(
    "prefix", ["data:;base64,", "data:application/octet-stream;base64,", " data:image/png;base64,"]
)
def test_a_data_url_may_have_any_media_type(api: Api, fitted_v1: Json, prefix: str) -> None:
    answer = api.sample("face-detector-face-fitter/v1", {"$image": prefix + base64_photo()})
    assert answer["$image"] == prefix + base64_photo()
    assert_alike(answer["objects"], fitted_v1["objects"])


def test_json_may_begin_with_a_byte_order_mark(deployment: Deployment) -> None:
    body = BOM_UTF8 + json.dumps(v1_sample()).encode()
    path = "/face-detector-face-fitter/v1/process/sample"
    assert deployment.client.post(path, content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/face-detector-face-fitter/v1/process/sample", "application/json"),
        ("/jobs", "application/json"),
        ("/batches", "application/x-ndjson"),
        ("/faceapi/v1/face_age_detection", "application/json"),
    ],
)
def test_a_compressed_body_is_refused_in_words(deployment: Deployment, path: str, media_type: str) -> None:
    body = gzip.compress(json.dumps(v1_sample()).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": media_type}
    response = deployment.client.post(path, content=body, headers=headers)
    if path.startswith("/faceapi"):
        assert (response.status_code, response.json()["code"]) == (200, 1)
    else:
        assert response.status_code == 415
    assert "Content-Encoding: gzip" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "age-estimator/v1/process/image",
        "age-estimator/v2/process/image",
        "age-estimator/v3/process/sample",
        "shoe-estimator/v1/process/sample",
    ],
)
def test_a_route_that_is_not_there_is_not_found(deployment: Deployment, path: str) -> None:
    assert deployment.client.post(f"/{path}", json={}).status_code == 404


@pytest.mark.parametrize("name", services())
def test_each_service_documents_the_routes_that_it_has(deployment: Deployment, name: str) -> None:
    page = deployment.client.get(f"/{name}/docs")
    assert page.status_code == 200
    assert f"/{name}/openapi.json" in page.text
    paths = deployment.client.get(f"/{name}/openapi.json").json()["paths"]
    assert all(path.startswith(f"/{name}/") for path in paths)
    assert f"/{name}/v2/process/sample" in paths


def test_the_docs_need_no_other_host(deployment: Deployment) -> None:
    page = deployment.client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert deployment.client.get(f"/docs-assets/{asset}").status_code == 200
    assert deployment.client.get("/openapi.json").json()["info"]["title"] == "Faceline"
