"""Jobs over HTTP: submitted, watched, fetched, canceled, erased."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import sleep
from typing import Any

import cv2
import numpy as np
import pytest

from tests.integration.conftest import FOUR, Deploy, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("name", ["collins.jpg", "macron.jpg", "shuttle_model.jpg"])
def test_a_job_equals_its_services_called_one_after_another(deployment: Deployment, name: str) -> None:
    job = deployment.wait(deployment.submit(FOUR, v2_sample(name), include_image=True))
    sample = v2_sample(name)
    for service in FOUR:
        sample = deployment.client.post(f"/{service}/v2/process/sample", json=sample).json()
    # Service routes write ages as text, jobs as numbers.
    for face in sample["objects"]:
        face["age"] = int(face["age"])
    assert_alike(job["result"], sample)


def test_a_job_tells_how_it_went(deployment: Deployment) -> None:
    taken = deployment.submit(FOUR, v2_sample(), metadata={"order": 7})
    assert taken["status"] == "queued"
    assert taken["result"] is None
    job = deployment.wait(taken)
    assert (job["id"], job["status"], job["error"]) == (taken["id"], "succeeded", None)
    assert job["metadata"] == {"order": 7}
    assert [(stage["service"], stage["status"]) for stage in job["stages"]] == [(name, "succeeded") for name in FOUR]
    assert all(stage["ms"] > 0 for stage in job["stages"])
    times = [datetime.fromisoformat(job[key]) for key in ("created_at", "started_at", "finished_at", "expires_at")]
    assert times == sorted(times)
    assert "_image" not in job["result"]
    assert all(isinstance(face["age"], int) for face in job["result"]["objects"])


def test_headers_say_where_to_look_and_when(deployment: Deployment) -> None:
    response = deployment.client.post("/jobs", json={"services": FOUR[:1], "sample": v1_sample()})
    assert response.status_code == 202
    assert response.headers["location"] == f"/jobs/{response.json()['id']}"
    assert int(response.headers["retry-after"]) >= 1


def test_a_job_may_be_waited_for_where_it_is_submitted(deployment: Deployment) -> None:
    body = {"services": FOUR, "sample": v2_sample(), "metadata": {"order": 7}}
    key = {"Idempotency-Key": "order-of-one-who-waits"}
    for _ in range(2):
        answer = deployment.client.post("/jobs", params={"wait": 30}, json=body, headers=key)
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
        assert answer.json() == deployment.client.get(f"/jobs/{answer.json()['id']}").json()
    form = {"services": ",".join(FOUR), "metadata": json.dumps({"order": 7})}
    sent = deployment.client.post("/jobs/image", params={"wait": 30}, data=form, files={"image": photo()})
    assert sent.status_code == 200
    assert_alike(sent.json()["result"], answer.json()["result"])


def test_who_waits_in_vain_gets_the_job_as_it_stands(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        body = {"services": FOUR, "sample": v2_sample()}
        answer = idle.client.post("/jobs", params={"wait": 0.2}, json=body)
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert answer.headers["location"] == f"/jobs/{answer.json()['id']}"
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(idle.client.post, "/jobs", params={"wait": 30}, json=body)
            while len(listed := idle.client.get("/jobs").json()["jobs"]) < 2:
                sleep(0.05)
            assert idle.client.post(f"/jobs/{listed[0]['id']}/cancel").status_code == 202
            ended = waiting.result(10)
        assert (ended.status_code, ended.json()["status"]) == (200, "canceled")


def test_the_result_alone_is_the_sample_in_its_dialect(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit(FOUR[:1], v1_sample()))
    result = deployment.client.get(f"/jobs/{job['id']}/result")
    assert result.status_code == 200
    assert result.json() == job["result"]
    assert "fitter" in result.json()["objects"][0]


def test_an_image_may_come_as_a_form(deployment: Deployment) -> None:
    files = {"image": ("photo.jpg", photo(), "image/jpeg")}
    form = {"services": ",".join(FOUR), "metadata": '{"from": "form"}'}
    response = deployment.client.post("/jobs/image", files=files, data=form)
    assert response.status_code == 202
    job = deployment.wait(response.json())
    other = deployment.wait(deployment.submit(FOUR, v2_sample()))
    assert_alike(job["result"], other["result"])
    assert job["metadata"] == {"from": "form"}


def test_a_placeholder_works_in_a_job_too(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit(["gender-estimator"], {**v1_sample(), "objects": [{}]}))
    assert job["result"]["objects"] == [{"id": 0, "class": "face", "gender": "FEMALE"}]
    assert [stage["service"] for stage in job["stages"]] == ["gender-estimator"]


def test_an_unknown_job_is_not_found(deployment: Deployment) -> None:
    for method, path in (("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("DELETE", "")):
        assert deployment.client.request(method, f"/jobs/no-such-job{path}").status_code == 404


def test_the_same_idempotency_key_gives_the_same_job(deployment: Deployment) -> None:
    body = {"services": FOUR[:1], "sample": v2_sample()}

    def post(body: Json) -> Any:
        return deployment.client.post("/jobs", json=body, headers={"Idempotency-Key": "order-1"})

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, [body] * 4))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = post({**body, "services": FOUR[:2]})
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json()["detail"]


@pytest.mark.parametrize(
    ("request_", "loc"),
    [
        ({"sample": {}}, ["body", "services"]),
        ({"services": [], "sample": {}}, ["body", "services"]),
        ({"services": FOUR[:1]}, ["body", "sample"]),
        ({"services": ["shoe-estimator"], "sample": v2_sample()}, ["body", "services", 0]),
        ({"services": FOUR[:1], "sample": {}}, ["body", "sample", "_image"]),
        ({"services": FOUR[1:], "sample": v2_sample()}, ["body", "sample", "objects"]),
        (
            {"services": ["age-estimator"], "sample": {**v2_sample(), "objects": [{"id": 3}]}},
            ["body", "sample", "objects", 0, "bbox"],
        ),
        ({"services": FOUR[:1], "sample": v2_sample(), "ttl_s": 0}, ["body", "ttl_s"]),
        ({"services": FOUR[:1], "sample": v2_sample(), "ttl_s": 10**9}, ["body", "ttl_s"]),
        ({"services": FOUR[:1], "sample": v2_sample(), "priority": "urgent"}, ["body", "priority"]),
        ({"services": FOUR[:1], "sample": v2_sample(), "colour": "red"}, ["body", "colour"]),
        ({"services": FOUR[:1], "sample": v2_sample(), "webhook": {"url": "x"}}, ["body", "webhook", "url"]),
        ({"services": FOUR[:1], "sample": {**v1_sample(), **v2_sample()}}, ["body", "sample", "$image"]),
    ],
)
def test_a_job_that_cannot_work_is_refused_where_it_is_wrong(
    deployment: Deployment, request_: Json, loc: list[Any]
) -> None:
    response = deployment.client.post("/jobs", json=request_)
    assert response.status_code == 422
    assert loc in [entry["loc"] for entry in response.json()["detail"]]


def test_a_refusal_names_the_service_and_the_field_that_it_lacks(deployment: Deployment) -> None:
    sample = {**v1_sample(), "objects": [{"id": 3}]}
    response = deployment.client.post("/jobs", json={"services": ["age-estimator"], "sample": sample})
    (detail,) = response.json()["detail"]
    assert "age-estimator" in detail["msg"]
    assert "bbox" in detail["msg"]


def test_a_refusal_of_a_sample_without_objects_says_what_to_do(deployment: Deployment) -> None:
    response = deployment.client.post("/jobs", json={"services": ["age-estimator"], "sample": v2_sample()})
    (detail,) = response.json()["detail"]
    assert "age-estimator" in detail["msg"]
    assert detail["msg"].endswith("put face-detector-face-fitter first, or use preset face-analysis")


@pytest.mark.parametrize("objects", [{}, {"objects": None}])
def test_a_matcher_without_objects_names_the_way_to_compare_two_photos(
    deployment: Deployment, objects: dict[str, Any]
) -> None:
    sample = {**v2_sample(), **objects}
    response = deployment.client.post("/jobs", json={"services": ["verify-matcher"], "sample": sample})
    (detail,) = response.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "sample", "objects"], "missing")
    assert "use POST /verify, or preset verify" in detail["msg"]


def test_messages_are_in_the_words_of_callers(deployment: Deployment) -> None:
    priorities = "Input should be 'high', 'normal' or 'bulk'"
    body = {"services": ["age-estimator"], "sample": {}, "priority": "x"}
    form = {"services": "age-estimator", "priority": "x"}
    grown = {**v2_sample(), "objects": [{"bbox": [0.5, 0.2, 0.3, 0.4]}]}
    turned = {**v2_sample(), "objects": [{"bbox": [0, 0, 1, 1], "pose": {"yaw": 361, "roll": 0, "pitch": 0}}]}
    for response, message in (
        (deployment.client.post("/jobs", json=body), priorities),
        (deployment.client.post("/jobs", json={"preset": "verify", **pair_of_nothing(), "priority": "x"}), priorities),
        (deployment.client.post("/jobs/image", files={"image": photo()}, data=form), priorities),
        (deployment.client.get("/jobs", params={"status": "x"}), "Input should be 'queued', 'running'"),
        (
            deployment.client.post("/age-estimator/v2/process/sample", json=grown),
            "x2 must be greater than x1, and y2 greater than y1",
        ),
        (
            deployment.client.post("/jobs", json={"services": ["quality-assessment-estimator"], "sample": turned}),
            "angles are between -360 and 360 degrees",
        ),
    ):
        assert response.status_code == 422, response.text
        assert response.json()["detail"][0]["msg"].startswith(message)


def pair_of_nothing() -> Json:
    """The two sides of a verification, both without a photo."""
    return {"a": {"image": ""}, "b": {"image": ""}}


@pytest.mark.parametrize(
    "option", [{"max_faces": True}, {"max_faces": "1"}, {"ttl_s": True}, {"ttl_s": "60"}, {"include_image": "true"}]
)
def test_an_option_of_another_type_is_refused(deployment: Deployment, option: Json) -> None:
    body = {"services": FOUR[:1], "sample": v2_sample(), **option}
    response = deployment.client.post("/jobs", json=body)
    assert response.status_code == 422, response.text
    assert [entry["loc"] for entry in response.json()["detail"]] == [["body", *option]]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/jobs", {"GET", "HEAD", "POST", "DELETE"}),
        ("PUT", "/jobs/some-job", {"GET", "HEAD", "DELETE"}),
        ("HEAD", "/jobs/some-job/cancel", {"POST"}),
        ("OPTIONS", "/batches", {"GET", "HEAD", "POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
        ("POST", "/docs", {"GET", "HEAD"}),
        ("POST", "/docs-assets/swagger-ui.css", {"GET", "HEAD"}),
        ("DELETE", "/age-estimator/v1/process/sample", {"POST"}),
        ("GET", "/faceapi/v1/face_age_detection", {"POST"}),
    ],
)
def test_a_method_that_a_path_lacks_is_answered_with_all_that_it_has(
    deployment: Deployment, method: str, path: str, allowed: set[str]
) -> None:
    response = deployment.client.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed


def test_head_is_answered_as_get_without_the_body(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit(FOUR[:1], v2_sample()))
    for path in ("/healthz", "/services", f"/jobs/{job['id']}", "/openapi.json", "/docs-assets/swagger-ui.css"):
        got, head = deployment.client.get(path), deployment.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert head.headers["content-length"] == str(len(got.content))
    assert deployment.client.head("/jobs/no-such-job").status_code == 404


def test_jobs_are_listed_the_latest_first(deployment: Deployment) -> None:
    ids = [deployment.wait(deployment.submit(FOUR[:1], v2_sample("shuttle_model.jpg")))["id"] for _ in range(3)]
    page = deployment.client.get("/jobs", params={"limit": 2, "status": "succeeded"}).json()
    assert [job["id"] for job in page["jobs"]] == ids[:0:-1]
    following = deployment.client.get("/jobs", params={"limit": 2, "cursor": page["next"]}).json()
    assert following["jobs"][0]["id"] == ids[0]


def test_a_job_that_waits_is_queued_may_be_canceled_and_answers_202(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        job = idle.submit(FOUR, v2_sample())
        result = idle.client.get(f"/jobs/{job['id']}/result", params={"wait": 0.2})
        assert result.status_code == 202
        assert idle.client.get(f"/jobs/{job['id']}").json()["status"] == "queued"
        canceled = idle.client.post(f"/jobs/{job['id']}/cancel")
        assert (canceled.status_code, canceled.json()["status"]) == (202, "canceled")
        assert idle.client.get(f"/jobs/{job['id']}/result").status_code == 409


def test_a_result_expires_after_its_ttl(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit(FOUR[:1], v2_sample(), ttl_s=1))
    sleep(1.1)
    after = deployment.client.get(f"/jobs/{job['id']}").json()
    assert (after["status"], after["result"]) == ("expired", None)
    assert deployment.client.get(f"/jobs/{job['id']}/result").status_code == 410


def test_an_image_that_does_not_decode_fails_the_job_and_its_route_with_the_same_words(deployment: Deployment) -> None:
    # A whole PNG by its structure, whose pixels do not decode: only a worker can know.
    encoded = bytearray(cv2.imencode(".png", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))[1])
    start = encoded.index(b"IDAT") + 4
    encoded[start : start + 200] = bytes(200)
    files = {"image": ("photo.png", bytes(encoded), "image/png")}
    job = deployment.wait(deployment.client.post("/jobs/image", files=files, data={"services": FOUR}).json())
    assert job["status"] == "failed"
    assert job["error"]["type"] == "invalid_image"
    assert deployment.client.get(f"/jobs/{job['id']}/result").status_code == 422
    route = deployment.client.post("/face-detector-face-fitter/v2/process/image", files=files)
    assert (route.status_code, route.json()["detail"]) == (422, job["error"]["message"])


def test_the_base64_of_the_caller_is_echoed_unchanged(deployment: Deployment) -> None:
    text = base64_photo()
    broken = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    response = deployment.client.post("/face-detector-face-fitter/v1/process/sample", json={"$image": broken})
    assert response.json()["$image"] == broken


def test_a_job_echoes_the_image_field_as_it_was_sent(deployment: Deployment) -> None:
    text = base64_photo()
    with_breaks = "\n".join(text[start : start + 76] for start in range(0, len(text), 76))
    url = f"data:image/jpeg;base64,{text}"
    for sent in (
        {"$image": with_breaks},
        {"$image": url},
        {"_image": {"blob": text}},
        {"_image": {"blob": url, "format": "IMAGE", "name": "a"}},
    ):
        job = deployment.wait(deployment.submit(FOUR[:1], sent, include_image=True))
        assert {key: value for key, value in job["result"].items() if key != "objects"} == sent
        assert not sent.keys() & deployment.wait(deployment.submit(FOUR[:1], sent))["result"].keys()
    names = ["face-detector-template-extractor"]
    (face,) = deployment.wait(deployment.submit(names, v2_sample()))["result"]["objects"]
    nothing = {"_image": None, "objects": [face, face]}
    matched = deployment.wait(deployment.submit(["verify-matcher"], nothing, include_image=True))["result"]
    assert {key: matched[key] for key in nothing} == nothing


def test_a_service_that_fails_may_be_left_out(deployment: Deployment) -> None:
    """One face cannot be compared; with `continue` the answer has all other results, and the error."""
    names = ["face-detector-template-extractor", "verify-matcher", "age-estimator"]
    stopped = deployment.wait(deployment.submit(names, v2_sample()))
    assert (stopped["status"], stopped["result"]) == ("failed", None)
    assert [stage["status"] for stage in stopped["stages"]] == ["succeeded", "failed", "skipped"]
    went_on = deployment.wait(deployment.submit(names, v2_sample(), on_error="continue"))
    assert went_on["status"] == "succeeded"
    assert "verification" not in went_on["result"]
    assert "age" in went_on["result"]["objects"][0]
    (error,) = went_on["result"]["errors"]
    assert (error["service"], error["type"]) == ("verify-matcher", "not_two_objects")


def test_two_deployments_may_share_a_server_of_ones_own(deploy: Deploy, deployment: Deployment) -> None:
    with deploy(workers=[], FACELINE_REDIS_URL=deployment.stack.redis_url, FACELINE_CO_LOCATE="true") as second:
        job = second.submit(FOUR[:1], v2_sample())
        assert deployment.wait(job)["status"] == "succeeded"
        assert second.client.get(f"/jobs/{job['id']}/result").json()["objects"]


def test_the_embedded_stack_runs_a_whole_pipeline_in_one_hop(deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit([*FOUR, "template-extractor"], v2_sample()))
    assert {stage["queue"] for stage in job["stages"]} == {"faceline"}


def test_a_key_whose_job_is_gone_stands_for_nothing(deployment: Deployment) -> None:
    def submit() -> Json:
        body = {"services": FOUR[:1], "sample": v2_sample(), "ttl_s": 1}
        response = deployment.client.post("/jobs", json=body, headers={"Idempotency-Key": "of-mine"})
        assert response.status_code == 202, response.text
        return dict(response.json())

    first = submit()
    deployment.wait(first)
    assert submit()["id"] == first["id"]
    deployment.client.delete(f"/jobs/{first['id']}").raise_for_status()
    assert not deployment.redis.keys("*of-mine*"), "nothing of the request outlives its deletion"
    second = submit()
    assert second["id"] != first["id"]
    deployment.wait(second)
    sleep(1.2)
    third = submit()
    assert third["id"] != second["id"]
    assert deployment.wait(third)["status"] == "succeeded"


def test_a_job_in_one_hop_is_canceled_between_its_services(deployment: Deployment) -> None:
    """A crowd keeps each service busy for long enough to be asked in between."""
    face = photo()
    tile = cv2.imdecode(np.frombuffer(face, np.uint8), cv2.IMREAD_COLOR)[0:256, 100:356]
    crowd = cv2.imencode(".jpg", np.tile(tile, (6, 8, 1)))[1].tobytes()
    files = {"image": ("crowd.jpg", crowd, "image/jpeg")}
    services = [*FOUR, "mask-estimator", "template-extractor", "liveness-estimator", "quality-assessment-estimator"]
    job = deployment.client.post("/jobs/image", files=files, data={"services": ",".join(services)}).json()
    while deployment.client.get(f"/jobs/{job['id']}").json()["status"] == "queued":
        sleep(0.01)
    deployment.client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    ended = deployment.wait(job)
    assert (ended["status"], ended["result"]) == ("canceled", None)
    assert ended["stages"][-1]["status"] == "skipped"


def test_a_job_whose_record_cannot_be_read_is_an_error_of_its_own(deployment: Deployment) -> None:
    client = deployment.client
    good, bad = (deployment.submit(FOUR, v2_sample()) for _ in range(2))
    deployment.wait(good)
    deployment.wait(bad)
    deployment.redis.hset(f"faceline:job:{bad['id']}", "spec", "{")
    listed = client.get("/jobs", params={"limit": 100})
    assert listed.status_code == 200
    ids = [job["id"] for job in listed.json()["jobs"]]
    assert good["id"] in ids
    assert bad["id"] not in ids
    for path in ("", "/result"):
        refused = client.get(f"/jobs/{bad['id']}{path}")
        assert (refused.status_code, refused.json()["type"]) == (409, "record_unreadable")
    assert client.delete(f"/jobs/{bad['id']}").status_code == 204
    assert client.get(f"/jobs/{bad['id']}").status_code == 404
    assert deployment.redis.keys(f"faceline:*{bad['id']}*") == []
