"""Batches over HTTP: taken in, watched, fetched, canceled, erased."""

import csv
import io
import json
import os
import signal
import tarfile
import zipfile
from base64 import b64decode, b64encode
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import cv2
import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from config.settings import JobSettings
from jobs.redis import keys
from jobs.redis.connection import connect
from jobs.redis.jobs import RedisJobStore
from models.imaging.decode import decode
from tests.integration.conftest import FOUR, PHOTOS, Deploy, Deployment, Json, base64_photo, photo, v1_sample, v2_sample
from tests.integration.steady import tiny_photos
from tests.integration.test_privacy import everything
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

DETECTOR = FOUR[:1]
JSONL = {"Content-Type": "application/x-ndjson"}
ZIP = {"Content-Type": "application/zip"}
PARQUET = "application/vnd.apache.parquet"
REMARK = "a very private remark"
PRIVATE = "ardern.jpg"


@pytest.fixture(scope="module")
def deployment(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment of this module's own, whose batches have small parts and lose patience soon."""
    brief = {"FACELINE_BATCHES__PATIENCE_S": "4", "FACELINE_BATCHES__SILENCE_S": "6"}
    roots = json.dumps([str(PHOTOS)])
    more = {"FACELINE_REFERENCE_ROOTS": roots, "FACELINE_LOG_LEVEL": "DEBUG"}
    with deploy(FACELINE_BATCHES__CHUNK="4", **brief, **more) as running:
        yield running


@pytest.fixture(scope="module")
def idle(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment in which nothing is done, and little is allowed."""
    bounds = {"OPEN_AT_ONCE": "2", "REQUESTS": "3", "MEMBERS": "4", "BODY_BYTES": "200000", "CHUNK": "1"}
    with deploy(workers=[], **{f"FACELINE_BATCHES__{name}": value for name, value in bounds.items()}) as running:
        yield running


def line(custom_id: str, sample: Json, services: Sequence[str] = DETECTOR, **more: Any) -> Json:
    return {"custom_id": custom_id, "services": list(services), "sample": sample, **more}


def lines(*requests: Json | str) -> bytes:
    return b"".join((one if isinstance(one, str) else json.dumps(one)).encode() + b"\n" for one in requests)


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, content in files.items():
            # Without the time: the same files make the same archive.
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return held.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def post(there: Deployment, body: Any, headers: Mapping[str, str] = JSONL, **query: Any) -> httpx.Response:
    return there.client.post("/batches", content=body, headers=headers, params=query)


def submit(there: Deployment, body: Any, headers: Mapping[str, str] = JSONL, **query: Any) -> str:
    response = post(there, body, headers, **query)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/batches/{response.json()['id']}"
    return str(response.json()["id"])


def ended(there: Deployment, batch_id: str, seconds: float = 30) -> Json:
    ends = monotonic() + seconds
    while monotonic() < ends:
        batch = dict(there.client.get(f"/batches/{batch_id}").json())
        counts = dict(batch["counts"])
        assert counts.pop("total") == sum(counts.values())
        if batch["status"] not in ("validating", "in_progress", "finalizing", "canceling"):
            return batch
        sleep(0.05)
    raise AssertionError(there.log.read_text()[-3000:])


def rows(there: Deployment, batch_id: str, path: str) -> list[Json]:
    response = there.client.get(f"/batches/{batch_id}/{path}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(text) for text in response.text.splitlines()]


def test_each_line_has_its_result_or_its_error(deployment: Deployment) -> None:
    """Two dialects, mixed services, and what may be wrong with a line."""
    asked = [
        line("v1", v1_sample(), FOUR),
        line("v2", v2_sample(), FOUR),
        line("v2 too", v2_sample("macron.jpg"), FOUR),
        line("body", v2_sample(), ["body-detector"]),
        {"custom_id": "preset", "preset": "passport-check", "sample": v2_sample()},
        line("echo", {"_image": {"blob": f"data:image/jpeg;base64,{base64_photo()}"}}, include_image=True),
        line("no face", v2_sample("shuttle_model.jpg"), FOUR),
        line("reference", {"note": 1}, reference=(PHOTOS / "collins.jpg").as_uri()),
    ]
    wrong: list[tuple[Json | str, str | None, str]] = [
        ("{not json", None, "invalid_sample"),
        (line("v1", v1_sample()), "v1", "duplicate_custom_id"),
        (line("base64", {"$image": "!"}), "base64", "undecodable_base64"),
        (line("service", v1_sample(), ["shoe-estimator"]), "service", "invalid_sample"),
        (line("unmet", v2_sample(), FOUR[1:]), "unmet", "invalid_sample"),
        (line("mixed", {**v1_sample(), **v2_sample()}), "mixed", "invalid_sample"),
        (line("bytes", {"$image": "x" * 9_000_000}), None, "payload_too_large"),
        (line("outside", {}, reference=Path(__file__).as_uri()), "outside", "unreachable_reference"),
    ]
    body = lines(*asked[:4], "", *(one for one, _, _ in wrong), *asked[4:])
    batch_id = submit(deployment, BOM_UTF8 + body)
    batch = ended(deployment, batch_id)
    assert batch["status"] == "completed"
    counts = {"total": 16, "succeeded": 8, "failed": 8, "canceled": 0, "expired": 0, "in_progress": 0}
    assert batch["counts"] == counts
    output = rows(deployment, batch_id, "output")
    assert [(row["custom_id"], row["line"]) for row in output] == [
        *((one["custom_id"], number) for number, one in enumerate(asked[:4], start=1)),
        *((one["custom_id"], number) for number, one in enumerate(asked[4:], start=14)),
    ]
    for row, one in zip(output, asked, strict=True):
        options = {key: value for key, value in one.items() if key not in ("custom_id", "reference")}
        if "reference" in one:
            options["sample"] = {**v2_sample(), **one["sample"]}
        job = deployment.wait(deployment.client.post("/jobs", json=options).json())
        assert_alike(row["result"], job["result"])
    assert output[5]["result"]["_image"] == asked[5]["sample"]["_image"]
    assert {(row["image_width"], row["image_height"]) for row in output if row["custom_id"] == "reference"} == {
        (output[0]["image_width"], output[0]["image_height"])
    }
    errors = rows(deployment, batch_id, "errors")
    assert [(row["line"], row["custom_id"], row["type"]) for row in errors] == [
        (number, name, kind) for number, (_, name, kind) in enumerate(wrong, start=6)
    ]
    assert errors[4]["detail"][0]["loc"] == ["body", "sample", "objects"]
    assert "line 1" in errors[1]["detail"]


def test_200_photos_as_zip_have_the_results_that_they_have_in_a_tar(deployment: Deployment) -> None:
    photos = tiny_photos(200)
    wrong = {"broken.jpg": b"no photo", "large.jpg": bytes(5_000_000), "__MACOSX/._000.jpg": b"x"}
    as_zip = submit(deployment, zipped(photos | wrong), ZIP, services=",".join(FOUR[:2]))
    few = dict(list(photos.items())[:30])
    as_tar = submit(deployment, tarred(few), {"Content-Type": "application/gzip"}, services=FOUR[:2])
    batch = ended(deployment, as_zip)
    assert (batch["status"], batch["counts"]["succeeded"], batch["counts"]["failed"]) == ("completed", 200, 2)
    assert ended(deployment, as_tar)["counts"]["succeeded"] == 30
    output = rows(deployment, as_zip, "output")
    assert [row["custom_id"] for row in output] == list(photos)
    assert all(row["result"]["objects"][0]["age"] > 0 for row in output)
    assert_alike(rows(deployment, as_tar, "output"), output[:30])
    assert [(row["custom_id"], row["line"], row["type"]) for row in rows(deployment, as_zip, "errors")] == [
        ("broken.jpg", 201, "invalid_image"),
        ("large.jpg", 202, "payload_too_large"),
    ]


def table(there: Deployment, batch_id: str, path: str) -> pa.Table:
    response = there.client.get(f"/batches/{batch_id}/{path}", headers={"Accept": PARQUET})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == PARQUET
    return pq.read_table(io.BytesIO(response.content))


def test_results_as_parquet_have_the_columns_of_all_services_that_the_requests_ask_for(deployment: Deployment) -> None:
    asked = [
        line("age", v2_sample(), [*DETECTOR, "age-estimator"]),
        line("template", v2_sample(), [*DETECTOR, "template-extractor"]),
        line("hidden", {**v1_sample(), "objects": [{}]}, ["gender-estimator"]),
        line("body", v2_sample(), ["body-detector"]),
        line("no face", v2_sample("shuttle_model.jpg")),
    ]
    batch_id = submit(deployment, lines(*asked))
    assert ended(deployment, batch_id)["counts"]["succeeded"] == len(asked)
    results = {row["custom_id"]: row["result"] for row in rows(deployment, batch_id, "output")}
    written = table(deployment, batch_id, "output")
    assert written.column_names[:2] == ["image", "image_width"]
    assert written.column_names[-1] == "line"
    assert {"age", "gender", "template", "yaw", "point_nose_x"} <= set(written.column_names)
    assert not {"mask", "liveness", "emotion_happy"} & set(written.column_names)
    found = {row["image"]: row for row in written.to_pylist()}
    assert [(row["image"], row["line"]) for row in found.values()] == [
        (one["custom_id"], number) for number, one in enumerate(asked, start=1)
    ]
    assert found["age"]["age"] == results["age"]["objects"][0]["age"]
    (template,) = results["template"]["objects"][0]["template"].values()
    assert found["template"]["template"] == b64decode(template["blob"])
    assert (found["age"]["template"], found["template"]["age"]) == (None, None)
    assert (found["body"]["class"], found["body"]["yaw"], found["no face"]["object"]) == ("body", None, None)
    # The face was found for the caller, who did not ask for its box.
    assert (found["hidden"]["class"], found["hidden"]["bbox_x1"]) == ("face", None)
    assert found["hidden"]["gender"] == results["hidden"]["objects"][0]["gender"].lower()
    assert csv_rows(deployment, batch_id, "output") == [
        {name: cell(value) for name, value in row.items()} for row in written.to_pylist()
    ]


def test_tables_keep_what_was_found_before_a_detector_that_failed(deploy: Deploy) -> None:
    """The module refuses the photo of two faces, and gives no box of its own."""
    names = [*DETECTOR, "age-estimator", "face-detector-liveness-estimator"]
    photos = {"two.png": two_faces(), "one.jpg": photo()}
    with deploy(FACELINE_LIVENESS_MODULE="quality-liveness-anti-spoofing") as deployment:
        continued = submit(deployment, zipped(photos), ZIP, services=",".join(names), on_error="continue")
        assert ended(deployment, continued)["counts"]["succeeded"] == 2
        written = csv_rows(deployment, continued, "output")
        in_parquet = table(deployment, continued, "output").to_pylist()
        results = {row["custom_id"]: row["result"] for row in rows(deployment, continued, "output")}
        stopped = submit(deployment, zipped(photos), ZIP, services=",".join(names))
        assert ended(deployment, stopped)["counts"]["succeeded"] == 1
        (alone,) = csv_rows(deployment, stopped, "output")
    found = [row for row in written if row["image"] == "two.png"]
    assert len(found) == 2
    for row, face in zip(found, results["two.png"]["objects"], strict=True):
        assert [float(row[f"bbox_{corner}"]) for corner in ("x1", "y1", "x2", "y2")] == face["bbox"]
        assert (float(row["yaw"]), int(row["age"])) == (face["pose"]["yaw"], face["age"])
        assert (row["failures"], row["liveness"]) == (f"{names[-1]}: More than one face detected", "")
    (one,) = [row for row in written if row["image"] == "one.jpg"]
    (face,) = results["one.jpg"]["objects"]
    assert (one["bbox_x1"], one["age"], one["liveness"]) == ("", "", face["liveness"]["value"])
    assert written == [{name: cell(value) for name, value in row.items()} for row in in_parquet]
    photo_columns = ["image", "image_width", "image_height", "failures", "object", "class"]
    assert list(alone) == [*photo_columns, "liveness", "liveness_confidence", "line"]


def two_faces() -> bytes:
    """A photo in which a face is twice."""
    face = decode(photo())[0:256, 100:356]
    return cv2.imencode(".png", np.hstack([face, face]))[1].tobytes()


def test_objects_that_are_replaced_may_be_in_any_dialect_as_in_a_job(deployment: Deployment) -> None:
    samples = {
        "v1": {**v1_sample(), "objects": [{"keypoints": {}}]},
        "v2": {**v2_sample(), "objects": [{"fitter": {}}]},
    }
    batch_id = submit(deployment, lines(*(line(name, sample) for name, sample in samples.items())))
    assert ended(deployment, batch_id)["counts"]["succeeded"] == 2, rows(deployment, batch_id, "errors")
    for row in rows(deployment, batch_id, "output"):
        assert_alike(row["result"], deployment.wait(deployment.submit(DETECTOR, samples[row["custom_id"]]))["result"])


def csv_rows(there: Deployment, batch_id: str, path: str) -> list[dict[str, str]]:
    response = there.client.get(f"/batches/{batch_id}/{path}", headers={"Accept": "text/csv"})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def cell(value: Any) -> str:
    """A value of Parquet as CSV has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


def test_errors_as_parquet_have_the_keys_of_the_lines(deployment: Deployment) -> None:
    batch_id = submit(deployment, lines(line("ü", v1_sample(), ["shoe-estimator"]), "[]"))
    ended(deployment, batch_id)
    read = table(deployment, batch_id, "errors").to_pylist()
    assert csv_rows(deployment, batch_id, "errors") == [
        {name: cell(value) for name, value in row.items()} for row in read
    ]
    assert [{**row, "detail": json.loads(row["detail"])} for row in read] == rows(deployment, batch_id, "errors")


def test_those_who_ask_for_json_get_json_lines_and_head_gets_their_headers(deployment: Deployment) -> None:
    batch_id = submit(deployment, lines(line("a", v1_sample()), "[]"))
    ended(deployment, batch_id)
    for path in ("output", "errors"):
        asked = {"Accept": "application/json"}
        response = deployment.client.get(f"/batches/{batch_id}/{path}", headers=asked)
        assert response.headers["content-type"] == "application/x-ndjson"
        assert [json.loads(text) for text in response.text.splitlines()] == rows(deployment, batch_id, path)
        head = deployment.client.head(f"/batches/{batch_id}/{path}", headers=asked)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=0, text/csv", "text/csv"),
        ("text/csv;q=0.1, application/json", "application/x-ndjson"),
    ],
)
def test_the_weights_of_media_types_count(deployment: Deployment, accept: str, media_type: str) -> None:
    batch_id = submit(deployment, lines("[]"))
    for path in ("output", "errors"):
        response = deployment.client.get(f"/batches/{batch_id}/{path}", headers={"Accept": accept})
        assert response.headers["content-type"].partition(";")[0] == media_type


