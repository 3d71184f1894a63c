import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from access.token import Token
from tests.browser.conftest import Visit, Visits
from tests.browser.dropping import drop
from tests.integration.conftest import PHOTOS, Deploy, Deployment, photo

pytestmark = [pytest.mark.stack, pytest.mark.weights]

FACE_ANALYSIS = {"preset": "face-analysis"}
KEY = Token.new().reveal()


def analyse(page: Page, file: Any, preset: str = "Face analysis") -> None:
    page.get_by_role("button", name=preset, exact=True).click()
    page.locator("main input[type=file]").first.set_input_files(file)
    page.locator(".face-card, main [role=alert], .workbench .empty").first.wait_for()


def in_memory(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def answer(deployment: Deployment, image: bytes, **options: str) -> list[dict[str, Any]]:
    response = deployment.client.post(
        "/jobs/image", params={"wait": 30}, files={"image": image}, data=options or FACE_ANALYSIS
    )
    faces: list[dict[str, Any]] = response.json()["result"]["objects"]
    return faces


def box_in_photo(page: Page, box: Locator) -> list[float]:
    """Where a box is drawn, relative to the photo."""
    drawn, shown = box.bounding_box(), page.locator(".photo img").bounding_box()
    assert drawn is not None
    assert shown is not None
    left, top = (drawn["x"] - shown["x"]) / shown["width"], (drawn["y"] - shown["y"]) / shown["height"]
    return [left, top, left + drawn["width"] / shown["width"], top + drawn["height"] / shown["height"]]


def test_boxes_are_where_the_answer_says(visit: Visit, deployment: Deployment) -> None:
    page = visit.open()
    analyse(page, PHOTOS / "collins.jpg")
    (face,) = answer(deployment, photo())
    assert box_in_photo(page, page.locator(".face-hit")) == pytest.approx(face["bbox"], abs=0.01)
    card = page.locator(".face-card")
    expect(card).to_contain_text(f"{face['gender']} {face['age']}")
    strongest = max(face["emotions"], key=lambda entry: entry["confidence"])
    expect(card.locator(".measures .most")).to_contain_text(strongest["emotion"].capitalize())
    assert (page.locator(".points").get_attribute("d") or "").count("M") == 21


def test_boxes_of_a_turned_photo_are_where_it_is_shown(visit: Visit, deployment: Deployment) -> None:
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    Image.open(PHOTOS / "collins.jpg").rotate(90, expand=True).save(turned, "JPEG", quality=95, exif=exif)
    page = visit.open()
    analyse(page, in_memory("turned.jpg", turned.getvalue()))
    (face,) = answer(deployment, photo())
    assert box_in_photo(page, page.locator(".face-hit")) == pytest.approx(face["bbox"], abs=0.03)


def test_faces_are_chosen_on_the_photo_and_in_the_list(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Three people").click()
    cards, boxes = page.locator(".face-card"), page.locator("svg .face")
    expect(cards).to_have_count(3)
    expect(boxes).to_have_count(3)
    expect(page.locator(".face-body")).to_have_count(0)
    page.locator("svg .face[data-face='1'] .face-hit").click()
    expect(page.locator(".face-card.chosen")).to_have_attribute("data-face", "1")
    expect(page.locator(".face-card.chosen .face-body")).to_be_visible()
    cards.nth(0).hover()
    expect(page.locator("svg .face.hovered")).to_have_attribute("data-face", "0")
    page.get_by_role("button", name="Points").click()
    expect(page.locator(".points")).to_have_count(0)
    page.get_by_role("button", name="Axes").click()
    expect(page.locator(".axis")).to_have_count(9)
    width = "document.querySelector('.photo').clientWidth"
    before = page.evaluate(width)
    page.get_by_role("button", name="Zoom in").click()
    larger = int(1.5 * before)
    expect(page.locator(".photo")).to_have_css("width", re.compile(f"^({larger}|{larger + 1}|{larger + 2})px$"))


def test_photos_that_come_together_have_results_of_their_own(visit: Visit) -> None:
    page = visit.open()
    names = ["collins.jpg", "macron.jpg", "shuttle_model.jpg"]
    page.locator("main input[type=file]").first.set_input_files([PHOTOS / name for name in names])
    strip = page.get_by_role("group", name="Photos").get_by_role("button")
    expect(strip.locator(".mark")).to_have_text(["1", "1", "0"])
    for index, (name, found) in enumerate(zip(names, ("female", "male", "No face was found"), strict=True)):
        strip.nth(index).click()
        expect(page.locator(".viewer-name")).to_have_text(name)
        expect(page.locator(".workbench")).to_contain_text(found)
        expect(strip.and_(page.locator("[aria-pressed=true]"))).to_have_count(1)
    page.get_by_role("button", name="Erase now").click()
    expect(strip).to_have_count(2)
    page.get_by_role("button", name="Erase all").click()
    expect(page.get_by_role("heading", name="Drop photos here")).to_be_visible()


def test_failed_checks_of_quality_are_those_of_the_answer(visit: Visit, deployment: Deployment) -> None:
    page = visit.open()
    analyse(page, PHOTOS / "collins.jpg", "Passport check")
    (face,) = answer(deployment, photo(), preset="passport-check")
    services = deployment.client.get("/services").json()["services"]
    checks = [check for service in services for check in service["checks"]]
    failed = [check for check in checks if face["quality"][check["flag"]] != check["passes"]]
    expect(page.locator(".checks li.bad")).to_have_count(len(failed))
    expect(page.locator(".checks li.good")).to_have_count(len(checks) - len(failed))
    for check in failed:
        if check["rule"] == "at_least":
            expect(page.locator(".checks li.bad", has_text=f"at least {check['threshold']:g}").first).to_be_visible()


def test_a_file_that_is_no_photo_is_refused_in_the_words_of_the_api(visit: Visit) -> None:
    visit.expected = ("422",)
    page = visit.open()
    analyse(page, in_memory("notes.jpg", b"no photo"))
    refused = page.get_by_role("alert")
    expect(refused).to_contain_text("no JPEG, PNG, BMP, WebP")
    expect(page.locator(".viewer-foot")).to_contain_text("no job for this photo")
    expect(page.locator(".stages")).to_have_count(0)
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(refused).to_contain_text("no JPEG, PNG, BMP, WebP")
    expect(page.get_by_text("Loading")).to_have_count(0)
    # A second try would be refused as well.
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_files_that_the_server_would_refuse_are_not_sent(visit: Visit, deployment: Deployment) -> None:
    limits = deployment.client.get("/services").json()["services"][0]["limits"]
    wide = io.BytesIO()
    Image.new("1", (limits["pixels"] // 1000 + 1, 1000)).save(wide, "PNG")
    page = visit.open()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/jobs/image") else None)
    files = [
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no photo"},
        in_memory("heavy.jpg", bytes(limits["image_bytes"] + 1)),
        {"name": "wide.png", "mimeType": "image/png", "buffer": wide.getvalue()},
    ]
    page.locator("main input[type=file]").first.set_input_files(files)
    strip = page.get_by_role("group", name="Photos").get_by_role("button")
    for index, why in enumerate(("not a photo", "MB. The server takes up to", "megapixels. The server takes up to")):
        strip.nth(index).click()
        expect(page.get_by_role("alert")).to_contain_text(why)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    # Neither file is an image that the browser shows.
    expect(strip.locator(".no-picture")).to_have_count(2)
    page.get_by_role("button", name="Remove").click()
    expect(strip).to_have_count(2)
    assert sent == []


def test_photos_that_are_dropped_are_analysed(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Face analysis", exact=True).click()
    drop(page.locator(".drop"), PHOTOS / "collins.jpg")
    expect(page.locator(".face-card")).to_contain_text("female")
    drop(page.locator(".viewer-bar"), PHOTOS / "macron.jpg", PHOTOS / "ardern.jpg")
    expect(page.locator(".face-card")).to_contain_text("male")
    names = page.get_by_role("group", name="Photos").get_by_role("button")
    expect(names).to_have_count(3)
    expect(names.locator(".mark")).to_have_text(["1", "1", "1"])


def test_a_photo_that_is_pasted_is_analysed(visits: Visits, deployment: Deployment) -> None:
    encoded = io.BytesIO()
    with Image.open(PHOTOS / "macron.jpg") as image:
        image.save(encoded, "PNG")
    copy = """async (encoded) => {
        const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
        const photo = new Blob([bytes], { type: "image/png" });
        await navigator.clipboard.write([new ClipboardItem({ "image/png": photo })]);
    }"""
    with visits(deployment.stack.url, permissions=["clipboard-read", "clipboard-write"]) as visit:
        page = visit.open()
        page.get_by_role("button", name="Face analysis", exact=True).click()
        page.evaluate(copy, base64.b64encode(encoded.getvalue()).decode())
        page.keyboard.press("Control+V")
        expect(page.locator(".face-card")).to_contain_text("male")


def test_the_first_sample_looks_real_and_liveness_states_its_limits(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Enrolment", exact=True).click()
    page.locator(".sample").first.click()
    card = page.locator(".face-card")
    expect(card.locator(".face-head")).to_contain_text("looks real")
    expect(card).to_contain_text("not a certified detection")


def test_a_photo_without_a_face_says_so(visit: Visit) -> None:
    page = visit.open()
    analyse(page, PHOTOS / "shuttle_model.jpg")
    expect(page.get_by_role("status").filter(has_text="No face found")).to_be_visible()


def test_erase_removes_the_job_from_the_server(visit: Visit, deployment: Deployment) -> None:
    page = visit.open()
    with page.expect_response(re.compile("/jobs/image")) as submitted:
        analyse(page, PHOTOS / "collins.jpg")
    job = submitted.value.json()["id"]
    assert deployment.client.get(f"/jobs/{job}").status_code == 200
    expect(page.locator(".viewer-foot")).to_contain_text("keeps the results until")
    page.get_by_role("button", name="Erase now").click()
    expect(page.get_by_role("heading", name="Drop photos here")).to_be_visible()
    assert deployment.client.get(f"/jobs/{job}").status_code == 410


def test_a_photo_that_is_erased_while_it_is_sent_leaves_no_job(visit: Visit, deployment: Deployment) -> None:
    def erase_and_send(route: Route) -> None:
        page.get_by_role("button", name="Erase now").click()
        route.continue_()

    page = visit.open()
    page.route("**/jobs/image", erase_and_send)
    with page.expect_response(lambda answer: answer.request.method == "DELETE") as erased:
        page.locator("main input[type=file]").first.set_input_files(PHOTOS / "collins.jpg")
    job = erased.value.url.rpartition("/")[2]
    assert deployment.client.get(f"/jobs/{job}").status_code == 410
    expect(page.get_by_role("heading", name="Drop photos here")).to_be_visible()


def test_impossible_services_explain_themselves(visit: Visit) -> None:
    page = visit.open()
    page.get_by_role("button", name="Custom", exact=True).click()
    matcher = page.locator("label", has_text="Verify matcher")
    expect(matcher.locator("input")).to_be_disabled()
    expect(matcher).to_contain_text("use Verify")
    page.locator("label", has_text="Body detector").click()
    age = page.locator("label", has_text="Age estimator")
    expect(age.locator("input")).to_be_disabled()
    expect(age).to_contain_text("faces only")
    page.locator("label", has_text="Face detector + template extractor").click()
    quality = page.locator("label", has_text="Quality assessment estimator")
    expect(quality).to_contain_text("Needs landmarks, pose")


COMMANDS = {
    "curl": ["bash", "-c"],
    "Python": [sys.executable, "-c"],
    "JavaScript": ["node", "--input-type=module", "-e"],
}


@pytest.fixture(scope="module")
def guarded(deploy: Deploy) -> Iterator[Deployment]:
    """A deployment with a key."""
    with deploy(FACELINE_ACCESS__FIRST_KEY=KEY) as running:
        yield running


@pytest.mark.parametrize(("dialect", "with_key"), [("v2", False), ("v1", False), ("v2", True), ("v1", True)])
@pytest.mark.parametrize("language", COMMANDS)
def test_copied_code_works_when_it_is_pasted(
    visits: Visits,
    deployment: Deployment,
    guarded: Deployment,
    tmp_path: Path,
    language: str,
    dialect: str,
    with_key: bool,
) -> None:
    needed = "curl" if language == "curl" else COMMANDS[language][0]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    if (language, dialect) == ("Python", "v2") and find_spec("faceline_client") is None:
        pytest.skip("the package faceline-client is not installed")
    running, environment = (guarded, {"FACELINE_KEY": KEY}) if with_key else (deployment, {})
    with visits(running.stack.url, permissions=["clipboard-read", "clipboard-write"]) as visit:
        if with_key:
            visit.page.add_init_script(f"sessionStorage.setItem('faceline-key', '{KEY}')")
        page = visit.open()
        analyse(page, PHOTOS / "collins.jpg")
        page.get_by_role("button", name="Code", exact=True).click()
        page.get_by_role("button", name=dialect, exact=True).click()
        page.get_by_role("button", name=language, exact=True).click()
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        code = page.evaluate("navigator.clipboard.readText()")
    assert KEY not in code
    (tmp_path / "photo.jpg").write_bytes(photo())
    done = subprocess.run(
        [*COMMANDS[language], code],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, (code, done.stderr)
    field = "fitter" if dialect == "v1" else "keypoints"
    if (language, dialect) == ("Python", "v2"):
        assert done.stdout.count(f"{field}=") == 1
    else:
        printed = json.loads(done.stdout)
        (face,) = printed["result"]["objects"] if language == "curl" else printed
        assert field in face


def test_the_request_and_the_response_are_shown_in_both_dialects(visit: Visit) -> None:
    page = visit.open()
    analyse(page, PHOTOS / "collins.jpg")
    page.get_by_role("button", name="JSON", exact=True).click()
    response = page.get_by_role("region", name="Response")
    expect(response).to_contain_text('"keypoints"')
    page.get_by_role("button", name="v1", exact=True).click()
    expect(response).to_contain_text('"fitter"')
    expect(page.get_by_role("region", name="Request")).to_contain_text('"dialect": "v1"')
