import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.integration.conftest import Deployment, v2_sample
from tests.integration.disturbed import frozen_workers

pytestmark = [pytest.mark.stack, pytest.mark.weights]


def test_it_shows_families_models_and_limits(visit: Visit, deployment: Deployment) -> None:
    page = visit.open("system")
    expect(page.get_by_text("Everything works")).to_be_visible()
    version = deployment.client.get("/version").json()
    models = page.get_by_role("region", name="Models").locator("tbody tr")
    expect(models).to_have_count(len(version["models"]))
    for model in version["models"]:
        row = models.filter(has_text=model["name"]).first
        expect(row).to_contain_text(model["licence"])
        expect(row).to_contain_text(model["sha256"][:16])
    for worker in version["workers"]:
        expect(page.locator("main")).to_contain_text(worker)


def test_a_queue_that_waits_shows_its_length_and_age(visit: Visit, deployment: Deployment) -> None:
    page = visit.open("system")
    row = page.get_by_role("region", name="Queues").locator("tbody tr").filter(has_text="faceline.bulk")
    expect(row).to_contain_text("–")
    with frozen_workers(deployment):
        jobs = [deployment.submit(["face-detector-face-fitter"], v2_sample(), priority="bulk") for _ in range(20)]
        # More than none, since a worker that was stopped may have taken some before; older than a second.
        expect(row.locator("td").nth(1)).not_to_have_text("0")
        expect(row.locator("td").nth(2)).to_contain_text("s")
    for job in jobs:
        deployment.wait(job)
    expect(row.locator("td").nth(1)).to_have_text("0")
