from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.calibrate import THRESHOLDS, calibrate, labelled_photos
from bench.accuracy.kit import InvalidKit
from models.calibration.rates import Calibration
from models.imaging.decode import Image
from tests.unit.bench.accuracy.kits import empty, face, make_predictor, write_csv, write_photo


def photos() -> dict[str, Image]:
    """Two photos of each of three people, and one without a face."""
    taken = {f"person {seed}/{turn}.png": turned(face(seed), turn) for seed in (1, 2, 3) for turn in (0, 1)}
    return taken | {"person 1/empty.png": empty()}


def turned(image: Image, brightness: int) -> Image:
    return np.where(image > 60, np.minimum(image, 235) + 20 * brightness, image).astype(np.uint8)


def test_people_in_folders_and_in_a_list_give_the_same_table(tmp_path: Path) -> None:
    for name, image in photos().items():
        write_photo(tmp_path / "folders" / name, image)
        write_photo(tmp_path / "listed" / "all" / name.replace("/", "-"), image)
    lines = [{"path": f"all/{name.replace('/', '-')}", "label": name.split("/")[0]} for name in photos()]
    lines.append({"path": "all/unlabelled.png", "label": ""})
    write_csv(tmp_path / "listed" / "labels.csv", lines)
    table = calibrate(tmp_path / "folders", make_predictor())
    assert table == calibrate(tmp_path / "listed", make_predictor())
    assert "all pairs of 6 photos" in table
    assert "3 people, 3 genuine and 12 impostor pairs" in table
    assert "1 further photos are left out: no face" in table


def test_rates_at_the_lowest_and_highest_threshold_separate_people(tmp_path: Path) -> None:
    for name, image in photos().items():
        write_photo(tmp_path / name, image)
    table = Calibration.of_csv(calibrate(tmp_path, make_predictor()))
    near, far = table.rates(float(THRESHOLDS[0])), table.rates(float(THRESHOLDS[-1]))
    assert (near.fa_r, near.fr_r) == (0, 0)
    assert far.fa_r > 0.3
    assert far.fr_r == 0


def test_a_folder_without_photos_or_with_one_person_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidKit, match="has neither"):
        labelled_photos(tmp_path)
    for number in range(2):
        write_photo(tmp_path / "alone" / f"{number}.png", face())
    with pytest.raises(InvalidKit, match="both kinds of pairs"):
        calibrate(tmp_path, make_predictor())


def test_photos_without_faces_and_csv_files_without_the_columns_are_refused(tmp_path: Path) -> None:
    write_photo(tmp_path / "no face" / "a.png", empty())
    with pytest.raises(InvalidKit, match="both kinds of pairs"):
        calibrate(tmp_path, make_predictor())
    (tmp_path / "labels.csv").write_text("file,who\na,b\n")
    with pytest.raises(InvalidKit, match="lacks the column path or label"):
        labelled_photos(tmp_path)


def test_look_alikes_are_counted_where_sex_age_and_origin_are_labelled(tmp_path: Path) -> None:
    lines = []
    for number in range(4):
        write_photo(tmp_path / f"{number}.png", face(number))
        write_photo(tmp_path / f"again-{number}.png", turned(face(number), 1))
        traits = {"gender": "female", "age": 30 + 4 * number, "race": "north" if number < 3 else "south"}
        lines += [{"path": f"{name}{number}.png", "label": number, **traits} for name in ("", "again-")]
    write_csv(tmp_path / "labels.csv", lines)
    text = calibrate(tmp_path, make_predictor())
    # Of the people of one origin, ages of 30 and 34, and of 34 and 38 are near: two pairs of people, two photos each.
    assert "look_alike_rate: 8 impostor pairs of one sex and origin" in text
    table = Calibration.of_csv(text)
    assert table.look_alike_rate(float(THRESHOLDS[0])) == 0
    assert table.look_alike_rate(2.0) == 1


def test_a_column_subject_names_the_person(tmp_path: Path) -> None:
    lines = []
    for name, image in photos().items():
        write_photo(tmp_path / name, image)
        lines.append({"path": name, "label": f"a photo called {name}", "subject": name.split("/")[0]})
    write_csv(tmp_path / "labels.csv", lines)
    text = calibrate(tmp_path, make_predictor())
    assert "3 people, 3 genuine and 12 impostor pairs" in text
    assert "Without look-alikes" in text
    assert Calibration.of_csv(text).look_alike_rate(0.5) != Calibration.of_csv(text).look_alike_rate(0.5)  # NaN


def test_an_age_that_is_no_number_is_refused(tmp_path: Path) -> None:
    line = {"path": "a.png", "label": "a", "gender": "male", "race": "north", "age": "old"}
    write_csv(tmp_path / "labels.csv", [line])
    with pytest.raises(InvalidKit, match="age is not a number: 'old'"):
        labelled_photos(tmp_path)
