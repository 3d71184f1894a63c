"""The images: what is in each of them, and how it runs. `make images` builds and tries them."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from broker.queues import all_queues
from embedded.process import ROLES
from models.family import ModelFamily
from tests.contract.dockerfile import ROOT, health_check, instructions, last, stages

TARGETS = {"api": "api", "webhooks": "webhooks", "worker": "worker", "worker-gpu": "worker"}
"""The role of each image."""


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "the extra `dev` brings it"
    found = subprocess.run(
        [hadolint, "--no-color", str(ROOT / "Dockerfile")], capture_output=True, check=False, text=True
    )
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_its_role_from_the_installed_package(target: str) -> None:
    assert json.loads(last(target, "ENTRYPOINT")) == ["python", "-P", "-m", "embedded.process"]
    role, *arguments = json.loads(last(target, "CMD"))
    assert role == TARGETS[target]
    assert role in ROLES
    if role == "worker":
        assert sorted(all_queues(arguments)) == sorted(all_queues(list(ModelFamily)))
    copied = [arguments for name, arguments in stages()[target] if name == "COPY"]
    assert copied
    assert all(re.match(r"--from=\S+ (/opt/faceline|/weights)", one) for one in copied), "no source and no tools"


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_does_not_run_as_root(target: str) -> None:
    user, group = map(int, last(target, "USER").split(":"))
    assert user > 0
    assert group > 0


def test_only_workers_have_the_models() -> None:
    holders = {target for target in TARGETS if ("COPY", "--from=build /weights /weights") in stages()[target]}
    assert holders == {"worker", "worker-gpu"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_has_a_health_check_of_its_role(target: str) -> None:
    environment = " ".join(arguments for name, arguments in stages()[target] if name == "ENV")
    if target == "api":
        assert "http://127.0.0.1:8000/healthz" in health_check(target)[-1]
        return
    assert "FACELINE_ALIVE_FILE=/tmp/alive" in environment
    consuming = ["--consuming"] if TARGETS[target] == "worker" else []
    assert health_check(target) == ["python", "-P", "-m", "embedded.probe", *consuming]


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_says_what_it_is_and_lists_its_packages(target: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert last("runtime", "ARG") == f"VERSION={project['version']}"
    labels = last(target, "LABEL")
    assert 'org.opencontainers.image.version="${VERSION}"' in labels
    assert f'org.opencontainers.image.licenses="{project["license"]}"' in labels
    assert 'faceline.sbom="/opt/faceline/sbom"' in labels
    packages = "packages-api" if target == "webhooks" else f"packages-{target}"
    assert f"--from={packages} /opt/faceline /opt/faceline" in [
        rest for name, rest in stages()[target] if name == "COPY"
    ]
    assert "cyclonedx-py environment /opt/faceline/bin/python" in last(packages, "RUN")


def test_each_installation_is_pinned_by_hashes_or_is_our_own_wheel() -> None:
    runs = " && ".join(arguments for name, arguments in instructions() if name == "RUN")
    installations = re.findall(r"pip install ([^&;|]+)", runs)
    assert installations
    for one in installations:
        assert one.strip() == "--no-deps /wheels/*.whl" or one.startswith("--require-hashes -r "), one
        for file in re.findall(r"requirements/[a-z-]+\.txt", one):
            assert (ROOT / file).is_file()
