"""What is too much, too busy or too slow, with the statuses of the contract."""

import json
import os
import signal
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from time import monotonic, sleep

import httpx
import pytest

from config.settings import LimitSettings
from models.catalogue import services
from models.family import ModelFamily
from tests.integration.conftest import FOUR, Deploy, Deployment, photo, v1_sample, v2_sample
from tests.integration.documented import Documented

pytestmark = pytest.mark.stack

JSON = {"Content-Type": "application/json"}
LIMIT = LimitSettings().image_bytes
PATH = "/face-detector-face-fitter/v1/process"


def padded(size: int) -> bytes:
    """A photo with bytes behind its end, which viewers ignore."""
    return photo() + bytes(size - len(photo()))


@contextmanager
def stopped_worker(deployment: Deployment) -> Iterator[None]:
    """The only worker of a deployment does nothing for as long as the context lasts."""
    (worker,) = deployment.stack.supervisor.pids("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def test_an_image_of_4_7_mb_passes_and_one_byte_more_does_not(deployment: Deployment) -> None:
    for size, status in ((LIMIT, 200), (LIMIT + 1, 413)):
        as_file = deployment.client.post(f"{PATH}/image", files={"image": ("a.jpg", padded(size), "image/jpeg")})
        as_text = deployment.client.post(f"{PATH}/sample", json={"$image": b64encode(padded(size)).decode()})
        assert (as_file.status_code, as_text.status_code) == (status, status)
    assert isinstance(as_file.json()["detail"], str)


@pytest.mark.parametrize("megabytes", [8, 30])
@pytest.mark.parametrize(
    ("path", "media_type", "status"),
    [
        (f"{PATH}/sample", "application/json", 413),
        ("/jobs", "application/json", 413),
        (f"{PATH}/image", "application/json", 415),
        ("/no-such-path", "application/json", 404),
        ("/batches", "text/plain", 415),
    ],
)
def test_a_client_that_sends_all_before_it_reads_gets_the_answer(
    deployment: Deployment, path: str, media_type: str, status: int, megabytes: int
) -> None:
    """As the clients of most languages do, also `requests` and curl."""
    body = json.dumps({"$image": "A" * megabytes * 1_000_000}).encode()
    address = deployment.client.base_url
    for sent in (body, (body[start : start + 2**16] for start in range(0, len(body), 2**16))):
        with closing(HTTPConnection(address.host, address.port or 80, timeout=20)) as connection:
            connection.request("POST", path, sent, {"Content-Type": media_type})
            response = connection.getresponse()
            assert response.status == status
            assert json.load(response)["detail"]
            used = connection.sock
            connection.request("GET", "/healthz")
            assert connection.getresponse().status == 200
            assert connection.sock is used


@pytest.mark.parametrize(
    ("path", "media_type", "megabytes", "status"),
    [
        (f"{PATH}/sample", "application/json", 100, 413),
        ("/jobs", "application/json", 100, 413),
        ("/batches", "application/x-ndjson", 270, 413),
        ("/batches", "text/plain", 80, 415),
    ],
)
def test_a_client_that_sends_far_too_much_gets_the_answer(
    deployment: Deployment, path: str, media_type: str, megabytes: int, status: int
) -> None:
    address = deployment.client.base_url
    with closing(HTTPConnection(address.host, address.port or 80, timeout=60)) as connection:
        length = megabytes * 1_000_000
        headers = {"Content-Type": media_type, "Content-Length": str(length)}
        connection.request("POST", path, (bytes(1_000_000) for _ in range(megabytes)), headers)
        assert connection.getresponse().status == status


def test_a_body_is_refused_while_it_comes_in(deployment: Deployment) -> None:
    """A body without a length would be most of a gigabyte: the answer comes before its end."""
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(800):
            sent += 2**20
            yield b"x" * 2**20

    try:
        response = deployment.client.post(
            f"{PATH}/sample", content=endless(), headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 413
    except httpx.WriteError:
        pass  # the server hung up, which is an answer too
    assert sent < 400 * 2**20


def test_pixels_are_counted_before_they_are_decoded(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_LIMITS__PIXELS="100000") as small:
        response = small.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()})
        assert response.status_code == 422
        assert "100000" in response.json()["detail"]


