from pathlib import Path

import pytest

from config.settings import default_weights_dir
from models.errors import WeightsMissing
from models.weights.cache import is_intact, sha256_of, store, stored_weights, weights_path
from models.weights.registry import WEIGHTS

EYE = WEIGHTS["fr-eye"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A cache that holds something under the name of fr-eye."""
    staging = tmp_path / "staging"
    staging.mkdir()
    staged = staging / EYE.file
    staged.write_bytes(b"a model")
    store(EYE, staged, tmp_path)
    return tmp_path


def test_a_stored_model_is_found_with_its_record(folder: Path) -> None:
    path = weights_path("fr-eye", folder)
    assert path.read_bytes() == b"a model"
    stored = stored_weights("fr-eye", folder)
    assert (stored.name, stored.size, stored.sha256) == ("fr-eye", 7, sha256_of(path))
    assert (stored.package, stored.licence) == ("faceplugin-face-recognition-js 0.0.1", "MIT")
    assert is_intact(EYE, folder)


def test_storing_leaves_nothing_behind(folder: Path) -> None:
    assert not any((folder / "staging").iterdir())


def test_a_missing_model_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="run `faceline weights pull`"):
        weights_path("fr-eye", tmp_path)


def test_a_missing_optional_model_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="run `faceline weights pull --optional minifasnet`"):
        weights_path("minifasnet-v2", tmp_path)


def test_an_unknown_model_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="no model frye; the models are yunet, "):
        weights_path("frye", tmp_path)


def test_a_file_of_another_size_does_not_count(folder: Path) -> None:
    (folder / EYE.file).write_bytes(b"a mode")
    with pytest.raises(WeightsMissing, match="no intact weights"):
        weights_path("fr-eye", folder)
    assert not is_intact(EYE, folder)


def test_other_bytes_of_the_same_size_are_not_intact(folder: Path) -> None:
    (folder / EYE.file).write_bytes(b"a_model")
    assert not is_intact(EYE, folder)


@pytest.mark.parametrize("content", ["", '{"name": "fr-e', '{"name": "fr-eye"}', "[]"])
def test_a_model_with_a_broken_record_does_not_count(folder: Path, content: str) -> None:
    (folder / EYE.file).with_suffix(".json").write_text(content)
    with pytest.raises(WeightsMissing):
        stored_weights("fr-eye", folder)


def test_a_model_without_its_record_does_not_count(folder: Path) -> None:
    (folder / EYE.file).with_suffix(".json").unlink()
    assert not is_intact(EYE, folder)


def test_the_default_folder_belongs_to_the_user() -> None:
    assert default_weights_dir().is_absolute()
    assert default_weights_dir().parts[-2:] == ("faceline", "weights")
