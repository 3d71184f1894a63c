"""The Python client against a real deployment: each call, with and without an event loop."""

import asyncio
import io
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.ports import free_port
from faceline_client import (
    NO_RETRIES,
    AccessDenied,
    AsyncClient,
    Client,
    Gone,
    InvalidRequest,
    JobFailed,
    NoAnswer,
    NotFound,
    NotOver,
    Progress,
    Sample,
    SampleV1,
    Template,
    Verification,
)
from tests.integration.api_process import administration
from tests.integration.conftest import FOUR, PHOTOS, Deploy, Deployment, photo
from tests.waiting import until

pytestmark = pytest.mark.stack

COLLINS, MACRON = PHOTOS / "collins.jpg", PHOTOS / "macron.jpg"


@pytest.fixture(scope="module")
def client(deployment: Deployment) -> Iterator[Client]:
    with Client(deployment.stack.url) as connected:
        yield connected


def test_a_photo_is_analysed_from_its_path_its_bytes_and_an_open_file(client: Client) -> None:
    with COLLINS.open("rb") as file:
        ways = [COLLINS, str(COLLINS), photo(), file]
        samples = [client.analyse(way, preset="face-analysis") for way in ways]
    (face,) = samples[0].objects
    assert (face.object_class, face.gender) == ("face", "female")
    assert face.age is not None
    assert 20 < face.age < 60
    assert face.keypoints is not None
    assert face.emotions is not None
    assert [len(sample.objects) for sample in samples] == [1, 1, 1, 1]
    assert {sample.objects[0].age for sample in samples} == {face.age}


def test_a_photo_without_faces_is_an_answer(client: Client) -> None:
    assert client.analyse(PHOTOS / "shuttle_model.jpg", services=FOUR).objects == ()


def test_a_job_is_submitted_watched_fetched_drawn_listed_and_erased(client: Client) -> None:
    job = client.submit(COLLINS, services=FOUR, include_image=True, metadata={"order": 7}, ttl_s=600)
    ended = client.wait(job)
    assert (ended.id, ended.status, ended.metadata) == (job.id, "succeeded", {"order": 7})
    assert [stage.service for stage in ended.stages] == FOUR
    assert client.job(job.id) == ended
    assert client.result(job) == ended.result
    assert next(iter(client.jobs())).id == job.id
    for form, start in (("jpeg", b"\xff\xd8"), ("png", b"\x89PNG"), ("webp", b"RIFF")):
        assert client.picture(job, form=form).startswith(start)  # type: ignore[arg-type]
    assert client.picture(job, layers=[]) != client.picture(job, layers=["boxes"])
    assert client.cancel(job).status == "succeeded"
    client.erase(job)
    with pytest.raises(Gone) as caught:
        client.job(job)
    assert (caught.value.status, caught.value.type) == (410, "erased")
    with pytest.raises(NotFound):
        client.job("no-such-job")


def test_a_job_is_submitted_once_with_an_idempotency_key(client: Client) -> None:
    first, second = (client.submit(COLLINS, services=FOUR[:1], idempotency_key="order 4711") for _ in range(2))
    assert first.id == second.id
    with pytest.raises(InvalidRequest) as caught:
        client.submit(MACRON, services=FOUR[:1], idempotency_key="order 4711")
    assert caught.value.type == "idempotency_conflict"
    pairs = [client.submit_verification(COLLINS, MACRON, idempotency_key="order 4712").id for _ in range(2)]
    assert pairs[0] == pairs[1]


def test_a_picture_needs_the_photo(client: Client) -> None:
    job = client.submit(COLLINS, services=FOUR[:1], wait=30)
    with pytest.raises(Gone) as caught:
        client.picture(job)
    assert caught.value.type == "photo_gone"