def test_a_wrong_option_of_the_query_is_located_there(deployment: Deployment) -> None:
    archive = zipped({"a.jpg": photo("collins.jpg")})
    for query in ({"max_faces": 501}, {"max_faces": 0}, {"ttl_s": 10**9}, {"on_error": "x"}):
        response = post(deployment, archive, ZIP, services=FOUR[0], **query)
        assert response.status_code == 422, response.text
        assert [entry["loc"] for entry in response.json()["detail"]] == [["query", *query]]


def test_what_nobody_can_give_is_406(deployment: Deployment) -> None:
    batch_id = submit(deployment, lines("[]"))
    response = deployment.client.get(f"/batches/{batch_id}/output", headers={"Accept": "text/html"})
    assert response.status_code == 406


def test_what_is_done_before_a_cancel_stays(deployment: Deployment) -> None:
    files = {f"{index}.jpg": photo("obama_speech.jpg") for index in range(60)}
    batch_id = submit(deployment, zipped(files), ZIP, preset="face-analysis")
    while not deployment.client.get(f"/batches/{batch_id}").json()["counts"]["succeeded"]:
        sleep(0.02)
    canceled = deployment.client.post(f"/batches/{batch_id}/cancel")
    assert canceled.status_code == 202
    assert canceled.json()["status"] in ("canceling", "canceled")
    batch = ended(deployment, batch_id)
    counts = batch["counts"]
    assert batch["status"] == "canceled"
    assert counts["succeeded"] >= 4
    assert counts["canceled"] >= 4
    output, errors = rows(deployment, batch_id, "output"), rows(deployment, batch_id, "errors")
    assert (len(output), len(errors)) == (counts["succeeded"], counts["canceled"])
    assert {row["type"] for row in errors} == {"canceled"}
    assert {row["custom_id"] for row in output + errors} == set(files)
    assert deployment.client.post(f"/batches/{batch_id}/cancel").json()["status"] == "canceled"


