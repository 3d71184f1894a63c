"""That the answer in the README is the answer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Deployment

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


def assert_alike(shown: Any, real: Any) -> None:
    """The same, but for what another processor may round otherwise."""
    if isinstance(shown, dict):
        assert shown.keys() == real.keys()
        for key, value in shown.items():
            assert_alike(value, real[key])
    elif isinstance(shown, list):
        for one, other in zip(shown, real, strict=True):
            assert_alike(one, other)
    elif isinstance(shown, float):
        assert real == pytest.approx(shown, abs=2e-3)
    else:
        assert shown == real


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
    assert_alike(json.loads(answer[1]), json.loads(json.dumps(job["result"])))
