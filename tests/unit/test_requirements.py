"""The pinned requirements hold on all supported machines, not only on the machine that runs this test.

Markers are evaluated for each machine, and the needs of each package are read from the metadata of the installed
packages: no network, nothing installed. `make check-pins` also asks the registry whether each machine gets a wheel.
"""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).parents[2]
PROJECT = tomllib.loads((FOLDER / "pyproject.toml").read_text())

RUNTIME_EXTRAS = frozenset({"cpu", "weights", "bulk"})
EXTRAS_BY_FILE = {
    "runtime.txt": RUNTIME_EXTRAS,
    "dev.txt": RUNTIME_EXTRAS | {"dev", "docs", "scaling", "s3", "gs", "traces", "formats"},
    "api.txt": frozenset({"bulk-client"}),
    "worker.txt": frozenset({"cpu"}),
    "s3.txt": frozenset({"s3"}),
    "gs.txt": frozenset({"gs"}),
    "formats.txt": frozenset({"formats"}),
    "traces.txt": frozenset({"traces"}),
}
WITH_BUILD = ("runtime.txt", "dev.txt")
"""The files with what builds the package; images get a wheel."""
ALL_FILES = (*EXTRAS_BY_FILE, "worker-gpu.txt", "sbom.txt")
# 3.11.2 is the Python of Debian 12; redis needs one package more below 3.11.3.
PYTHONS = ("3.11.0", "3.11.2", "3.11.9", "3.12.0", "3.13.0", "3.14.0")
PLATFORMS = {
    "linux-x86-64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    "linux-aarch64": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    "macos-arm64": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
}
HERE = {"python": "3.11.2", "platform": "linux-x86-64"}

PIN = re.compile(r"(\S+==\S+(?: ; [^\\\n]+)?)(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n")


@pytest.mark.parametrize("file", ALL_FILES)
def test_a_file_holds_pins_with_hashes_and_nothing_else(file: str) -> None:
    assert PIN.sub("", _text(file)) == ""
    assert _pins(file)


@pytest.mark.parametrize("file", EXTRAS_BY_FILE)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_pins_are_what_the_project_needs_on_each_machine(file: str, python: str, platform: str) -> None:
    environment = _environment(python, platform)
    pins = [pin for pin in _pins(file) if _holds(pin, environment)]
    pinned = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(pinned) == len(pins), "a package is pinned twice"

    needed = _needed(EXTRAS_BY_FILE[file], environment, build=file in WITH_BUILD)
    assert pinned.keys() == needed.keys()
    refused = {name: wanted for name, wanted in needed.items() if not wanted.contains(pinned[name], prereleases=True)}
    assert not refused

    too_new_or_old = {name for name, version in pinned.items() if not _pythons_of(name, version).contains(python)}
    assert not too_new_or_old


@pytest.mark.parametrize("file", [file for file in ALL_FILES if file != "sbom.txt"])
def test_a_package_has_the_version_that_the_tests_run_with(file: str) -> None:
    tested = {pin.name: pin.specifier for pin in _pins("dev.txt")}
    shared = [pin for pin in _pins(file) if pin.name in tested]
    assert len(shared) > 50
    assert [pin for pin in shared if pin.specifier != tested[pin.name]] == []


def test_the_image_for_gpus_has_what_other_workers_have_and_the_onnxruntime_of_gpus() -> None:
    own = {pin.name: str(pin.specifier) for pin in _pins("worker-gpu.txt")}
    others = {pin.name: str(pin.specifier) for pin in _pins("worker.txt") if _holds(pin, _environment(**HERE))}
    assert own["onnxruntime-gpu"] == others.pop("onnxruntime"), "models compute the same"
    assert "onnxruntime" not in own
    assert others.keys() <= own.keys()


def test_the_image_of_the_api_has_no_onnxruntime_and_nothing_that_converts_models() -> None:
    assert not {"onnxruntime", "onnx", "h5py"} & {pin.name for pin in _pins("api.txt")}


def test_bulk_brings_what_a_run_on_this_machine_needs() -> None:
    assert {"fsspec", "h5py", "onnx", "onnxruntime", "pyarrow"} <= _needed({"bulk"}, _environment(**HERE)).keys()


def test_a_client_of_bulk_needs_no_onnxruntime_and_may_join_the_gpu_extra() -> None:
    needed = _needed({"bulk-client"}, _environment(**HERE)).keys()

    assert {"fsspec", "pyarrow"} <= needed
    assert "onnxruntime" not in needed


def _text(file: str) -> str:
    return (FOLDER / "requirements" / file).read_text()


@cache
def _pins(file: str) -> list[Requirement]:
    return [Requirement(pin) for pin in PIN.findall(_text(file))]


def _environment(python: str, platform: str) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_python_implementation": "CPython",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        **PLATFORMS[platform],
    }


def _holds(requirement: Requirement, environment: dict[str, str], extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate(environment | {"extra": extra}) for extra in ("", *extras))


def _needed(extras: Iterable[str], environment: dict[str, str], *, build: bool = False) -> dict[str, SpecifierSet]:
    """All packages that the project needs with these extras, and the versions of each that all needs allow."""
    found: dict[str, SpecifierSet] = {}
    visited: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(f"faceline[{','.join(extras)}]")]
    if build:
        waiting += map(Requirement, PROJECT["build-system"]["requires"])
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name != "faceline":
            found[name] = found.get(name, SpecifierSet()) & requirement.specifier
        if (name, frozenset(requirement.extras)) not in visited:
            visited.add((name, frozenset(requirement.extras)))
            waiting += [need for need in _needs(name) if _holds(need, environment, requirement.extras)]
    return found


@cache
def _needs(name: str) -> list[Requirement]:
    if name == "faceline":
        extras = PROJECT["project"]["optional-dependencies"]
        own = [f"{need} ; extra == '{extra}'" for extra, needs in extras.items() for need in needs]
        return [Requirement(need) for need in [*PROJECT["project"]["dependencies"], *own]]
    try:
        return [Requirement(need) for need in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:  # another machine needs it, this one does not
        return []


def _pythons_of(name: str, version: str) -> SpecifierSet:
    """The Pythons that a version of a package supports; any, where this machine has another version or none."""
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return SpecifierSet()
    return SpecifierSet(package.metadata.get("Requires-Python", "") if package.version == version else "")