def parts_of(there: Deployment, batch_id: str) -> list[str]:
    """The ids of its jobs, which no answer has."""
    return [entry.decode().partition(" ")[0] for entry in there.redis.lrange(keys.batch_jobs(batch_id), 0, -1)]


def test_parts_stand_in_no_list_and_are_ended_and_erased_with_their_batch_alone(deployment: Deployment) -> None:
    batch_id = submit(deployment, zipped(tiny_photos(9)), ZIP, services=FOUR[0])
    job = deployment.submit(DETECTOR, v2_sample())
    parts = parts_of(deployment, batch_id)
    assert len(parts) == 3
    listed = [one["id"] for one in deployment.client.get("/jobs", params={"limit": 100}).json()["jobs"]]
    assert job["id"] in listed
    assert not set(parts) & set(listed)
    for done in (False, True):
        for part in parts:
            seen = deployment.client.get(f"/jobs/{part}").json()
            assert (seen["id"], seen["batch"], seen["services"]) == (part, batch_id, DETECTOR)
            assert (seen["metadata"], seen["result"]) == (None, None)
            if done:
                assert seen["status"] == "succeeded"
            for method, path in (("GET", "/result"), ("POST", "/cancel"), ("DELETE", "")):
                refused = deployment.client.request(method, f"/jobs/{part}{path}")
                assert refused.status_code == 409
                assert batch_id in refused.json()["detail"]
        batch = ended(deployment, batch_id)
    assert (batch["status"], batch["counts"]["succeeded"]) == ("completed", 9)
    assert deployment.client.get(f"/jobs/{job['id']}").json()["batch"] is None
    assert deployment.client.delete(f"/batches/{batch_id}").status_code == 204
    assert [deployment.client.get(f"/jobs/{part}").status_code for part in parts] == [404] * 3