def test_without_a_worker_a_route_answers_503_and_a_job_waits(deploy: Deploy) -> None:
    with deploy(workers=[]) as idle:
        documented = Documented.of(idle)
        response = documented.request("POST", f"{PATH}/sample", json=v1_sample())
        assert (response.status_code, response.json()["type"]) == (503, "no_worker")
        assert "face-detection" in response.json()["detail"]
        job = idle.submit(FOUR, v2_sample())
        assert job["status"] == "queued"
        assert documented.request("GET", f"/jobs/{job['id']}/result").status_code == 202
        assert documented.request("POST", f"/jobs/{job['id']}/cancel").status_code == 202
        canceled = documented.request("GET", f"/jobs/{job['id']}/result")
        assert (canceled.status_code, canceled.json()["type"]) == (409, "canceled")
        assert documented.request("GET", "/healthz").status_code == 200
        ready = documented.request("GET", "/readyz")
        assert (ready.status_code, ready.json()["type"], ready.json()["ready"]) == (503, "not_ready", False)


def test_a_full_queue_answers_429_and_says_when_to_come_back(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_LIMITS__QUEUE_LENGTH="2") as idle:
        answers = []
        for _ in range(500):
            answers.append(idle.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()}))
            if answers[-1].status_code != 202:
                break
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert len(answers) > 2


def until_refused(deployment: Deployment, priority: str) -> tuple[int, int]:
    """Submits jobs until one is refused: how many were accepted, and after how many seconds to try again."""
    for accepted in range(500):
        request = {"services": FOUR[:1], "sample": v2_sample(), "priority": priority}
        answer = deployment.client.post("/jobs", json=request)
        if answer.status_code != 202:
            assert answer.status_code == 429
            return accepted, int(answer.headers["retry-after"])
    pytest.fail("no job was refused")


def refused_caller(deployment: Deployment) -> httpx.Response:
    """Sends synchronous requests until one is refused with 429; each that is not lengthens the queue."""
    for _ in range(30):
        with suppress(httpx.ReadTimeout):
            answer = deployment.client.post(f"{PATH}/sample", json=v1_sample(), timeout=1)
            if answer.status_code == 429:
                return answer
    pytest.fail("no caller was refused")


def test_each_priority_is_refused_at_its_own_bound_and_bulk_first(deploy: Deploy) -> None:
    bounds = {"HIGH_WAIT_S": "0.5", "NORMAL_WAIT_S": "5", "BULK_WAIT_S": "5"}
    with deploy(**{f"FACELINE_LIMITS__{name}": value for name, value in bounds.items()}) as slow:
        with stopped_worker(slow):
            # A stopped worker still gets a message or two, which then do not wait in the queue any more.
            for _ in range(3):
                slow.submit(FOUR[:1], v2_sample(), priority="high")
            sleep(1)
            (high, after_s), (normal, later_s) = (until_refused(slow, priority) for priority in ("high", "normal"))
            assert 1 <= high < normal
            assert 1 <= after_s <= later_s
            # A body that cannot be parsed shows that a job is refused before that.
            ends = monotonic() + 60
            while slow.client.post("/jobs", content=b"{", headers=JSON).status_code != 429:
                assert monotonic() < ends
                slow.client.post("/jobs", json={"services": FOUR[:1], "sample": v2_sample()})
            caller = refused_caller(slow)
            assert caller.json()["type"] == "overloaded"
            assert int(caller.headers["retry-after"]) >= 1
            bulk = slow.client.post("/jobs", json={"services": FOUR[:1], "sample": v2_sample(), "priority": "bulk"})
            assert (bulk.status_code, bulk.json()["type"]) == (429, "overloaded")
        ends = monotonic() + 60
        while slow.client.post(f"{PATH}/sample", json=v1_sample()).status_code != 200:
            assert monotonic() < ends
            sleep(0.2)


