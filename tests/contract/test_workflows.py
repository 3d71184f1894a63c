"""The workflows of the hosting site: their form, what they run, and on which Pythons."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

notes = runpy.run_path(str(ROOT / ".github" / "release_notes.py"))["notes"]


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, "the extra `dev` brings it"
    return found


def workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text()))


def commands(name: str) -> list[str]:
    return [step["run"] for job in workflow(name)["jobs"].values() for step in job["steps"] if "run" in step]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.compose-spec", [ROOT / "docker-compose.yml", ROOT / "deploy" / "compose.scale.yml"]),
    ],
)
def test_files_fit_the_schema_of_their_kind(schema: str, files: list[Path]) -> None:
    command = [tool("check-jsonschema"), "--builtin-schema", schema, *map(str, files)]
    found = subprocess.run(command, capture_output=True, check=False, text=True)
    assert found.returncode == 0, found.stdout


def test_zizmor_finds_no_weakness_in_the_workflows() -> None:
    command = [tool("zizmor"), "--offline", "--quiet", "--config", str(ROOT / ".github" / "zizmor.yml")]
    found = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, check=False, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("files", [["docker-compose.yml"], ["docker-compose.yml", "deploy/compose.scale.yml"]])
def test_compose_reads_the_files(files: list[str]) -> None:
    compose = _compose()
    if compose is None:
        pytest.skip("no docker compose")
    options = [option for file in files for option in ("--file", str(ROOT / file))]
    found = subprocess.run(
        [*compose, *options, "--profile", "*", "config", "--quiet"], capture_output=True, check=False, text=True
    )
    assert (found.returncode, found.stderr) == (0, "")


def _compose() -> list[str] | None:
    """The command of docker compose 2 or later, which needs no engine for this."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version", "--short"], capture_output=True, check=False, text=True)
            if asked.returncode == 0 and not asked.stdout.startswith("1."):
                return command
    return None


def test_the_targets_of_make_that_workflows_call_exist() -> None:
    called = {
        target
        for file in WORKFLOWS
        for command in commands(file.name)
        for line in re.findall(r"^make (.+)$", command, re.MULTILINE)
        for target in line.split()
    }
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"lint", "types", "laws", "test"} <= called <= known


def test_the_checks_run_on_the_oldest_and_the_newest_python_and_on_both_kinds_of_machines() -> None:
    prefix = "Programming Language :: Python :: "
    supported = [one.removeprefix(prefix) for one in PROJECT["classifiers"] if one.startswith(prefix)]
    matrix = workflow("ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert PROJECT["requires-python"] == f">={supported[0]}"
    assert set(matrix["python"]) <= set(supported)
    assert {supported[0], supported[-1]} <= set(matrix["python"])
    assert {machine["name"] for machine in matrix["machine"]} == {"x86-64", "arm64"}


def test_each_target_of_the_dockerfile_that_compose_builds_is_published() -> None:
    built = set()
    for file in ("docker-compose.yml", "deploy/compose.scale.yml"):
        services = yaml.safe_load((ROOT / file).read_text())["services"].values()
        built |= {one["build"]["target"] for one in services if "build" in one}
    jobs = workflow("images.yml")["jobs"]
    assert set(jobs["build"]["strategy"]["matrix"]["target"]) == built
    assert set(jobs["publish"]["strategy"]["matrix"]["target"]) == built
    (build,) = (step for step in jobs["build"]["steps"] if step.get("uses", "").startswith("docker/build-push-action"))
    assert build["with"]["sbom"] is True
    assert build["with"]["provenance"] == "mode=max"


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    changelog = "# Changelog\n\n## 0.2.0, 2027-01-01\n\n- new\n\n### API\n\n- more\n\n## 0.1.0\n\n- first\n"
    assert notes(changelog, "0.2.0") == "- new\n\n### API\n\n- more"
    assert notes(changelog, "0.1.0") == "- first"


@pytest.mark.parametrize("version", ["0.3.0", "0.4.0", "0.3"])
def test_a_version_without_a_released_section_has_no_notes(version: str) -> None:
    with pytest.raises(LookupError):
        notes("## 0.4.0, unreleased\n\n- soon\n\n## 0.3.0-rc1\n\n- maybe\n", version)


def test_the_changelog_has_a_section_of_this_version() -> None:
    released = (ROOT / "CHANGELOG.md").read_text().replace(", unreleased", "")
    assert notes(released, PROJECT["version"])


def test_the_badges_of_the_readme_are_of_workflows_that_exist() -> None:
    badges = re.findall(r"actions/workflows/(\S+?)/badge\.svg", (ROOT / "README.md").read_text())
    assert set(badges) <= {file.name for file in WORKFLOWS}
    assert "ci.yml" in badges
