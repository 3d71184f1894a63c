"""Jobs that failed or were canceled, submitted again over HTTP."""

from collections.abc import Iterator

import pytest

from access.key import Scope
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, Deploy, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.integration.disturbed import damaged_png, frozen_workers
from tests.tolerances import assert_alike
from tests.waiting import until

pytestmark = pytest.mark.stack

FITTER = "face-detector-face-fitter"


def canceled(there: Deployment, body: Json) -> Json:
    """A job that was canceled before a worker took it."""
    with frozen_workers(there):
        job = there.client.post("/jobs", json=body).raise_for_status().json()
        assert there.client.post(f"/jobs/{job['id']}/cancel").json()["status"] == "canceled"
    return dict(job)


def retry(there: Deployment, job: Json, **headers: str) -> Json:
    response = there.client.post(f"/jobs/{job['id']}/retry", headers=headers)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/jobs/{response.json()['id']}"
    return dict(response.json())


@pytest.mark.parametrize(
    "sample",
    [v2_sample(), v1_sample(), {"$image": f"data:image/jpeg;base64,{base64_photo()}"}],
    ids=["v2", "v1", "data URL"],
)
def test_a_canceled_job_is_submitted_again_as_it_was(deployment: Deployment, sample: Json) -> None:
    body = {"services": FOUR, "sample": sample, "include_image": True, "metadata": {"order": 7}, "max_faces": 1}
    first = canceled(deployment, body)
    again = deployment.wait(retry(deployment, first))
    straight = deployment.wait(deployment.client.post("/jobs", json=body).json())
    assert (again["status"], again["retry_of"], straight["retry_of"]) == ("succeeded", first["id"], None)
    assert again["metadata"] == {"order": 7}
    assert_alike(again["result"], straight["result"])
    assert deployment.client.get(f"/jobs/{first['id']}").json()["status"] == "canceled"


def test_a_placeholder_is_one_in_the_retry_too(deployment: Deployment) -> None:
    sample = {**v1_sample(), "objects": [{}]}
    first = canceled(deployment, {"services": ["gender-estimator"], "sample": sample, "include_image": True})
    again = deployment.wait(retry(deployment, first))
    assert [face["gender"] for face in again["result"]["objects"]] == ["FEMALE"]
    assert again["services"] == ["gender-estimator"]


def test_a_verification_is_submitted_again_if_both_sides_are_photos(deployment: Deployment) -> None:
    sides = {"a": {"image": base64_photo("obama_senate.jpg")}, "b": {"image": base64_photo("obama_speech.jpg")}}
    first = canceled(deployment, {"preset": "verify", "include_image": True, "operating_point": "strict", **sides})
    verdict = deployment.wait(retry(deployment, first))["result"]
    assert (verdict["match"], verdict["operating_point"]["name"]) == (True, "strict")


def test_a_failed_job_fails_again_in_a_job_of_its_own(deployment: Deployment) -> None:
    form = {"services": FITTER, "include_image": "true"}
    files = {"image": damaged_png()}
    first = deployment.wait(deployment.client.post("/jobs/image", data=form, files=files).json())
    again = deployment.wait(retry(deployment, first))
    assert again["id"] != first["id"]
    assert (again["status"], again["error"]) == ("failed", first["error"])


def test_the_same_key_gives_the_same_new_job(deployment: Deployment) -> None:
    body = {"services": [FITTER], "sample": v2_sample(), "include_image": True}
    first, other = canceled(deployment, body), canceled(deployment, body)
    key = {"Idempotency-Key": f"again {first['id']}"}
    assert retry(deployment, first, **key)["id"] == retry(deployment, first, **key)["id"]
    assert retry(deployment, first)["id"] != retry(deployment, first)["id"]
    conflict = deployment.client.post(f"/jobs/{other['id']}/retry", headers=key)
    assert (conflict.status_code, conflict.json()["type"]) == (422, "idempotency_conflict")


def test_a_job_that_cannot_be_submitted_again_says_why(deployment: Deployment) -> None:
    client = deployment.client
    body = {"services": [FITTER], "sample": v2_sample()}
    without_photo, erased = canceled(deployment, body), canceled(deployment, body)
    client.delete(f"/jobs/{erased['id']}").raise_for_status()
    short = canceled(deployment, {**body, "include_image": True, "ttl_s": 1})
    done = deployment.wait(deployment.submit([FITTER], v2_sample(), include_image=True))
    face = deployment.wait(deployment.submit(["face-detector-template-extractor"], v2_sample()))["result"]["objects"][0]
    (template,) = (one["blob"] for one in face["template"].values())
    pair = {"preset": "verify", "a": {"template": template}, "b": {"image": base64_photo()}, "include_image": True}
    with_template = canceled(deployment, pair)
    with frozen_workers(deployment):
        waiting = deployment.submit([FITTER], v2_sample(), include_image=True)
        refused = client.post(f"/jobs/{waiting['id']}/retry")
        assert (refused.status_code, refused.json()["type"]) == (409, "not_retryable")
    until(lambda: client.get(f"/jobs/{short['id']}").json()["status"] == "expired")
    for job, status, kind in (
        (without_photo, 410, "photo_gone"),
        (with_template, 410, "photo_gone"),
        (erased, 410, "erased"),
        (short, 410, "expired"),
        (done, 409, "not_retryable"),
        ({"id": "no-such-job"}, 404, "job_unknown"),
    ):
        refused = client.post(f"/jobs/{job['id']}/retry")
        assert (refused.status_code, refused.json()["type"]) == (status, kind), job


@pytest.fixture(scope="module")
def guarded(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment without workers, and with keys."""
    with deploy(workers=[]) as running:
        yield running


def test_the_new_job_belongs_to_the_owner_of_the_old_one(guarded: Deployment) -> None:
    keys, client = administration(guarded.stack.redis_url), guarded.client
    alice, bob, admin = (
        {"Authorization": f"Bearer {keys.create(name, scopes).reveal()}"}
        for name, scopes in (("alice", ()), ("bob", ()), ("operator", [Scope.JOBS, Scope.READ, Scope.ADMIN]))
    )
    form = {"services": FITTER, "include_image": "true"}
    first = client.post("/jobs/image", data=form, files={"image": photo()}, headers=alice).raise_for_status().json()
    client.post(f"/jobs/{first['id']}/cancel", headers=alice).raise_for_status()
    assert client.post(f"/jobs/{first['id']}/retry", headers=bob).status_code == 404
    own = client.post(f"/jobs/{first['id']}/retry", headers=alice).json()
    by_admin = client.post(f"/jobs/{first['id']}/retry", headers=admin).json()
    listed = {job["id"] for job in client.get("/jobs", headers=alice).json()["jobs"]}
    assert {own["id"], by_admin["id"]} <= listed