def test_a_sample_goes_on_where_another_one_ended(client: Client) -> None:
    for version, kind in ((2, Sample), (1, SampleV1)):
        fitted = client.process(FOUR[0], COLLINS, version)  # type: ignore[call-overload]
        aged = client.process("age-estimator", fitted, version)  # type: ignore[call-overload]
        assert isinstance(aged, kind)
        assert aged.objects[0].age > 18
        assert aged.objects[0].bbox == fitted.objects[0].bbox
        assert aged.image == fitted.image
    job = client.submit(client.process(FOUR[0], COLLINS, 1), services=["gender-estimator"])
    assert client.result(job, SampleV1).objects[0].gender == "FEMALE"
    assert client.wait(job).result == client.result(job, SampleV1)
    sample = {"_image": {"blob": b64encode(photo()).decode()}, "shot": 3}
    assert client.analyse(sample, services=FOUR[:1]).extra == {"shot": 3}


def test_two_photos_are_compared(client: Client) -> None:
    same = client.verify(PHOTOS / "obama_senate.jpg", PHOTOS / "obama_speech.jpg")
    other = client.verify(COLLINS, MACRON, operating_point="convenience")
    assert (same.match, same.operating_point.name) == (True, "identity")
    assert (other.match, other.operating_point.name) == (False, "convenience")
    face = client.process("face-detector-template-extractor", COLLINS).objects[0]
    template = Template.of(face)
    assert len(template.data) == 296
    assert client.verify(template, COLLINS, faces="single").match
    assert client.verify(template, template).distance == 0
    job = client.submit_verification(COLLINS, MACRON, {"operating_point": "strict"}, ttl_s=600)
    verification = client.result(job, Verification)
    assert not verification.match
    assert client.wait(job).result == verification
    with pytest.raises(InvalidRequest) as caught:
        client.verify(COLLINS, PHOTOS / "shuttle_model.jpg")
    assert caught.value.type == "no_face"
    assert caught.value.detail.startswith("photo b")


