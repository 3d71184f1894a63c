"""The checks of `faceline doctor`: what each finds where something is wrong."""

import resource
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from cli.doctor import machine, models, servers
from cli.doctor.finding import Finding
from config.settings import Settings


def states(found: Iterable[Finding]) -> dict[str, str]:
    return {finding.name: finding.state for finding in found}


def test_every_finding_that_is_not_ok_says_what_to_do(tmp_path: Path) -> None:
    settings = Settings(weights_dir=tmp_path, data_dir=tmp_path / "missing", redis_url="redis://127.0.0.1:1/0")
    found = [*models.weights(settings), *models.device(settings), *servers.store(settings)]
    assert [finding.state for finding in found] == ["error", "warning", "error"]
    assert all(finding.remedy for finding in found)


def test_this_python_and_its_packages_are_fine() -> None:
    assert states(machine.python()) == {"python": "ok"}
    assert states(machine.packages())["packages"] == "ok"


def test_a_taken_port_is_a_warning() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (found,) = machine.port(number=taken.getsockname()[1])
    assert found.state == "warning"
    assert "--port" in str(found.remedy)


def test_a_data_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert states(machine.folders(Settings(data_dir=tmp_path / "file" / "data")))["data folder"] == "error"


def test_a_data_folder_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert states(machine.folders(Settings(data_dir=tmp_path)))["data folder"] == "warning"
    tmp_path.chmod(0o700)
    assert states(machine.folders(Settings(data_dir=tmp_path)))["data folder"] == "ok"


def test_a_disk_that_is_too_small_is_a_warning(tmp_path: Path) -> None:
    assert states(machine.folders(Settings(data_dir=tmp_path, embedded_memory_mb=2**30)))["disk"] == "warning"


def test_too_few_open_files_are_a_warning() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = Settings.model_validate({"limits": {"connections": 1}})
    many = Settings.model_validate({"limits": {"connections": max(hard, 1) * 2}})
    assert states(machine.open_files(few)) == {"open files": "ok"}
    assert states(machine.open_files(many)) == {"open files": "warning" if hard > 0 else "ok"}


def test_weights_whose_content_changed_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same size, other content: only the hash shows it."""
    settings = Settings()
    try:
        paths = [models.weights_path(name, settings.weights_dir) for name in models.needed(settings)]
    except models.WeightsMissing:
        pytest.skip("no weights")
    for path in paths:
        (tmp_path / path.name).symlink_to(path)
        (tmp_path / path.name).with_suffix(".json").symlink_to(path.with_suffix(".json"))
    assert states(models.weights(Settings(weights_dir=tmp_path))) == {"weights": "ok"}
    content = bytearray(paths[0].read_bytes())
    content[-1] ^= 1
    (tmp_path / paths[0].name).unlink()
    (tmp_path / paths[0].name).write_bytes(content)
    (found,) = models.weights(Settings(weights_dir=tmp_path))
    assert found.state == "error"
    assert models.needed(settings)[0] in found.message


def test_a_gpu_that_is_not_there_is_an_error() -> None:
    settings = Settings(device="cuda")
    (found,) = models.device(settings)
    if found.state == "ok":
        pytest.skip("this machine has a GPU")
    assert found.state in ("error", "warning")
    assert "cuda" in found.message
