"""A bulk run ends with each photo once in its results or errors, also after interruptions."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import monotonic, sleep

import httpx
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bulk.executors.http import HttpExecutor
from bulk.inputs import Order
from bulk.output.folder import Output
from bulk.run import BulkRequest
from bulk.run import run as run_bulk
from bulk.sources import open_source
from bulk.validation import photo_validator
from config.settings import load_settings
from faceline_client import NO_RETRIES, Client
from models.catalogue import services
from models.errors import WeightsMissing
from models.weights.cache import stored_weights
from tests.integration.conftest import FOUR, Deploy, Deployment, Json
from tests.integration.steady import steady_photos
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

QUICK = {
    "FACELINE_JOBS__STAGE_DEADLINE_S": "4",
    "FACELINE_JOBS__VISIBILITY_TIMEOUT_S": "5",
    "FACELINE_JOBS__STALLED_AFTER_S": "6",
    "FACELINE_JOBS__ATTEMPTS": "20",
    # So that it takes long enough to be disturbed.
    "FACELINE_CORES": "1",
}
KILLS = ("worker", "valkey-server", "submitter", "worker", "interrupt", "valkey-server", "worker")
LATEST_S = 0.1
"""How long after a part is written something is killed, at most: the run must not be over before the last kill."""
PROCESSES = {"worker": "embedded.process worker", "valkey-server": "/valkey-server "}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of cuts of real photos, and two files that are none."""
    folder = tmp_path_factory.mktemp("photos")
    for name, photo in steady_photos().items():
        (folder / name).write_bytes(photo)
    (folder / "broken.jpg").write_text("no photo")
    whole = (folder / "collins-00.jpg").read_bytes()
    (folder / "sub").mkdir()
    (folder / "sub" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture(scope="module", autouse=True)
def _weights() -> None:
    try:
        stored_weights("yunet", load_settings().weights_dir)
    except WeightsMissing as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


STARTED: list["subprocess.Popen[bytes]"] = []
"""The runs of the current test."""


@pytest.fixture(autouse=True)
def _no_run_outlives_its_test() -> Iterator[None]:
    yield
    while STARTED:
        with STARTED.pop() as submitter:
            submitter.kill()


def start(source: Path | str, out: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "cli.main", "bulk", str(source), "--out", str(out)]
    asked = ["--services", ",".join(FOUR)]
    with log_of(out).open("ab") as log:
        submitter = subprocess.Popen([*command, *asked, *options], env={**os.environ, **QUICK}, stdout=log, stderr=log)
    STARTED.append(submitter)
    return submitter


def run(source: Path | str, out: Path, *options: str) -> int:
    return start(source, out, *options).wait(120)


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # it ended, perhaps because an earlier kill took its parent
        return ""


def kill(submitter: "subprocess.Popen[bytes]", part: str) -> None:
    """Kill a process with SIGKILL, or interrupt the run as Ctrl-C does."""
    if part in ("submitter", "interrupt"):
        submitter.send_signal(signal.SIGKILL if part == "submitter" else signal.SIGINT)
        assert submitter.wait(60) == (-signal.SIGKILL if part == "submitter" else 130)
        return
    children = psutil.Process(submitter.pid).children(recursive=True)
    found = [child for child in children if PROCESSES[part] in command_of(child)]
    assert found
    for child in found:
        child.kill()


def log_of(out: Path) -> Path:
    """The log of a run."""
    return out.parent / f"{out.name}.log"


def parts(out: Path) -> int:
    return len(list(out.glob("parts/part-*")))


def wait_for_a_part(submitter: "subprocess.Popen[bytes]", out: Path, deadline: float) -> None:
    """Wait until a running bulk run has written one more part."""
    seen = parts(out)
    while parts(out) == seen:
        assert submitter.poll() is None, log_of(out).read_text()
        assert monotonic() < deadline, log_of(out).read_text()
        sleep(0.02)


def rows(out: Path) -> list[Json]:
    """All rows, in the order of their photos and objects."""
    tables = [pq.read_table(path).to_pylist() for path in out.glob("parts/part-*.parquet")]
    return sorted((row for table in tables for row in table), key=lambda row: (row["image"], row["object"] or 0))


def names(out: Path) -> Sequence[str]:
    """The names of the photos in results and errors, once for each photo; a photo may have rows for several objects."""
    firsts = [
        row["image"]
        for path in out.glob("parts/part-*.parquet")
        for row in pq.read_table(path).to_pylist()
        if row["object"] in (0, None)
    ]
    return sorted(firsts + [json.loads(line)["image"] for line in (out / "errors.jsonl").read_text().splitlines()])


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of an undisturbed run."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert run(photos, out, "--chunk", "4") == 3, log_of(out).read_text()
    return out


def test_every_photo_is_in_the_results_or_in_the_errors(photos: Path, undisturbed: Path) -> None:
    assert names(undisturbed) == sorted(str(path.relative_to(photos)) for path in photos.rglob("*.jpg"))
    errors = [json.loads(line) for line in (undisturbed / "errors.jsonl").read_text().splitlines()]
    assert [(error["image"], error["type"]) for error in errors] == [
        ("broken.jpg", "invalid_image"),
        ("sub/cut.jpg", "invalid_image"),
    ]
    record = json.loads((undisturbed / "manifest.json").read_text())
    assert record["state"] == "completed"
    assert record["counts"]["inputs"] == len(steady_photos()) + 2
    assert record["counts"]["failed"] == 2
    assert set(record["task"]["models"]) == {model for name in FOUR for model in services()[name].weights}


def test_strange_names_reach_the_results_or_the_errors(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    photo = (photos / "collins-00.jpg").read_bytes()
    for name in ("a%00.jpg", os.fsdecode(b"b\x80.jpg")):
        (folder / name).write_bytes(photo)
    paths = ["s3://\ud800/x.jpg", "gone\udc80.jpg", "b\udc80.jpg", "a%00.jpg", "file:///a%00.jpg"]
    (folder / "list.jsonl").write_text("\n".join(json.dumps({"path": path}) for path in paths))
    out = tmp_path / "out"
    assert run(folder / "list.jsonl", out) == 3, log_of(out).read_text()
    assert {row["image"] for row in rows(out)} == {"a%00.jpg", "b\\x80.jpg"}
    errors = [json.loads(line) for line in (out / "errors.jsonl").read_text().splitlines()]
    assert [error["image"] for error in errors] == ["s3://\\ud800/x.jpg", "gone\\x80.jpg", "file:///a%00.jpg"]
    assert {error["type"] for error in errors} == {"unreachable_reference"}


@pytest.mark.timeout(200)
def test_a_run_whose_parts_are_killed_ends_like_an_undisturbed_one(
    photos: Path, undisturbed: Path, tmp_path: Path
) -> None:
    random = Random(5)
    out = tmp_path / "out"
    small = ("--chunk", "2", "--max-in-flight", "2")
    submitter = start(photos, out, *small)
    deadline = monotonic() + 150
    for part in KILLS:
        wait_for_a_part(submitter, out, deadline)
        sleep(random.uniform(0, LATEST_S))
        kill(submitter, part)
        if submitter.poll() is not None:
            assert json.loads((out / "manifest.json").read_text())["state"] == "incomplete"
            submitter = start(photos, out, *small)
    assert submitter.wait(deadline - monotonic()) == 3, log_of(out).read_text()
    assert_alike(rows(out), rows(undisturbed))
    assert (out / "errors.jsonl").read_bytes() == (undisturbed / "errors.jsonl").read_bytes()
    assert len(json.loads((out / "manifest.json").read_text())["runs"]) == 3
    assert not (out / ".stack").exists()
    # A run that is complete starts no stack.
    logged = (out / "stack.log").stat().st_size
    assert run(photos, out, *small) == 3
    assert (out / "stack.log").stat().st_size == logged
    # Another run cannot mix its parts into these.
    assert run(photos, out, "--chunk", "8") == 4


def kept_photos_and_results(deployment: Deployment) -> set[bytes]:
    return {*deployment.redis.keys("faceline:blob:*"), *deployment.redis.keys("faceline:result:*")}


@pytest.mark.parametrize("how", ["--url", "--redis-url"])
def test_a_deployment_that_does_not_reach_the_photos_gives_the_same_rows(
    deployment: Deployment, photos: Path, undisturbed: Path, tmp_path: Path, how: str
) -> None:
    out = tmp_path / "out"
    before = kept_photos_and_results(deployment)
    address = deployment.stack.url if how == "--url" else deployment.stack.redis_url
    pictures = tmp_path / "pictures"
    options = ("--chunk", "4", "--pictures", str(pictures))
    assert run(photos, out, *options, how, address) == 3, log_of(out).read_text()
    assert {path.name for path in pictures.rglob("*.jpg")} == set(steady_photos())
    assert_alike(rows(out), rows(undisturbed))
    assert (out / "errors.jsonl").read_bytes() == (undisturbed / "errors.jsonl").read_bytes()
    assert kept_photos_and_results(deployment) <= before


def test_a_batch_of_the_same_photos_gives_the_same_table(deployment: Deployment, undisturbed: Path) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, photo in steady_photos().items():
            archive.writestr(name, photo)
    client, asked = deployment.client, {"services": ",".join(FOUR)}
    submitted = client.post(
        "/batches", content=held.getvalue(), params=asked, headers={"Content-Type": "application/zip"}
    )
    batch = f"/batches/{submitted.json()['id']}"
    assert client.get(batch, params={"wait": 60}).json()["counts"]["succeeded"] == len(steady_photos())
    answer = client.get(f"{batch}/output", headers={"Accept": "application/vnd.apache.parquet"})
    table = pq.read_table(io.BytesIO(answer.content))
    (schema,) = {pq.read_schema(path) for path in undisturbed.glob("parts/part-*.parquet")}
    assert table.schema == schema.append(pa.field("line", pa.int64()))
    found = table.drop_columns(["line"]).to_pylist()
    assert_alike(sorted(found, key=lambda row: (row["image"], row["object"] or 0)), rows(undisturbed))
    assert client.delete(batch).status_code == 204


@pytest.mark.parametrize("how", ["--url", "--redis-url"])
def test_a_client_of_a_deployment_needs_no_onnxruntime(
    deployment: Deployment, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "stubs" / "onnxruntime").mkdir(parents=True)
    (tmp_path / "stubs" / "onnxruntime" / "__init__.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "stubs"))
    out = tmp_path / "out"
    address = deployment.stack.url if how == "--url" else deployment.stack.redis_url
    assert run(photos, out, how, address, "--limit", "2") == 0, log_of(out).read_text()
    assert len(names(out)) == 2
    assert run(photos, tmp_path / "dry", how, address, "--limit", "2", "--dry-run") == 0
    imported = subprocess.run([sys.executable, "-P", "-c", "import onnxruntime"], capture_output=True, check=False)
    assert imported.returncode != 0, "the stub was in the way"


@pytest.mark.parametrize(
    ("how", "reason"),
    [("--redis-url", "has no worker"), ("--url", "has no worker"), ("--broken-url", "no deployment answers")],
)
def test_a_deployment_that_does_nothing_is_told_at_once(
    deploy: Deploy, photos: Path, tmp_path: Path, how: str, reason: str
) -> None:
    out = tmp_path / "out"
    with deploy(workers=[]) as own:
        urls = {"--redis-url": own.stack.redis_url, "--url": own.stack.url, "--broken-url": f"{own.stack.url}/no"}
        assert run(photos, out, how.replace("broken-", ""), urls[how]) == 1
    assert reason in log_of(out).read_text()
    assert not parts(out)


@contextmanager
def kept_up(deployment: Deployment) -> Iterator[None]:
    """Restarts its processes when they die."""
    stopped = Event()

    def keep() -> None:
        while not stopped.wait(0.2):
            deployment.stack.supervisor.restart_dead()

    thread = Thread(target=keep)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


class NotedTransport(httpx.HTTPTransport):
    """A transport that notes the bodies of the batches that it sends: their media types and sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, int]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        if (request.method, request.url.path) == ("POST", "/batches"):
            self.sent.append((request.headers["content-type"], int(request.headers["content-length"])))
        return super().handle_request(request)


class Silent:
    """A `RunProgress` that shows nothing."""

    def begin(self) -> None: ...

    def skipped(self, inputs: int) -> None: ...

    def done(self, inputs: int, failed: int) -> None: ...


def test_photos_that_a_deployment_reaches_are_not_sent(
    deploy: Deploy, photos: Path, undisturbed: Path, tmp_path: Path
) -> None:
    with deploy(FACELINE_REFERENCE_ROOTS=json.dumps([str(photos)])) as own:
        transport = NotedTransport()
        client = Client(own.stack.url, transport=transport, retries=NO_RETRIES)
        validator = photo_validator(load_settings(), FOUR, "fail")
        executor = HttpExecutor(client, validator)
        source = open_source(str(photos), "path")
        request = BulkRequest(source, str(photos), "path", Order(None, None, 16), "parquet", True)
        output = Output(tmp_path)
        with output.taken(), client:
            run_bulk(request, validator, executor, output, 2, Silent())
        assert_alike(rows(tmp_path), rows(undisturbed))
        assert (tmp_path / "errors.jsonl").read_bytes() == (undisturbed / "errors.jsonl").read_bytes()
        # One photo found out.
        assert [kind for kind, _ in transport.sent].count("application/x-tar") == 1
        assert len(transport.sent) == 8
        assert all(size < 10_000 for kind, size in transport.sent if kind == "application/x-ndjson")
        assert own.client.get("/batches").json()["batches"] == []
        assert own.redis.keys("faceline:result:*") == []


@pytest.mark.timeout(200)
def test_a_run_through_an_api_whose_parts_are_killed_ends_like_an_undisturbed_one(
    deploy: Deploy, photos: Path, undisturbed: Path, tmp_path: Path
) -> None:
    random = Random(7)
    out = tmp_path / "out"
    with deploy(**QUICK, FACELINE_BATCHES__CHUNK="2") as own, kept_up(own):
        how = ("--chunk", "2", "--max-in-flight", "2", "--url", own.stack.url)
        submitter = start(photos, out, *how)
        deadline = monotonic() + 150
        for part in ("worker", "api", "server", "submitter", "api", "worker", "interrupt", "server"):
            wait_for_a_part(submitter, out, deadline)
            sleep(random.uniform(0, LATEST_S))
            if part in ("submitter", "interrupt"):
                kill(submitter, part)
                submitter = start(photos, out, *how)
            else:
                for pid in own.stack.supervisor.pids(part):
                    os.kill(pid, signal.SIGKILL)
        assert submitter.wait(deadline - monotonic()) == 3, log_of(out).read_text()
    assert_alike(rows(out), rows(undisturbed))
    assert (out / "errors.jsonl").read_bytes() == (undisturbed / "errors.jsonl").read_bytes()


def test_a_deployment_that_takes_little_at_a_time_and_whose_batches_others_end_gives_the_same_rows(
    deploy: Deploy, photos: Path, undisturbed: Path, tmp_path: Path
) -> None:
    bounds = {"OPEN_AT_ONCE": "1", "BODY_BYTES": "300000", "REQUESTS": "5"}
    with deploy(**{f"FACELINE_BATCHES__{name}": value for name, value in bounds.items()}) as own:
        out = tmp_path / "out"
        submitter = start(photos, out, "--chunk", "16", "--url", own.stack.url)
        # Several are erased as soon as they are seen, so some of them while they come in.
        endings = [("POST", "/cancel"), *[("DELETE", "")] * 4]
        ended = []
        while len(ended) < len(endings) and submitter.poll() is None:
            for batch in own.client.get("/batches").json()["batches"][:1]:
                method, path = endings[len(ended)]
                # Not found: the run has fetched its results and erased it meanwhile.
                if own.client.request(method, f"/batches/{batch['id']}{path}").is_success:
                    ended.append(method)
                    sleep(0.2)
            sleep(0.002)
        assert submitter.wait(100) == 3, log_of(out).read_text()
        assert {"POST", "DELETE"} == set(ended)
        assert_alike(rows(out), rows(undisturbed))
        assert own.client.get("/batches").json()["batches"] == []