def test_readiness_says_no_while_all_places_are_taken_and_recovers(deploy: Deploy) -> None:
    with deploy(FACELINE_LIMITS__WAITING_CALLERS="1") as small:
        with ThreadPoolExecutor(1) as pool:
            with stopped_worker(small):
                waiting = pool.submit(small.client.post, f"{PATH}/sample", json=v1_sample())
                ends = monotonic() + 20
                while (ready := small.client.get("/readyz")).status_code == 200:
                    assert monotonic() < ends
                    sleep(0.05)
                assert (ready.status_code, ready.json()["type"]) == (503, "not_ready")
                assert "1 callers wait" in ready.json()["pressure"]
                refused = small.client.post(f"{PATH}/sample", json=v1_sample())
                assert (refused.status_code, refused.json()["type"]) == (429, "overloaded")
            assert waiting.result().status_code == 200
        assert small.client.get("/readyz").status_code == 200


def test_a_full_store_answers_429(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_LIMITS__STORE_SHARE="0.0001") as idle:
        assert idle.client.post("/jobs", json={"services": FOUR, "sample": v2_sample()}).status_code == 429


def test_a_route_that_waits_too_long_answers_504_and_cancels_its_job(deploy: Deploy) -> None:
    with deploy(FACELINE_JOBS__SYNC_TIMEOUT_S="1") as slow:
        with stopped_worker(slow):
            response = slow.client.post(f"{PATH}/sample", json=v1_sample())
            assert response.status_code == 504
            (job,) = slow.client.get("/jobs").json()["jobs"]
            assert job["id"] in response.json()["detail"]
        canceled = slow.wait(job)
        assert (canceled["status"], canceled["stages"][0]["status"]) == ("canceled", "skipped")
        assert slow.client.post(f"{PATH}/sample", json=v1_sample()).status_code == 200


def test_the_job_of_a_caller_who_leaves_is_canceled_and_not_computed(deploy: Deploy) -> None:
    with deploy() as slow, stopped_worker(slow):
        with pytest.raises(httpx.ReadTimeout):
            slow.client.post(f"{PATH}/sample", json=v1_sample(), timeout=1)
        ends = monotonic() + 20
        (job,) = slow.client.get("/jobs").json()["jobs"]
        while (found := slow.client.get(f"/jobs/{job['id']}").json())["status"] != "canceled":
            assert monotonic() < ends
            sleep(0.05)
        assert found["stages"][0]["worker"] is None
        assert not slow.redis.keys("faceline:blob:*")


def test_the_job_of_a_caller_is_not_computed_after_its_time_though_the_api_stands_still(deploy: Deploy) -> None:
    with deploy(FACELINE_JOBS__SYNC_TIMEOUT_S="1", FACELINE_LOG_FORMAT="json") as slow:
        (api,) = slow.stack.supervisor.pids("api")
        with ThreadPoolExecutor(1) as pool:
            with stopped_worker(slow):
                waiting = pool.submit(slow.client.post, f"{PATH}/sample", json=v1_sample())
                ends = monotonic() + 30
                while not slow.redis.keys("faceline:blob:*"):
                    assert monotonic() < ends
                sleep(0.3)  # the message is sent after the image is stored
                os.kill(api, signal.SIGSTOP)
                sleep(3)
            while '"outcome": "late"' not in slow.log.read_text():
                assert monotonic() < ends
                sleep(0.05)
            os.kill(api, signal.SIGCONT)
            assert waiting.result().status_code == 504


def test_readiness_tells_each_family_and_each_model(deployment: Deployment) -> None:
    ready = deployment.client.get("/readyz")
    assert ready.status_code == 200
    families = ready.json()["families"]
    assert set(families) == set(ModelFamily)
    assert families["face-detection"]["ms"]["yunet"] > 0


def test_version_tells_the_models_with_hash_and_licence(deployment: Deployment) -> None:
    version = deployment.client.get("/version").json()
    models = {model["name"]: model for model in version["models"]}
    assert {"yunet", "facemesh", "fr-pose", "faceapi-age-gender"} <= set(models)
    assert all(len(model["sha256"]) == 64 and model["licence"] and model["package"] for model in models.values())
    assert version["services"] == list(services())