def test_a_batch_ends_with_exact_counts_though_a_part_is_gone(deployment: Deployment) -> None:
    files = {f"{index}.jpg": photo("obama_speech.jpg") for index in range(40)}
    batch_id = submit(deployment, zipped(files), ZIP, preset="face-analysis")
    lost = parts_of(deployment, batch_id)[-1]
    store = RedisJobStore(deployment.redis, JobSettings())
    job = store.find(lost)
    assert job is not None
    assert not job.status.over
    store.erase(job.spec, tombstone=False)
    batch = ended(deployment, batch_id)
    assert (batch["status"], batch["counts"]["succeeded"], batch["counts"]["expired"]) == ("expired", 36, 4)
    output = rows(deployment, batch_id, "output")
    assert [row["custom_id"] for row in output] == list(files)[:36]
    assert rows(deployment, batch_id, "errors") == []


def test_whoever_waits_for_a_batch_is_told_when_it_is_over(deployment: Deployment) -> None:
    batch_id = submit(deployment, zipped(tiny_photos(9)), ZIP, services=",".join(FOUR))
    began = monotonic()
    assert deployment.client.get(f"/batches/{batch_id}", params={"wait": 50}).json()["status"] == "completed"
    assert monotonic() - began < 45
    assert deployment.client.get(f"/batches/{batch_id}", params={"wait": 61}).status_code == 422


