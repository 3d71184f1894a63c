"""That the answer in the README is the answer."""

import json
import re
from pathlib import Path

import pytest

from tests.integration.conftest import Deployment
from tests.tolerances import assert_alike

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


def test_the_curl_of_the_readme_gives_the_answer_of_the_readme(deployment: Deployment) -> None:
    readme = (ROOT / "README.md").read_text()
    photo = re.search(r"-F image=@(\S+)", readme)
    services = re.search(r"-F services=(\S+)", readme)
    answer = re.search(r"<!-- answer -->\n```json\n(.*?)\n```", readme, re.DOTALL)
    assert photo
    assert services
    assert answer
    files = {"image": ("photo.jpg", (ROOT / photo[1]).read_bytes(), "image/jpeg")}
    job = deployment.wait(deployment.client.post("/jobs/image", files=files, data={"services": services[1]}).json())
    assert_alike(job["result"], json.loads(answer[1]))
