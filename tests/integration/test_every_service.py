"""Every service over HTTP, in every dialect, held against the examples of the contract."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.catalogue import services
from models.family import ModelFamily
from models.imaging.decode import decode
from pipelines.presets import PAIR_PRESETS, PRESETS
from tests.integration.conftest import Deploy, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

EXAMPLES = sorted((Path(__file__).parents[1] / "contract" / "examples").glob("*/*.request.json"))
assert EXAMPLES, "without examples their tests would be skipped"
SAMPLES = {"v1": v1_sample, "v2": v2_sample}
dialects = pytest.mark.parametrize("dialect", SAMPLES)

FITTER = "face-detector-face-fitter"
DETECTORS = {"body-detector", FITTER, "face-detector-liveness-estimator", "face-detector-template-extractor"}
ATTRIBUTES = {"age-estimator", "gender-estimator", "emotion-estimator", "mask-estimator"}
LATER = {"liveness-estimator", "template-extractor"}


def post(deployment: Deployment, path: str, sample: Json, status: int = 200) -> Json:
    response = deployment.client.post(f"/{path}/process/sample", json=sample)
    assert response.status_code == status, response.text[:500]
    return dict(response.json())


def in_order(deployment: Deployment, names: list[str], dialect: str, name: str = "collins.jpg") -> Json:
    """The sample that services make of a photo, each called with the answer of the one before."""
    sample = SAMPLES[dialect](name)
    for service in names:
        sample = post(deployment, f"{service}/{dialect}", sample)
    return sample


def template(deployment: Deployment, name: str) -> Json:
    """The one face of a photo, with its template, in v1."""
    (face,) = in_order(deployment, ["face-detector-template-extractor"], "v1", name)["objects"]
    return dict(face)


@pytest.fixture(scope="module")
def templates(deployment: Deployment) -> dict[str, Json]:
    return {name: template(deployment, f"{name}.jpg") for name in ("collins", "macron", "obama_senate", "obama_speech")}


def shape(value: Any) -> Any:
    """What stays of JSON when its numbers and texts are gone."""
    if isinstance(value, dict):
        return {
            key: value[key] if key in ("class", "emotion", "format", "dtype", "shape") else shape(value[key])
            for key in value
        }
    if isinstance(value, list):
        return [shape(item) for item in value]
    return {bool: "bool", int: "number", float: "number", str: "text", type(None): "null"}[type(value)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_contracts_request_is_answered_in_the_shape_of_its_response(
    deployment: Deployment, templates: dict[str, Json], path: Path
) -> None:
    dialect, service = path.parent.name, path.name.removesuffix(".request.json")

    def load(example: Path) -> Json:
        text = example.read_text().replace("<template, base64>", templates["collins"]["$template"])
        return dict(json.loads(text))

    request, expected = load(path), load(path.with_name(f"{service}.response.json"))
    image = SAMPLES[dialect]()
    request |= {key: image[key] for key in image if key in request}
    answer = post(deployment, f"{service}/{dialect}", request)
    assert answer.keys() == expected.keys()
    # How many faces or bodies there are is the photo's affair.
    assert shape(answer["objects"][0]) == shape(expected["objects"][0])
    assert shape(answer.get("verification")) == shape(expected.get("verification"))
    for key in image:
        assert answer.get(key) == request.get(key)


def routes() -> Iterator[tuple[str, str, str, bool]]:
    """Service, version, kind, and whether the contract has such a route."""
    for service, version, kind in product(services(), ("", "/v1", "/v2"), ("sample", "image")):
        there = not (version == "" and service in LATER)
        if kind == "image":
            there = service in DETECTORS or (service in ATTRIBUTES and version == "")
        yield service, version, kind, there


def test_routes_are_where_the_contract_has_them(deployment: Deployment) -> None:
    documented = deployment.client.get("/openapi.json").json()["paths"]
    for service, version, kind, there in routes():
        path = f"/{service}{version}/process/{kind}"
        assert (path in documented) is there, path
        status = deployment.client.post(path, content=b"{").status_code
        assert (status != 404) is there, path


@dialects
def test_the_documents_own_pipeline(deployment: Deployment, dialect: str) -> None:
    names = ["face-detector-liveness-estimator", "age-estimator", "gender-estimator", "emotion-estimator"]
    sample = in_order(deployment, names, dialect)
    (face,) = sample["objects"]
    assert set(face) == {"id", "class", "bbox", "confidence", "liveness", "age", "gender", "emotions"}
    assert face["gender"].lower() == "female"
    job = deployment.wait(deployment.submit(names, SAMPLES[dialect](), include_image=True))
    assert_alike(job["result"], {**sample, "objects": [{**face, "age": int(face["age"])}]})


@dialects
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_job_of_its_services(deployment: Deployment, dialect: str, preset: str) -> None:
    response = deployment.client.post("/jobs", json={"preset": preset, "sample": SAMPLES[dialect]()})
    assert response.status_code == 202, response.text
    named = deployment.wait(response.json())
    spelled = deployment.wait(deployment.submit(PRESETS[preset], SAMPLES[dialect]()))
    assert named["services"] == list(PRESETS[preset])
    assert_alike(named["result"], spelled["result"])


def test_services_and_presets_are_listed(deployment: Deployment) -> None:
    offers = deployment.client.get("/services").json()
    listed = {service["name"]: service for service in offers["services"]}
    assert listed.keys() == services().keys()
    assert offers["presets"] == {name: list(names) for name, names in {**PRESETS, **PAIR_PRESETS}.items()}
    mask = listed["mask-estimator"]
    assert (mask["needs"], mask["gives"], mask["family"]) == (["bbox", "image"], ["mask"], "face-attributes")
    assert (mask["keys"]["v1"]["mask"], mask["keys"]["v2"]["mask"]) == ("mask", "has_medical_mask")
    assert mask["routes"] == [
        f"/mask-estimator{rest}"
        for rest in ("/process/sample", "/process/image", "/v1/process/sample", "/v2/process/sample")
    ]
    assert mask["operating_points"] == []
    assert [point["name"] for point in listed["verify-matcher"]["operating_points"]] == [
        "convenience",
        "identity",
        "strict",
    ]


def test_the_same_person_is_near_and_another_far(deployment: Deployment, templates: dict[str, Json]) -> None:
    def verify(one: str, other: str) -> Json:
        answer = post(deployment, "verify-matcher/v1", {"objects": [templates[one], templates[other]]})
        return dict(answer["verification"])

    same, another = verify("obama_senate", "obama_speech"), verify("obama_senate", "macron")
    assert same["distance"] < 4000 < 6000 < another["distance"]
    # At 0.85 one impostor in a million passes.
    assert same["score"] > 0.85 > 0.5 > another["score"]
    assert verify("macron", "obama_senate") == another
    assert verify("collins", "collins") == {"distance": 0, "fa_r": 0, "fr_r": 1, "score": 1}


def test_a_template_survives_both_dialects_and_another_deployment(
    deploy: Deploy, deployment: Deployment, templates: dict[str, Json]
) -> None:
    (face,) = in_order(deployment, ["face-detector-template-extractor"], "v2")["objects"]
    (named,) = face["template"].values()
    assert_alike({"$template": named["blob"]}, {"$template": templates["collins"]["$template"]})
    assert len(b64decode(named["blob"])) == 296
    sample = {"objects": [face, face]}
    elsewhere = [family.value for family in ModelFamily if family is not ModelFamily.MATCHING]
    with deploy(workers=[["matching"], elsewhere]) as other:
        answer = post(other, "verify-matcher/v2", sample)
    assert answer["verification"]["distance"] == 0


def test_both_extractors_make_templates_that_match(deployment: Deployment, templates: dict[str, Json]) -> None:
    (face,) = in_order(deployment, [FITTER, "template-extractor"], "v1")["objects"]
    answer = post(deployment, "verify-matcher/v1", {"objects": [face, templates["collins"]]})
    assert answer["verification"]["distance"] < 1000


def test_a_template_that_is_none_is_refused(deployment: Deployment, templates: dict[str, Json]) -> None:
    good = templates["collins"]
    whole = bytearray(b64decode(good["$template"]))
    whole[100] ^= 1
    cases = {
        "%%%": "Failed to decode base64 string",
        b64encode(bytes(296)).decode(): "not a template of Faceline",
        b64encode(bytes(295)).decode(): "296 bytes",
        b64encode(bytes(whole)).decode(): "damaged",
    }
    for text, message in cases.items():
        sample = {"objects": [good, {**good, "$template": text}]}
        assert message in post(deployment, "verify-matcher/v1", sample, status=422)["detail"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_exactly_two_objects_are_compared(deployment: Deployment, templates: dict[str, Json], count: int) -> None:
    sample = {"objects": [templates["collins"]] * count}
    (detail,) = post(deployment, "verify-matcher/v1", sample, status=422)["detail"]
    assert detail["loc"] == ["body", "objects"]


def test_a_matcher_after_an_extractor_compares_the_two_faces_of_a_photo(deployment: Deployment) -> None:
    names = ["face-detector-template-extractor", "verify-matcher"]
    job = deployment.wait(deployment.submit(names, {"_image": {"blob": crowd(2)}}))
    assert job["result"]["verification"]["distance"] < 1000
    job = deployment.wait(deployment.submit(names, v2_sample()))
    assert (job["status"], job["error"]["type"]) == ("failed", "not_two_objects")


def test_dialects_write_quality_each_in_its_way(deployment: Deployment) -> None:
    (one,) = in_order(deployment, [FITTER, "quality-assessment-estimator"], "v1")["objects"]
    (other,) = in_order(deployment, [FITTER, "quality-assessment-estimator"], "v2")["objects"]
    named, flat = one["quality"]["qaa"], other["quality"]
    assert len(named) == len(flat) == 29
    for (key, value), (name, scaled) in zip(named.items(), flat.items(), strict=True):
        assert name.replace("_", "") == key.lower()
        assert_alike({name: scaled}, {name: value / 100 if name.endswith("_score") else value})
    assert 128 < named["dynamicRangeScore"] <= 255


@pytest.mark.parametrize("name", ["collins.jpg", "macron.jpg", "obama_speech.jpg"])
def test_quality_and_the_mask_estimator_agree(deployment: Deployment, name: str) -> None:
    names = [FITTER, "mask-estimator", "quality-assessment-estimator"]
    (face,) = in_order(deployment, names, "v2", name)["objects"]
    assert face["quality"]["not_masked"] is not face["has_medical_mask"]["value"]


def crowd(count: int) -> str:
    """A photo with this many faces, in base64."""
    face = decode(photo())[0:256, 100:356]
    rows, columns = (5, 8) if count > 8 else (1, count)
    blank = np.full_like(face, 128)
    tiles = [face if index < count else blank for index in range(rows * columns)]
    grid = np.vstack([np.hstack(tiles[row * columns : (row + 1) * columns]) for row in range(rows)])
    return b64encode(cv2.imencode(".jpg", grid, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()).decode()


EVERY = [
    FITTER,
    "age-estimator",
    "gender-estimator",
    "emotion-estimator",
    "mask-estimator",
    "liveness-estimator",
    "quality-assessment-estimator",
    "template-extractor",
]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_every_service_judges_no_face_one_and_forty(deployment: Deployment, count: int) -> None:
    image = crowd(count) if count else base64_photo("shuttle_model.jpg")
    job = deployment.wait(deployment.submit(EVERY, {"_image": {"blob": image}}))
    assert (job["status"], job["error"]) == ("succeeded", None)
    faces = job["result"]["objects"]
    assert [face["id"] for face in faces] == list(range(count))
    for face in faces:
        assert {"age", "gender", "emotions", "has_medical_mask", "liveness", "quality", "template"} <= face.keys()
    genders = [face["gender"] for face in faces]
    assert genders.count("female") >= 0.9 * count


def test_bodies_are_found_and_are_no_faces(deployment: Deployment) -> None:
    (body,) = in_order(deployment, ["body-detector"], "v2")["objects"]
    assert set(body) == {"id", "class", "confidence", "bbox"}
    assert body["class"] == "body"
    # The portrait shows her from the head to the lap, over nearly the whole height.
    assert body["bbox"][3] - body["bbox"][1] > 0.8
    job = deployment.client.post("/jobs", json={"services": ["body-detector", "age-estimator"], "sample": v2_sample()})
    assert job.status_code == 422


TWO_FACES = "More than one face detected"


def check_that_a_detector_that_fails_costs_its_own_part_only(deployment: Deployment) -> None:
    """The module refuses a photo of two faces. With `on_error: continue`, all else stays, also in a batch."""
    names = [FITTER, "age-estimator", "face-detector-liveness-estimator"]
    two = {"_image": {"blob": crowd(2)}}
    job = deployment.wait(deployment.submit(names, two, on_error="continue"))
    assert (job["status"], job["error"]) == ("succeeded", None)
    assert [stage["status"] for stage in job["stages"]] == ["succeeded", "succeeded", "failed"]
    fitted = {"id", "class", "confidence", "bbox", "keypoints", "pose", "age"}
    assert [set(face) for face in job["result"]["objects"]] == [fitted] * 2
    errors = job["result"]["errors"]
    assert errors == [{"service": names[2], "type": "several_faces", "message": TWO_FACES}]
    alone = deployment.wait(deployment.submit(names[2:], two, on_error="continue"))
    assert (alone["status"], alone["result"]) == ("succeeded", {"errors": errors})
    assert deployment.wait(deployment.submit(names, two))["status"] == "failed"
    line = {"custom_id": "two", "services": names, "sample": two, "on_error": "continue"}
    headers = {"Content-Type": "application/x-ndjson"}
    batch = deployment.client.post("/batches", content=json.dumps(line).encode(), headers=headers).json()
    ended = deployment.client.get(f"/batches/{batch['id']}", params={"wait": 30}).json()
    assert (ended["status"], ended["counts"]["succeeded"]) == ("completed", 1)
    (row,) = deployment.client.get(f"/batches/{batch['id']}/output").text.splitlines()
    assert json.loads(row)["result"]["errors"] == errors
    assert not deployment.client.get(f"/batches/{batch['id']}/errors").text


def test_the_modules_of_the_liveness_detector(deploy: Deploy) -> None:
    name = "face-detector-liveness-estimator"
    dark = b64encode(cv2.imencode(".png", cv2.GaussianBlur(decode(photo()) // 8, (0, 0), 6))[1].tobytes()).decode()
    large = b64encode(cv2.imencode(".png", np.zeros((3200, 3200, 3), np.uint8))[1].tobytes()).decode()
    with deploy(FACELINE_LIVENESS_MODULE="quality-liveness-anti-spoofing") as deployment:
        (face,) = post(deployment, f"{name}/v1", v1_sample())["objects"]
        assert set(face) == {"id", "class", "liveness"}
        refused = post(deployment, f"{name}/v1", {"$image": crowd(2)}, status=422)
        assert refused == {"detail": TWO_FACES, "type": "several_faces"}
        detail = post(deployment, f"{name}/v1", {"$image": dark}, status=422)["detail"]
        assert detail.startswith("Low image quality. Calculated score value (")
        assert detail.endswith(") is less than the threshold (30)")
        assert "pixels" in post(deployment, f"{name}/v2", {"_image": {"blob": large}}, status=422)["detail"]
        listed = {service["name"]: service for service in deployment.client.get("/services").json()["services"]}
        assert listed[name]["module"] == "quality-liveness-anti-spoofing"
        assert listed[name]["limits"]["pixels"] == 10_000_000
        check_that_a_detector_that_fails_costs_its_own_part_only(deployment)
    with deploy(FACELINE_LIVENESS_MODULE="liveness-anti-spoofing") as deployment:
        (face,) = post(deployment, f"{name}/v2", {"_image": {"blob": crowd(3)}})["objects"]
        assert set(face) == {"id", "class", "liveness"}
        assert face["liveness"]["value"] in ("real", "fake")