def private_batch(deployment: Deployment, **query: Any) -> str:
    sample = {**v2_sample(PRIVATE), "note": REMARK}
    body = lines(line(REMARK, sample, FOUR, include_image=True), line(REMARK, sample), line(REMARK + "!", {}))
    batch_id = submit(deployment, body, **query)
    ended(deployment, batch_id)
    assert REMARK.encode() in everything(deployment.redis)
    return batch_id


def assert_nothing_is_left(deployment: Deployment) -> None:
    held = everything(deployment.redis)
    for private in (photo(PRIVATE)[1000:1100], base64_photo(PRIVATE)[1000:1100].encode(), REMARK.encode()):
        assert private not in held
    assert REMARK not in deployment.log.read_text()


def test_an_erased_batch_leaves_nothing_on_the_server(deployment: Deployment) -> None:
    before = set(deployment.redis.keys("faceline:*"))
    batch_id = private_batch(deployment)
    assert deployment.client.delete(f"/batches/{batch_id}").status_code == 204
    assert_nothing_is_left(deployment)
    left = set(deployment.redis.keys("faceline:*")) - before
    assert left <= {f"faceline:batch:{batch_id}".encode(), b"faceline:finished", b"faceline:workers"}
    for method, path in (("GET", ""), ("GET", "/output"), ("GET", "/errors"), ("POST", "/cancel"), ("DELETE", "")):
        assert deployment.client.request(method, f"/batches/{batch_id}{path}").status_code == 410


def test_an_expired_batch_leaves_nothing_on_the_server(deployment: Deployment) -> None:
    batch_id = private_batch(deployment, ttl_s=1)
    sleep(1.2)
    assert_nothing_is_left(deployment)
    batch = deployment.client.get(f"/batches/{batch_id}").json()
    assert (batch["status"], batch["counts"]["expired"]) == ("expired", 1)
    for path in ("output", "errors"):
        assert deployment.client.get(f"/batches/{batch_id}/{path}").status_code == 410


