import re

import pytest
from playwright.sync_api import expect

from config.settings import JobSettings
from jobs.redis.jobs import RedisJobStore
from tests.browser.conftest import Visit, Visits
from tests.integration.api_process import administration
from tests.integration.conftest import Deploy, Deployment, photo, v2_sample
from tests.integration.disturbed import damaged_png, frozen_workers
from tests.waiting import until

pytestmark = [pytest.mark.stack, pytest.mark.weights]

FITTER = "face-detector-face-fitter"
PRESET_OF_MANY = [FITTER, "quality-assessment-estimator", "template-extractor"]


def test_a_job_is_listed_shown_and_erased(visit: Visit, deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit([FITTER, "age-estimator"], v2_sample()))
    page = visit.open("jobs")
    page.get_by_role("button", name="Succeeded", exact=True).click()
    page.get_by_role("link", name=job["id"][:8]).click()
    expect(page.get_by_role("region", name="Stages").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("region", name="Stages")).to_contain_text(job["stages"][0]["worker"])
    expect(page.get_by_role("region", name="Result")).to_contain_text('"age"')
    page.get_by_role("button", name="Erase now").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.locator(".said")).to_contain_text("Erased")
    assert deployment.client.get(f"/jobs/{job['id']}").status_code == 410


def test_a_job_of_a_preset_is_listed_by_the_name_of_the_preset(visit: Visit, deployment: Deployment) -> None:
    files = {"image": photo()}
    job = deployment.client.post("/jobs/image", data={"preset": "face-analysis"}, files=files).json()
    page = visit.open("jobs")
    row = page.locator("tbody tr").filter(has=page.get_by_role("link", name=job["id"][:8]))
    expect(row.locator("td").nth(2)).to_have_text("Face analysis")
    deployment.client.delete(f"/jobs/{job['id']}")


def test_an_erased_job_says_so(visit: Visit, deployment: Deployment) -> None:
    visit.expected = ("410",)
    job = deployment.wait(deployment.submit([FITTER], v2_sample()))
    deployment.client.delete(f"/jobs/{job['id']}")
    page = visit.open(f"jobs/{job['id']}")
    expect(page.get_by_role("alert")).to_contain_text("erased")


def test_a_waiting_job_is_canceled(visit: Visit, deployment: Deployment) -> None:
    # Others run first, so that it still waits when the page shows it.
    jobs = [deployment.submit(PRESET_OF_MANY, v2_sample()) for _ in range(40)]
    page = visit.open(f"jobs/{jobs[-1]['id']}")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator(".facts .tag")).to_have_text("Canceled")
    for job in jobs:
        deployment.client.delete(f"/jobs/{job['id']}")


def test_a_canceled_job_is_submitted_again(visit: Visit, deployment: Deployment) -> None:
    with frozen_workers(deployment):
        job = deployment.submit([FITTER, "age-estimator"], v2_sample(), include_image=True)
        page = visit.open(f"jobs/{job['id']}")
        expect(page.get_by_role("button", name="Submit again")).to_have_count(0)
        page.get_by_role("button", name="Cancel", exact=True).click()
        expect(page.locator(".facts .tag")).to_have_text("Canceled")
    page.get_by_role("button", name="Submit again").click()
    expect(page.locator(".facts .tag")).to_have_text("Succeeded")
    assert job["id"] not in page.url
    expect(page.get_by_role("region", name="Result")).to_contain_text('"age"')
    page.get_by_role("link", name=job["id"][:8]).click()
    expect(page.locator(".facts .tag")).to_have_text("Canceled")


def test_a_failed_job_without_its_photo_says_why_it_cannot_be_submitted_again(
    visit: Visit, deployment: Deployment
) -> None:
    form, files = {"services": FITTER}, {"image": damaged_png()}
    job = deployment.wait(deployment.client.post("/jobs/image", data=form, files=files).json())
    page = visit.open("jobs")
    page.get_by_role("button", name="Failed", exact=True).click()
    page.get_by_role("link", name=job["id"][:8]).click()
    expect(page.get_by_role("alert")).to_contain_text(job["error"]["message"])
    expect(page.get_by_role("note")).to_contain_text("cannot be submitted again")
    expect(page.get_by_role("button", name="Submit again")).to_have_count(0)


def test_an_expired_job_and_an_unknown_one_are_shown_as_such(visit: Visit, deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit([FITTER], v2_sample(), ttl_s=1))
    until(lambda: deployment.client.get(f"/jobs/{job['id']}").json()["status"] == "expired")
    page = visit.open(f"jobs/{job['id']}")
    expect(page.locator(".facts .tag")).to_have_text("Expired")
    expect(page.get_by_role("region", name="Result")).to_have_count(0)
    visit.expected = ("404",)
    page = visit.open("jobs/no-such-job")
    expect(page.get_by_role("alert")).to_contain_text("there is no job no-such-job")


def test_dead_letters_are_listed_with_reason_and_attempts(visit: Visit, deployment: Deployment) -> None:
    job = deployment.wait(deployment.submit([FITTER, "age-estimator"], v2_sample()))
    store = RedisJobStore(deployment.redis, JobSettings())
    found = store.find(job["id"])
    assert found is not None
    store.dead_letter(found.spec, 0, [0], store.now())
    page = visit.open("jobs")
    page.get_by_role("link", name="Dead letters").click()
    row = page.get_by_role("region", name="Dead letters").locator("tbody tr").first
    expect(row).to_contain_text("Age estimator")
    expect(row).to_contain_text(re.compile(r"Photo 1: the worker died \d+ times"))
    row.get_by_role("link", name=job["id"][:8]).click()
    expect(page.locator(".facts .tag")).to_have_text("Succeeded")


def test_dead_letters_are_for_administrators(visits: Visits, deploy: Deploy) -> None:
    with deploy(workers=[]) as running:
        key = administration(running.stack.redis_url).create("console").reveal()
        with visits(running.stack.url) as visit:
            visit.expected = ("401", "403")
            page = visit.page
            page.goto(f"{visit.url}/#/jobs/dead-letters")
            page.get_by_role("dialog").get_by_role("textbox").fill(key)
            page.get_by_role("button", name="Use this key").click()
            expect(page.get_by_role("alert")).to_contain_text("scope `admin`")
