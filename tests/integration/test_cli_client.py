"""The commands that are clients of a deployment: `analyze`, `verify`, `jobs`, `batches`, `services`."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app
from faceline_client import Client
from tests.integration.conftest import FOUR, PHOTOS, Deployment
from tests.integration.disturbed import frozen_workers
from tests.integration.test_up import FACELINE

pytestmark = pytest.mark.stack

COLLINS, MACRON, SHUTTLE = (str(PHOTOS / name) for name in ("collins.jpg", "macron.jpg", "shuttle_model.jpg"))

Run = Callable[..., Result]


@pytest.fixture
def run(deployment: Deployment) -> Iterator[Run]:
    """Runs a command against the stack that the tests share: it is found by its data folder."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    environment = {"FACELINE_DATA_DIR": str(deployment.log.parent / "data"), "COLUMNS": "80", "NO_COLOR": "1"}

    def invoke(*arguments: str, code: int = 0, **more: str) -> Result:
        done = CliRunner().invoke(app, arguments, env={**environment, **more})
        assert done.exit_code == code, (done.output, done.exception)
        if "--json" not in arguments and "results" not in arguments:
            assert all(len(line) <= 80 for line in done.stdout.splitlines() if not line.startswith("/"))
        return done

    yield invoke
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_photos_are_shown_as_tables(run: Run) -> None:
    shown = run("analyze", COLLINS, SHUTTLE).stdout
    assert f"{COLLINS}: 1 face" in shown
    assert f"{SHUTTLE}: nothing found" in shown
    assert "female" in shown
    assert "happy" in shown
    enrolled = run("analyze", COLLINS, "--preset", "enrolment").stdout
    assert all(word in enrolled for word in ("live", "quality", "template"))
    bodies = run("analyze", MACRON, "--services", "body-detector").stdout
    assert "1 body" in bodies


def test_photos_are_json_for_scripts_and_a_photo_that_fails_does_not_end_the_others(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    missing = tmp_path / "missing.jpg"
    done = run("analyze", str(broken), str(missing), COLLINS, "--services", ",".join(FOUR), "--json", code=3)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["photo"], first["error"]["type"]) == (str(broken), "invalid_image")
    assert second["error"] == {"type": "unreadable", "detail": "No such file or directory"}
    assert third["result"]["objects"][0]["gender"] == "female"


def test_pictures_are_written(run: Run, tmp_path: Path) -> None:
    run("analyze", COLLINS, "--picture", str(tmp_path / "drawn"), "--max-faces", "1")
    picture = cv2.imread(str(tmp_path / "drawn" / "collins.jpg"))
    assert picture is not None
    assert picture.shape[0] > 100


def test_two_photos_are_compared(run: Run) -> None:
    same = str(PHOTOS / "obama_senate.jpg"), str(PHOTOS / "obama_speech.jpg")
    assert "the same person" in run("verify", *same).stdout
    other = run("verify", COLLINS, MACRON, "--operating-point", "convenience", code=4).stdout
    assert "different people" in other
    assert "(convenience)" in other
    answer = json.loads(run("verify", *same, "--json", "--single").stdout)
    assert answer["match"] is True
    assert "photo b" in run("verify", COLLINS, SHUTTLE, code=3).stderr


def test_jobs_are_listed_shown_waited_for_canceled_and_erased(run: Run, deployment: Deployment) -> None:
    with Client(deployment.stack.url) as client:
        job = client.submit(COLLINS, services=FOUR)
        failing = client.submit(COLLINS, services=["face-detector-face-fitter"], ttl_s=600)
    assert job.id in run("jobs", "wait", job.id).stdout
    shown = run("jobs", "show", job.id).stdout
    assert all(name in shown for name in FOUR)
    assert "female" in shown
    assert json.loads(run("jobs", "show", job.id, "--json").stdout)["result"]["objects"]
    run("jobs", "wait", failing.id)
    listed = run("jobs", "list", "--limit", "2").stdout
    assert job.id in listed
    assert failing.id in listed
    found = json.loads(run("jobs", "list", "--json", "--status", "succeeded", "--limit", "1").stdout)
    assert [one["status"] for one in found] == ["succeeded"]
    assert "succeeded" in run("jobs", "cancel", job.id).stdout
    run("jobs", "erase", job.id, failing.id)
    assert "erased" in run("jobs", "show", job.id, code=1).stderr
    assert "there is no job no-such-job" in run("jobs", "wait", "no-such-job", code=1).stderr


