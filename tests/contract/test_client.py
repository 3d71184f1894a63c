"""The Python client: it follows from the API's document, its fake answers as the document says, and its types hold."""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from faceline_client import (
    AccessDenied,
    Busy,
    Client,
    NotFound,
    Retries,
    Sample,
    SampleV1,
    Template,
    Verification,
    from_json,
    to_json,
)
from faceline_client.testing import FakeFaceline
from tests.integration.documented import Documented

FOLDER = Path(__file__).parents[2]
CLIENT = FOLDER / "clients" / "python"
DOCUMENT: dict[str, Any] = json.loads((FOLDER / "docs" / "openapi.json").read_text(encoding="utf-8"))
PHOTO = b"a photo that the fake does not look at"


def generator(name: str) -> ModuleType:
    spec = spec_from_file_location(f"generate_{name}", CLIENT / "generate" / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_results_follow_from_the_document() -> None:
    results = generator("results")
    assert results.RESULTS.read_text(encoding="utf-8") == results.text_of(DOCUMENT), "run `make client`"


def test_both_clients_are_one() -> None:
    for path, text in generator("sync").modules():
        assert path.read_text(encoding="utf-8") == text, "run `make client`"


def test_the_fake_answers_what_was_recorded() -> None:
    recorded = generator("recorded")
    assert recorded.RECORDED.read_text(encoding="utf-8") == recorded.text_of(), "run `make client`"


class CheckedFake(FakeFaceline):
    """The fake, each answer of which is held against the document."""

    def __init__(self) -> None:
        super().__init__()
        self.checked: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, and check the answer."""
        response = super().handle_request(request)
        response.read()
        names = [name for name in DOCUMENT["paths"] if _matches(name, request.url.path)]
        operation = DOCUMENT["paths"][names[0]][request.method.lower()]
        if response.content and "json" in response.headers["content-type"]:
            Documented(None, DOCUMENT).check(operation, response)  # type: ignore[arg-type]
        else:
            assert str(response.status_code) in operation["responses"]
        self.checked.add(f"{request.method} {names[0]}")
        return response


def _matches(name: str, path: str) -> bool:
    pairs = list(zip(name.split("/"), path.split("/"), strict=False))
    same_length = name.count("/") == path.count("/")
    return same_length and all(one == other or one.startswith("{") for one, other in pairs)


@pytest.fixture
def fake() -> CheckedFake:
    return CheckedFake()


@pytest.fixture
def client(fake: CheckedFake) -> Iterator[Client]:
    with Client(transport=fake, retries=Retries(first_pause_s=0.001)) as connected:
        yield connected


def test_each_answer_of_the_fake_is_as_documented(client: Client, fake: CheckedFake) -> None:
    services = [service for service in client.services().services if service.family != "matching"]
    for service in services:
        assert client.analyse(PHOTO, services=[service.name]).objects
        for version in (1, 2):
            client.process(service.name, client.process("face-detector-face-fitter", PHOTO, version), version)  # type: ignore[call-overload]
    for preset in client.services().presets:
        if preset != "verify":
            job = client.submit(PHOTO, preset=preset, include_image=True, metadata={"order": 7})
            assert (client.wait(job).metadata, client.result(job)) == ({"order": 7}, job.result)
    assert client.picture(job).startswith(b"\xff\xd8")
    assert client.verify(PHOTO, PHOTO).match
    fake.match = False
    assert not client.result(client.submit_verification(PHOTO, PHOTO), Verification).match
    assert client.version().workers == ("fake",)
    assert (client.queues(), client.dead_letters()) == ((), ())
    client.cancel(job)
    assert len(list(client.jobs())) > len(services)
    items = list(client.batch([PHOTO] * 5, chunk=2, preset="enrolment", keep=True))
    assert [(item.index, item.error) for item in items] == [(index, None) for index in range(5)]
    (*_, batch) = client.batches()
    assert len(client.batch_results(client.cancel_batch(batch))) == 2
    assert client.batch_errors(batch) == []
    client.erase(job)
    client.erase_batch(batch)
    with pytest.raises(NotFound):
        client.job(job)
    assert client.erase_everything().batches == 2
    # Other clients are not its matter: forms of service routes, metrics, probes, and the routes of another vendor.
    wanted = {f"{method.upper()} {path}" for path, routes in DOCUMENT["paths"].items() for method in routes}
    left = {name for name in wanted - fake.checked if "/process/" not in name and "/faceapi/" not in name}
    assert left == {"GET /metrics", "GET /healthz", "GET /readyz", "POST /jobs/{job_id}/retry"}


def test_the_fake_has_as_many_faces_as_a_test_wants(client: Client, fake: CheckedFake) -> None:
    fake.faces = 0
    assert client.analyse(PHOTO, preset="face-analysis").objects == ()
    fake.faces = 3
    assert [face.age for face in client.analyse(PHOTO, preset="face-analysis").objects] == [28, 28, 28]


def test_the_fake_refuses_and_hangs_up_as_a_test_wants(client: Client, fake: CheckedFake) -> None:
    fake.refuse(503, "no_worker")
    fake.hang_up()
    job = client.submit(PHOTO, preset="face-analysis")
    assert [one.id for one in client.jobs()] == [job.id]
    fake.refuse(429, "rate_limited", retry_after_s=3600)
    with pytest.raises(Busy):
        client.job(job)


def test_a_request_with_the_same_idempotency_key_gives_the_same_job(client: Client) -> None:
    def submitted(key: str) -> set[str]:
        sample = {"_image": {"blob": ""}}
        services = ["face-detector-face-fitter"]
        return {
            client.submit(PHOTO, services=services, idempotency_key=f"photo {key}").id,
            client.submit(sample, services=services, idempotency_key=f"sample {key}").id,
            client.submit_verification(PHOTO, PHOTO, idempotency_key=f"pair {key}").id,
        }

    first = submitted("1")
    assert len(first) == 3
    assert submitted("1") == first
    assert submitted("2").isdisjoint(first)


def test_a_file_that_is_open_for_text_is_no_photo(client: Client) -> None:
    with Path(__file__).open() as file, pytest.raises(TypeError, match="open for reading bytes"):
        client.submit(file, preset="face-analysis")  # type: ignore[arg-type]


def test_the_fake_asks_for_a_key() -> None:
    with Client(transport=FakeFaceline(key="fl_1")) as without, pytest.raises(AccessDenied):
        without.services()
    with Client(key="fl_1", transport=FakeFaceline(key="fl_1")) as client:
        assert client.services().presets


EXAMPLES = sorted((FOLDER / "api" / "openapi" / "examples").glob("v*/*.response.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_results_keep_all_that_the_api_answers(path: Path) -> None:
    answer = json.loads(path.read_text(encoding="utf-8"))
    for item in answer["objects"]:
        item["of_the_caller"] = {"any": [1, None]}
        if "age" in item:
            item["age"] = int(item["age"])
    kind: type[Sample] | type[SampleV1] = Sample if path.parent.name == "v2" else SampleV1
    assert to_json(from_json(kind, answer)) == answer


def test_the_dialect_of_a_result_is_found() -> None:
    job = {"id": "1", "status": "succeeded", "services": [], "stages": [], "created_at": "2026-01-01T00:00:00Z"}
    kinds: dict[str, Callable[[Any], bool]] = {"v1": lambda r: type(r) is SampleV1, "v2": lambda r: type(r) is Sample}
    from faceline_client import Job

    for path in EXAMPLES:
        result = json.loads(path.read_text(encoding="utf-8"))
        found = from_json(Job, {**job, "result": result}).result
        # Bodies, and samples with nothing but ages and templates in a list, are the same in both.
        assert kinds[path.parent.name](found) or to_json(found) == result, path
    verification = json.loads((EXAMPLES[0].parents[1] / "verify.response.json").read_text(encoding="utf-8"))
    assert isinstance(from_json(Job, {**job, "result": verification}).result, Verification)


def test_a_template_is_the_bytes_of_either_dialect() -> None:
    with Client(transport=FakeFaceline()) as client:
        newer = client.process("face-detector-template-extractor", PHOTO).objects[0]
        older = client.process("face-detector-template-extractor", PHOTO, 1).objects[0]
        with pytest.raises(ValueError, match="template-extractor"):
            Template.of(client.process("body-detector", PHOTO).objects[0])
    assert Template.of(newer) == Template.of(older)
    assert len(Template.of(newer).data) == 296


USER = """
import asyncio
from faceline_client import AsyncClient, Client, Sample, SampleV1, Verification

def ages(client: Client) -> list[float | None]:
    sample = client.analyse("photo.jpg", preset="face-analysis", wait=30)
    return [face.age for face in sample.objects]

def both(client: Client) -> tuple[Sample, SampleV1, Verification]:
    job = client.submit(b"photo", services=["age-estimator"], metadata={"order": 7})
    older = client.process("age-estimator", b"", 1)
    return client.process("age-estimator", b""), older, client.result(job, Verification)

async def names(client: AsyncClient) -> list[str]:
    return [item.name async for item in client.batch(["a.jpg"], preset="enrolment")]

with Client() as client:
    ages(client)
    asyncio.run(names(AsyncClient()))
"""
WRONG = """
from faceline_client import Client

client = Client()
age: str = client.analyse("photo.jpg", preset="face-analysis").objects[0].age
client.submit("photo.jpg", colour="red")
client.process("age-estimator", "photo.jpg", 3)
"""


def test_a_users_project_finds_the_types_of_the_installed_client(tmp_path: Path) -> None:
    """Installs the distribution of its own into an environment of its own: no file of the server is there."""
    environment = tmp_path / "env"
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    target = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    source = tmp_path / "source"
    run("cp", "-r", str(CLIENT), str(source))
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps")
    run(*pip, "--no-build-isolation", "--target", target, str(source))
    for name in ("httpx", "httpcore", "h11", "anyio", "certifi", "idna", "sniffio", "typing_extensions.py"):
        found = Path(sysconfig.get_path("purelib")) / name
        if found.exists():
            (Path(target) / name).symlink_to(found)
    (tmp_path / "user.py").write_text(USER)
    (tmp_path / "wrong.py").write_text(WRONG)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), "--cache-dir")
    run(*mypy, str(tmp_path / "cache"), "user.py", cwd=tmp_path)
    wrong = run(*mypy, str(tmp_path / "cache"), "wrong.py", cwd=tmp_path, fails=True)
    assert wrong.stdout.count("error:") == 3, wrong.stdout
    imported = run(str(python), "-c", "import faceline_client, faceline_client.testing, sys; print(*sys.modules)")
    assert "faceline_client" in imported.stdout
    assert "pydantic" not in imported.stdout


def run(*command: str, cwd: Path | None = None, fails: bool = False) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done
