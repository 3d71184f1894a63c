import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.dropping import drop
from tests.integration.conftest import PHOTOS, Deployment

CHECKED = ["collins.jpg", "ardern.jpg", "shuttle_model.jpg"]

pytestmark = [pytest.mark.stack, pytest.mark.weights]


def test_a_batch_with_a_broken_photo_shows_its_rows_and_its_error(
    visit: Visit, deployment: Deployment, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    page = visit.open("batches")
    page.get_by_role("button", name="Face analysis", exact=True).click()
    files = [PHOTOS / "collins.jpg", PHOTOS / "macron.jpg", PHOTOS / "shuttle_model.jpg", tmp_path / "broken.jpg"]
    page.get_by_label("Choose files").set_input_files(files)
    completed(page)
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="broken.jpg")).to_contain_text("invalid_image")
    expect(rows.filter(has_text="collins.jpg")).to_contain_text("female")
    page.get_by_role("button", name=re.compile("^No face")).click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("shuttle_model.jpg")
    page.get_by_role("button", name=re.compile(r"^Error \d")).click()
    expect(rows).to_contain_text("broken.jpg")
    page.get_by_role("button", name=re.compile("^All 4")).click()
    page.get_by_label("Age from").fill("99")
    expect(rows).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="JSONL", exact=True).click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert {json.loads(line)["custom_id"] for line in lines} == {"collins.jpg", "macron.jpg", "shuttle_model.jpg"}
    with page.expect_download() as table:
        page.get_by_role("button", name="Parquet").click()
    assert Path(table.value.path()).read_bytes()[:4] == b"PAR1"
    with page.expect_download() as text:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows_of_csv = list(csv.DictReader(io.StringIO(Path(text.value.path()).read_text(), newline="")))
    assert [(row["image"], row["object"]) for row in rows_of_csv] == [
        ("collins.jpg", "0"),
        ("macron.jpg", "0"),
        ("shuttle_model.jpg", ""),
    ]
    batch = page.url.rpartition("/")[2]
    page.get_by_role("button", name="Erase now").click()
    expect(page.get_by_role("button", name="Erase for good?")).to_be_visible()
    assert deployment.client.get(f"/batches/{batch}").status_code == 200
    page.get_by_role("button", name="Erase for good?").click()
    expect(page.get_by_role("heading", name="Batches")).to_be_visible()
    expect(page.locator(".said")).to_contain_text("Erased")
    assert deployment.client.get(f"/batches/{batch}").status_code == 410


def completed(page: Page) -> None:
    """Waits for the end of the batch that was sent."""
    page.wait_for_url("**/#/batches/*")
    expect(page.locator("main .tag").first).to_have_text("Completed")


def names_of(page: Page) -> list[str]:
    return page.locator("tbody tr td:first-child").all_inner_texts()


def test_a_zip_is_filtered_by_failed_check_age_and_no_face(visit: Visit, deployment: Deployment) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in CHECKED:
            archive.writestr(name, (PHOTOS / name).read_bytes())
    page = visit.open("batches")
    page.get_by_role("button", name="Custom", exact=True).click()
    zipped = {"name": "photos.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    page.get_by_label("Choose files").set_input_files(zipped)
    completed(page)
    expect(page.locator("tbody tr")).to_have_count(3)
    batch = page.url.rpartition("/")[2]
    lines = deployment.client.get(f"/batches/{batch}/output").text.splitlines()
    faces = {row["custom_id"]: row["result"]["objects"] for row in map(json.loads, lines)}
    checks = [check for one in deployment.client.get("/services").json()["services"] for check in one["checks"]]
    failed = [
        name
        for name, found in faces.items()
        if any(face["quality"][check["flag"]] != check["passes"] for face in found for check in checks)
    ]
    page.get_by_role("button", name=f"Failed check {len(failed)}").click()
    assert names_of(page) == failed
    page.get_by_role("button", name="No face 1").click()
    assert names_of(page) == ["shuttle_model.jpg"]
    page.get_by_role("button", name="All 3").click()
    ages = {name: found[0]["age"] for name, found in faces.items() if found}
    youngest = min(ages, key=lambda name: ages[name])
    page.get_by_label("Age from").fill("1")
    page.get_by_label("Age to").fill(str(ages[youngest]))
    assert names_of(page) == [name for name, age in ages.items() if 1 <= age <= ages[youngest]]


def folder_of_photos(folder: Path) -> Path:
    """A folder with a photo, a folder with a photo of the same name, and a file that is no photo."""
    (folder / "album" / "inner").mkdir(parents=True)
    (folder / "album" / "one.jpg").write_bytes((PHOTOS / "collins.jpg").read_bytes())
    (folder / "album" / "inner" / "one.jpg").write_bytes((PHOTOS / "macron.jpg").read_bytes())
    (folder / "album" / "notes.txt").write_text("no photo")
    return folder / "album"


def test_the_photos_of_a_folder_are_sent_under_their_paths(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("batches")
    page.get_by_role("button", name="Face analysis", exact=True).click()
    page.get_by_label("Choose a folder").set_input_files(folder_of_photos(tmp_path))
    completed(page)
    expect(page.locator("tbody tr")).to_have_count(2)
    assert sorted(names_of(page)) == ["album/inner/one.jpg", "album/one.jpg"]


def test_a_folder_that_is_dropped_is_sent_as_one_that_is_chosen(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("batches")
    page.get_by_role("button", name="Face analysis", exact=True).click()
    drop(page.locator(".drop"), folder_of_photos(tmp_path))
    completed(page)
    expect(page.locator("tbody tr")).to_have_count(2)
    assert sorted(names_of(page)) == ["album/inner/one.jpg", "album/one.jpg"]


def test_a_folder_without_photos_says_so(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no photo")
    page = visit.open("batches")
    page.get_by_label("Choose a folder").set_input_files(tmp_path / "empty")
    expect(page.get_by_role("alert")).to_contain_text("no photo in this folder")


def test_an_erased_batch_and_an_unknown_one_say_so(visit: Visit, deployment: Deployment) -> None:
    visit.expected = ("410", "404")
    headers = {"Content-Type": "application/x-ndjson"}
    batch = deployment.client.post("/batches", content=b"[]\n", headers=headers).json()["id"]
    deployment.client.delete(f"/batches/{batch}").raise_for_status()
    page = visit.open(f"batches/{batch}")
    expect(page.get_by_role("alert").first).to_contain_text("erased")
    page = visit.open("batches/no-such-batch")
    expect(page.get_by_role("alert").first).to_contain_text("no batch")


def test_without_pyarrow_the_page_says_why_there_is_no_parquet(visit: Visit, deployment: Deployment) -> None:
    offers = deployment.client.get("/services").json()
    offers["batches"]["formats"].remove("application/vnd.apache.parquet")
    visit.page.route("**/services", lambda route: route.fulfill(json=offers))
    headers = {"Content-Type": "application/x-ndjson"}
    batch = deployment.client.post("/batches", content=b"[]\n", headers=headers).json()["id"]
    page = visit.open(f"batches/{batch}")
    expect(page.get_by_role("button", name="Parquet")).to_be_disabled()
    expect(page.locator("main")).to_contain_text("Parquet needs pyarrow")
    expect(page.get_by_role("button", name="CSV", exact=True)).to_be_enabled()