def test_a_canceled_job_is_submitted_again(run: Run, deployment: Deployment) -> None:
    with Client(deployment.stack.url) as client, frozen_workers(deployment):
        job = client.submit(COLLINS, services=FOUR[:1], include_image=True)
        assert "canceled" in run("jobs", "cancel", job.id).stdout
        (again,) = run("jobs", "retry", job.id).stdout.splitlines()
    run("jobs", "wait", again)
    assert again != job.id
    assert "not_retryable" in run("jobs", "retry", again, code=1).stderr
    run("jobs", "erase", job.id, again)


def test_a_folder_or_a_missing_photo_is_told_what_to_do(run: Run, tmp_path: Path) -> None:
    assert "faceline bulk" in run("analyze", str(tmp_path), code=3).stderr
    missing = run("verify", COLLINS, str(tmp_path / "missing.jpg"), code=1).stderr
    assert missing == f"error: {tmp_path / 'missing.jpg'}: No such file or directory\n"


def test_batches_are_listed_waited_for_fetched_and_erased(run: Run, deployment: Deployment) -> None:
    with Client(deployment.stack.url) as client:
        lines = [{"custom_id": "none", "services": FOUR[:1], "sample": {}}]
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        failing = client.submit_batch(content, "application/x-ndjson")
        (item,) = client.batch([COLLINS], keep=True, services=FOUR)
        batch = next(iter(client.batches()))
    assert item.sample is not None
    assert "1" in run("batches", "wait", failing.id, code=3).stdout
    assert "completed" in run("batches", "wait", batch.id).stdout
    rows = [json.loads(line) for line in run("batches", "results", batch.id).stdout.splitlines()]
    assert rows[0]["result"]["objects"][0]["gender"] == "female"
    assert json.loads(run("batches", "results", failing.id, "--errors").stdout)["custom_id"] == "none"
    assert batch.id in run("batches", "list").stdout
    assert json.loads(run("batches", "show", batch.id, "--json").stdout)["counts"]["succeeded"] == 1
    assert "completed" in run("batches", "cancel", batch.id).stdout
    run("batches", "erase", batch.id, failing.id)
    assert "erased" in run("batches", "show", batch.id, code=1).stderr


def test_services_and_presets_are_listed(run: Run) -> None:
    shown = run("services").stdout
    assert all(word in shown for word in (*FOUR, "passport-check"))
    assert json.loads(run("services", "--json").stdout)["presets"]["face-analysis"]


def unwrapped(error: str) -> str:
    """The text of an error in a box."""
    return " ".join(error.replace("│", "").split())


def test_misspelt_names_are_told_what_is_like_them(run: Run, deployment: Deployment) -> None:
    for where in ((), ("--url", deployment.stack.url)):
        wrong = run("analyze", COLLINS, "--services", "age-estimater", *where, code=2).stderr
        assert "did you mean age-estimator" in unwrapped(wrong)
        wrong = run("analyze", COLLINS, "--preset", "face-analisis", *where, code=2).stderr
        assert "did you mean face-analysis" in unwrapped(wrong)
    assert "'analyze'" in run("anlyze", COLLINS, code=2).stderr
    assert "either" in run("analyze", COLLINS, "--preset", "enrolment", "--services", "x", code=2).stderr


def test_names_are_completed(run: Run) -> None:
    def completed(words: str) -> list[str]:
        number = str(len(words.split(" ")) - 1)
        return run(_FACELINE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=number).stdout.split()

    assert completed("faceline ana") == ["analyze"]
    assert completed("faceline analyze --preset p") == ["passport-check"]
    assert completed("faceline analyze --services age-estimator,gen") == ["age-estimator,gender-estimator"]


def test_without_a_deployment_jobs_say_what_to_do_and_a_photo_gets_a_stack_of_its_own(tmp_path: Path) -> None:
    environment = {**os.environ, "FACELINE_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "80"}

    def faceline(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*FACELINE, *arguments], env=environment, capture_output=True, text=True, timeout=180, check=False
        )

    jobs = faceline("jobs", "list")
    assert (jobs.returncode, jobs.stdout) == (1, "")
    assert "faceline up" in jobs.stderr
    analyzed = faceline("analyze", COLLINS, "--json")
    assert analyzed.returncode == 0, analyzed.stderr
    assert json.loads(analyzed.stdout)["result"]["objects"][0]["class"] == "face"
    assert not (tmp_path / "data").exists()
