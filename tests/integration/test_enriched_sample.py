"""That the enriched sample on the page of concepts is the answer."""

import json
import re
from pathlib import Path

import pytest

from tests.integration.conftest import Deployment
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


def test_the_curl_of_the_page_gives_the_answer_of_the_page(deployment: Deployment) -> None:
    page = (ROOT / "docs" / "concepts.md").read_text()
    shown = re.search(
        r"-F image=@(\S+) \\\n +-F services=(\S+) \\\n.*?<!-- answer -->\n```json\n(.*?)\n```", page, re.DOTALL
    )
    assert shown
    files = {"image": ("photo.jpg", (ROOT / shown[1]).read_bytes(), "image/jpeg")}
    job = deployment.wait(deployment.client.post("/jobs/image", files=files, data={"services": shown[2]}).json())
    assert_alike(job["result"], json.loads(shown[3]))
