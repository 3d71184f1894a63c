"""Real deployments for tests: the embedded server, workers with the real weights, and the API on a free port."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import load_settings
from embedded.ports import free_port
from embedded.stack import Stack, running_stack
from jobs.redis.connection import connect
from models.errors import WeightsMissing

PHOTOS = Path(__file__).parents[1] / "photos"
FOUR = ["face-detector-face-fitter", "age-estimator", "gender-estimator", "emotion-estimator"]

Json = dict[str, Any]


@dataclass(frozen=True)
class Deployment:
    """A running deployment, with clients of its API and of its server."""

    stack: Stack
    client: httpx.Client
    redis: Any
    log: Path

    def submit(self, services: Sequence[str], sample: Json, **options: Any) -> Json:
        """Submits a job, and gives it; the test fails if the job is refused."""
        response = self.client.post("/jobs", json={"services": list(services), "sample": sample, **options})
        assert response.status_code == 202, response.text
        return dict(response.json())

    def wait(self, job: Json, seconds: float = 30) -> Json:
        """Waits for the end of a job, and gives it; the test fails if the job has not ended in time."""
        ended = dict(self.client.get(f"/jobs/{job['id']}", params={"wait": seconds}).json())
        assert ended["status"] not in ("queued", "running"), self.log.read_text()[-3000:]
        return ended


Deploy = Callable[..., AbstractContextManager[Deployment]]


@pytest.fixture(scope="session")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Deploy:
    """Starts deployments: `deploy(workers=[["face-detection"]], FACELINE_CO_LOCATE="false")`; by default one worker."""

    @contextmanager
    def start(workers: Sequence[Sequence[str]] | None = None, **environment: str) -> Iterator[Deployment]:
        folder = tmp_path_factory.mktemp("deployment")
        log = folder / "log"
        own = {
            "FACELINE_DATA_DIR": str(folder / "data"),
            "FACELINE_EMBEDDED_WORKERS": "1",
            # As fast as on two cores, on a machine with more as well: some tests step in while a batch is worked on.
            "FACELINE_CORES": "2",
            **environment,
        }
        with log.open("w") as lines, ExitStack() as running:
            # The processes have their own environment. That of the tests is as it was once they have started.
            with pytest.MonkeyPatch.context() as patch:
                for name, value in own.items():
                    patch.setenv(name, value)
                try:
                    stack = running.enter_context(
                        running_stack(load_settings(), "127.0.0.1", free_port(), lines, workers)
                    )
                except WeightsMissing as error:
                    if "CI" in os.environ:
                        raise
                    pytest.skip(str(error))
            with httpx.Client(base_url=stack.url, timeout=60, trust_env=False) as client:
                yield Deployment(stack, client, connect(stack.redis_url, patience_s=1), log)

    return start


@pytest.fixture(scope="session")
def deployment(deploy: Deploy) -> Iterator[Deployment]:
    """The deployment that tests share: two workers, each with all families."""
    with deploy(FACELINE_EMBEDDED_WORKERS="2") as running:
        yield running


def photo(name: str = "collins.jpg") -> bytes:
    """An encoded photo."""
    return (PHOTOS / name).read_bytes()


def base64_photo(name: str = "collins.jpg") -> str:
    """An encoded photo in base64."""
    return b64encode(photo(name)).decode()


def v1_sample(name: str = "collins.jpg") -> Json:
    """A v1 sample with a photo and nothing else."""
    return {"$image": base64_photo(name)}


def v2_sample(name: str = "collins.jpg") -> Json:
    """A v2 sample with a photo and nothing else."""
    return {"_image": {"blob": base64_photo(name), "format": "IMAGE"}}