class Upload:
    """A body of which some comes in, and the rest when the test says so."""

    def __init__(self, there: Deployment, **headers: str) -> None:
        self._headers = {**JSONL, **headers}
        self.go_on = Event()
        self.error: Exception | None = None
        before = {batch["id"] for batch in there.client.get("/batches").json()["batches"]}
        self._pool = ThreadPoolExecutor(1)
        self._client = httpx.Client(base_url=there.stack.url, timeout=30, trust_env=False)
        self.answer: Future[httpx.Response] = self._pool.submit(self._post)
        self.batch = self._appeared(there, before)

    def _post(self) -> httpx.Response:
        return self._client.post("/batches", content=self._body(), headers=self._headers)

    def _body(self) -> Iterator[bytes]:
        for index in range(9):
            yield lines(line(f"{index}", v2_sample()))
        self.go_on.wait(20)
        if self.error:
            raise self.error
        yield lines(line("last", v2_sample()))

    def _appeared(self, there: Deployment, before: set[str]) -> str:
        for _ in range(900):  # 18 s: less than the upload waits
            for batch in there.client.get("/batches").json()["batches"]:
                if batch["id"] not in before and batch["counts"]["succeeded"] == 8:
                    assert batch["status"] == "validating"
                    return str(batch["id"])
            sleep(0.02)
        raise AssertionError("no batch appeared")

    def close(self) -> None:
        self._client.close()
        self._pool.shutdown()


def wait_until_gone(there: Deployment, batch_id: str) -> None:
    ends = monotonic() + 10
    while there.client.get(f"/batches/{batch_id}").status_code != 404:
        assert monotonic() < ends
        sleep(0.02)


def test_samples_are_worked_on_while_others_come_in_and_a_cancel_ends_both(deployment: Deployment) -> None:
    upload = Upload(deployment)
    assert deployment.client.post(f"/batches/{upload.batch}/cancel").status_code == 202
    upload.go_on.set()
    assert upload.answer.result().json()["status"] == "canceled"
    assert len(rows(deployment, upload.batch, "output")) == 8
    upload.close()


def test_a_batch_that_is_erased_while_it_comes_in_stays_erased(deployment: Deployment) -> None:
    upload = Upload(deployment)
    assert deployment.client.delete(f"/batches/{upload.batch}").status_code == 204
    upload.go_on.set()
    assert upload.answer.result().status_code == 410
    assert deployment.client.get(f"/batches/{upload.batch}").status_code == 410
    upload.close()


def test_nothing_is_left_of_a_batch_whose_caller_hangs_up(deployment: Deployment) -> None:
    before = set(deployment.redis.keys("faceline:*"))
    upload = Upload(deployment)
    upload.error = OSError("gone")
    upload.go_on.set()
    with pytest.raises(OSError, match="gone"):
        upload.answer.result()
    wait_until_gone(deployment, upload.batch)
    assert set(deployment.redis.keys("faceline:*")) <= before | {b"faceline:finished"}
    upload.close()


def test_a_batch_that_is_sent_again_with_its_key_is_made_once(deployment: Deployment) -> None:
    files = tiny_photos(9)
    body = zipped(files)

    def again(key: str, body: bytes = body, **more: str) -> httpx.Response:
        return post(deployment, body, {**ZIP, "Idempotency-Key": key}, services=FOUR[0], **more)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(again, ["order-2"] * 4))
    # A second request with the key, while the first comes in, is refused for now.
    assert {answer.status_code for answer in answers} <= {202, 409}
    (batch_id,) = {answer.json()["id"] for answer in answers if answer.is_success}
    ended(deployment, batch_id)
    assert again("order-2").json()["id"] == batch_id
    assert again("order-2").headers["location"] == f"/batches/{batch_id}"
    same_length = bytes([*body[:1000], body[1000] ^ 1, *body[1001:]])
    for other in (again("order-2", same_length), again("order-2", ttl_s="50")):
        assert other.status_code == 422
        assert "Idempotency-Key" in other.json()["detail"]
    assert again("order-3").json()["id"] != batch_id
    # Keys of jobs are others.
    job = {"services": DETECTOR, "sample": v2_sample()}
    assert deployment.client.post("/jobs", json=job, headers={"Idempotency-Key": "order-2"}).status_code == 202
    deployment.client.delete(f"/batches/{batch_id}")
    assert again("order-2").json()["id"] != batch_id