def test_many_photos_come_back_in_their_order_and_leave_nothing_behind(client: Client, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    photos = [COLLINS, broken, MACRON, PHOTOS / "shuttle_model.jpg", COLLINS]
    steps: list[Progress] = []
    before = {batch.id for batch in client.batches() if batch.status != "erased"}
    items = list(client.batch(photos, progress=steps.append, chunk=2, services=FOUR))
    assert [item.name for item in items] == [str(one) for one in photos]
    assert [len(item.sample.objects) if item.sample else None for item in items] == [1, None, 1, 0, 1]
    assert items[1].error is not None
    assert items[1].error.type == "invalid_image"
    assert steps[-1] == Progress(done=5, failed=1, total=5)
    assert {batch.id for batch in client.batches() if batch.status != "erased"} <= before


def test_an_unfinished_run_over_photos_leaves_nothing_behind(client: Client) -> None:
    before = {batch.id for batch in client.batches() if batch.status != "erased"}
    items = client.batch((COLLINS for _ in range(6)), chunk=1, services=FOUR[:1])
    assert next(items).sample is not None
    items.close()  # type: ignore[attr-defined]
    assert {batch.id for batch in client.batches() if batch.status != "erased"} <= before


def test_an_archive_is_one_batch(client: Client) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as entries:
        for name in ("collins.jpg", "macron.jpg"):
            entries.writestr(name, photo(name))
    sent = [client.submit_batch(archive.getvalue(), "application/zip", "one", services=FOUR) for _ in range(2)]
    assert sent[0].id == sent[1].id
    batch = client.wait_batch(sent[0])
    assert (batch.status, batch.counts.succeeded) == ("completed", 2)
    assert [row.custom_id for row in client.batch_results(batch)] == ["collins.jpg", "macron.jpg"]
    assert client.batch_errors(batch) == []
    assert client.download_results(batch, "parquet").startswith(b"PAR1")
    assert client.download_results(batch, "csv").startswith(b"image,")
    assert client.cancel_batch(batch).status == "completed"
    client.erase_batch(batch)
    client.erase_batch(batch)
    with pytest.raises(Gone):
        client.get_batch(batch)


def test_the_deployment_says_what_it_offers(client: Client) -> None:
    offers = client.services()
    assert FOUR[0] in {service.name for service in offers.services}
    assert "age-estimator" in offers.presets["face-analysis"]
    assert len(client.version().workers) == 2


def test_what_is_wrong_has_its_type(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        client.submit(COLLINS, services=["shoe-estimator"])
    assert caught.value.details[0].loc == ("body", "services", 0)
    assert caught.value.request_id
    with pytest.raises(InvalidRequest) as caught:
        client.analyse(b"no photo", services=FOUR)
    assert caught.value.type == "invalid_image"
    with pytest.raises(FileNotFoundError):
        client.analyse(tmp_path / "no.jpg", services=FOUR)
    with pytest.raises(TypeError, match="URL"):
        client.analyse("https://example.org/photo.jpg", services=FOUR)


@pytest.fixture(scope="module")
def idle(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment without workers: its jobs wait."""
    with deploy(workers=[]) as running:
        yield running


def test_a_job_that_no_worker_runs_is_not_over_and_a_canceled_one_has_failed(idle: Deployment) -> None:
    with Client(idle.stack.url) as client:
        with pytest.raises(NotOver) as caught:
            client.analyse(COLLINS, services=FOUR, wait=0.1)
        (job,) = client.jobs("queued")
        (waiting,) = [queue for queue in client.queues() if queue.messages]
        assert (waiting.name, waiting.messages) == ("face-detection", 1)
        assert client.dead_letters(limit=5) == ()
        assert job.id in str(caught.value)
        client.cancel(job)
        with pytest.raises(JobFailed) as failed:
            client.result(job)
        assert failed.value.type == "canceled"
        kept = client.cancel(client.submit(COLLINS, services=FOUR[:1], include_image=True))
        again = client.retry(kept)
        assert (again.status, again.retry_of) == ("queued", kept.id)
        client.cancel(again)


def test_pages_are_fetched_as_they_are_needed_and_all_is_erased_at_once(idle: Deployment) -> None:
    with Client(idle.stack.url) as client:
        ids = [client.submit(COLLINS, services=FOUR[:1]).id for _ in range(5)]
        assert [job.id for job in client.jobs("queued", page_size=2)] == ids[::-1]
        batches = [client.submit_batch(b"{}\n", "application/x-ndjson").id for _ in range(3)]
        assert [batch.id for batch in client.batches(page_size=2)] == batches[::-1]
        erased = client.erase_everything()
        assert erased.jobs >= 5
        assert erased.batches == 3
        assert {job.status for job in client.jobs()} <= {"erased"}


def refusal_of(client: Client) -> AccessDenied | None:
    """Why the API refuses to show its services; None if it does not."""
    try:
        client.services()
    except AccessDenied as error:
        return error
    return None


def test_a_key_comes_from_the_environment(idle: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    key = administration(idle.stack.redis_url).create("client").reveal()
    monkeypatch.setenv("FACELINE_URL", idle.stack.url)
    with Client(retries=NO_RETRIES) as without:
        # The API reads new keys every few seconds.
        refused = until(lambda: refusal_of(without))
    assert (refused.status, refused.type) == (401, "unauthenticated")
    monkeypatch.setenv("FACELINE_KEY", key)
    with Client() as client:
        assert client.services().services


def test_an_api_that_is_away_does_not_answer() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", retries=NO_RETRIES) as client, pytest.raises(NoAnswer):
        client.services()


def test_the_client_of_an_event_loop_does_the_same(deployment: Deployment) -> None:
    async def use() -> None:
        async with AsyncClient(deployment.stack.url) as client:
            first, second = await asyncio.gather(client.analyse(COLLINS, services=FOUR), client.verify(COLLINS, MACRON))
            assert first.objects[0].gender == "female"
            assert not second.match
            job = await client.submit(COLLINS, services=FOUR)
            assert await client.result(job) == (await client.wait(job)).result
            items = [item async for item in client.batch([COLLINS, MACRON], chunk=1, services=FOUR[:1])]
            assert [len(item.sample.objects) if item.sample else None for item in items] == [1, 1]
            assert job.id in [one.id async for one in client.jobs("succeeded")]

    asyncio.run(use())