def test_the_key_of_a_batch_that_comes_in_is_taken_and_free_again_once_it_came_to_nothing(
    deployment: Deployment,
) -> None:
    upload = Upload(deployment, **{"Idempotency-Key": "order-4"})
    again = {**JSONL, "Idempotency-Key": "order-4"}
    refused = post(deployment, lines(line("a", v2_sample())), again)
    assert refused.status_code == 409
    assert "not complete yet" in refused.json()["detail"]
    upload.error = OSError("gone")
    upload.go_on.set()
    with pytest.raises(OSError, match="gone"):
        upload.answer.result()
    wait_until_gone(deployment, upload.batch)
    assert post(deployment, lines(line("a", v2_sample())), again).status_code == 202
    upload.close()


def test_a_large_repeated_body_is_read_only_to_be_compared(deployment: Deployment) -> None:
    large = zipped({f"{index}.jpg": photo() + bytes(1_000_000) for index in range(12)})
    key = {**ZIP, "Idempotency-Key": "order-5"}
    first, second = (post(deployment, large, key, services=FOUR[0]) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    # In parts, of which the server does not know how many there will be.
    in_parts = (large[start : start + 2**20] for start in range(0, len(large), 2**20))
    third = post(deployment, in_parts, key, services=FOUR[0])
    assert (third.status_code, third.json()["id"]) == (202, first.json()["id"])


def test_a_body_that_does_not_come_on_is_refused_and_nothing_is_left(deployment: Deployment) -> None:
    upload = Upload(deployment)
    wait_until_gone(deployment, upload.batch)
    upload.go_on.set()
    assert upload.answer.result().status_code == 408
    upload.close()


def test_a_batch_whose_process_dies_while_it_comes_in_has_failed(deploy: Deploy) -> None:
    with deploy(FACELINE_BATCHES__PATIENCE_S="4", FACELINE_BATCHES__SILENCE_S="5", FACELINE_BATCHES__CHUNK="4") as own:
        upload = Upload(own)
        (api,) = own.stack.supervisor.pids("api")
        os.kill(api, signal.SIGKILL)
        upload.go_on.set()
        with pytest.raises(httpx.HTTPError):
            upload.answer.result()
        batch = {}
        for _ in range(200):
            own.stack.supervisor.restart_dead()
            try:
                batch = own.client.get(f"/batches/{upload.batch}").json()
            except httpx.HTTPError:
                batch = {}
            if batch.get("status") == "failed":
                break
            sleep(0.05)
        assert batch["status"] == "failed"
        assert batch["counts"]["expired"] == 8
        assert not own.redis.keys("faceline:job:*")
        upload.close()


@pytest.mark.parametrize(
    ("body", "headers", "query", "status", "reason"),
    [
        (b"", JSONL, {}, 422, "no requests"),
        (b"\n\n", JSONL, {}, 422, "no requests"),
        (b"[]", {"Content-Type": "application/json"}, {}, 415, "application/zip"),
        (b"[]", {"Content-Type": "multipart/form-data; boundary=x"}, {}, 415, "application/zip"),
        (b"[]\n" * 4, JSONL, {}, 413, "3 requests"),
        (b"x" * 200_001, JSONL, {}, 413, "200000 bytes"),
        (b"[]", JSONL, {"services": "age-estimator"}, 422, "each line"),
        (b"[]", JSONL, {"ttl_s": 10**9}, 422, "ttl_s"),
        (b"[]", JSONL, {"colour": "red"}, 422, "colour"),
        (b"", ZIP, {"services": FOUR[0]}, 422, "not a readable"),
        (b"", ZIP, {}, 422, "services"),
        (b"", ZIP, {"services": "shoe-estimator"}, 422, "unknown service"),
        (zipped({}), ZIP, {"services": FOUR[0]}, 422, "no requests"),
        (zipped({"a/../../b": b"x"}), ZIP, {"services": FOUR[0]}, 422, "points out"),
        (zipped({str(i): b"x" for i in range(5)}), ZIP, {"services": FOUR[0]}, 413, "4 members"),
        (zipped({"a": bytes(2**22)}, zipfile.ZIP_DEFLATED), ZIP, {"services": FOUR[0]}, 422, "100 times"),
        (tarred({"a": photo("collins.jpg")[:20_000], "b": bytes(2**26)}), ZIP, {"services": FOUR[0]}, 422, "100 times"),
    ],
)
def test_what_cannot_be_a_batch_is_refused_and_nothing_is_left(
    idle: Deployment, body: bytes, headers: Json, query: Json, status: int, reason: str
) -> None:
    response = post(idle, body, headers, **query)
    assert response.status_code == status, response.text
    assert reason in response.text
    assert idle.client.get("/batches").json() == {"batches": [], "next": None}
    assert idle.redis.keys("faceline:job:*") == []


def test_open_batches_are_counted_and_those_that_are_over_are_not(idle: Deployment) -> None:
    small = tiny_photos(2)
    first, second = (submit(idle, zipped(small), ZIP, services=FOUR[0]) for _ in range(2))
    full = post(idle, zipped(small), ZIP, services=FOUR[0])
    assert full.status_code == 429
    assert int(full.headers["retry-after"]) >= 1
    page = idle.client.get("/batches", params={"limit": 1}).json()
    assert [batch["id"] for batch in page["batches"]] == [second]
    page = idle.client.get("/batches", params={"limit": 1, "cursor": page["next"]}).json()
    assert [(batch["id"], batch["status"]) for batch in page["batches"]] == [(first, "in_progress")]
    assert idle.client.post(f"/batches/{first}/cancel").json()["status"] == "canceled"
    third = submit(idle, zipped(small), ZIP, services=FOUR[0])
    for batch_id in (first, second, third):
        assert idle.client.delete(f"/batches/{batch_id}").status_code == 204


def test_one_key_cannot_take_the_places_of_others(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_BATCHES__KEY_HEADER="X-API-Key", FACELINE_BATCHES__OPEN_PER_KEY="1") as guarded:

        def post_with(key: str, **more: str) -> httpx.Response:
            return post(guarded, zipped(tiny_photos(1)), {**ZIP, "X-API-Key": key, **more}, services=FOUR[0])

        once = {"Idempotency-Key": "once"}
        hers, more, his = post_with("hers", **once), post_with("hers"), post_with("his", **once)
        assert [answer.status_code for answer in (hers, more, his)] == [202, 429, 202]
        assert "your batches" in more.json()["detail"]
        # A repeated request needs no slot, and each caller has keys of its own.
        assert post_with("hers", **once).json()["id"] == hers.json()["id"] != his.json()["id"]
        assert guarded.client.post(f"/batches/{hers.json()['id']}/cancel").status_code == 202
        assert post_with("hers").status_code == 202
        assert b"hers" not in everything(connect(guarded.stack.redis_url, patience_s=1))


def test_whoever_waits_for_a_batch_that_is_not_over_in_time_is_told_how_it_stands(idle: Deployment) -> None:
    batch_id = submit(idle, zipped(tiny_photos(2)), ZIP, services=FOUR[0])
    began = monotonic()
    waited = idle.client.get(f"/batches/{batch_id}", params={"wait": 0.5}).json()
    assert monotonic() - began >= 0.5
    assert waited["status"] == "in_progress"
    idle.client.delete(f"/batches/{batch_id}")


def test_an_unknown_batch_is_not_found(idle: Deployment) -> None:
    for method, path in (("GET", ""), ("GET", "/output"), ("GET", "/errors"), ("POST", "/cancel"), ("DELETE", "")):
        assert idle.client.request(method, f"/batches/no-such-batch{path}").status_code == 404


def test_a_batch_waits_for_room_and_is_refused_if_there_is_none(deploy: Deploy) -> None:
    bounds = {"CHUNK": "1", "PATIENCE_S": "1", "BODY_BYTES": "10000000"}
    named = {f"FACELINE_BATCHES__{name}": value for name, value in bounds.items()}
    with deploy(workers=[], FACELINE_LIMITS__QUEUE_LENGTH="1", **named) as full:

        def slowly() -> Iterator[bytes]:
            for index in range(3):
                yield lines(line(str(index), v2_sample()))
                sleep(0.3)

        refused = post(full, slowly())
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert full.redis.keys("faceline:job:*") == []
        full.redis.delete("face-detection.bulk")
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(post, full, slowly())
            while not waiting.done():
                sleep(0.2)
                full.redis.delete("face-detection.bulk")  # as if a worker had taken the messages
        assert waiting.result().status_code == 202
        assert waiting.result().json()["counts"]["total"] == 3


def test_batches_leave_room_in_the_store_for_single_jobs(deploy: Deploy) -> None:
    with deploy(workers=[], FACELINE_BATCHES__STORE_SHARE="0.0001") as full:
        assert post(full, b"[]").status_code == 429
        assert full.submit(DETECTOR, v2_sample())["status"] == "queued"
