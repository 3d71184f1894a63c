from pathlib import Path

import numpy as np
import pytest

from bench.accuracy.figures import Figure, to_json, to_markdown
from bench.accuracy.kit import InvalidKit, Kit
from bench.accuracy.run import TASKS, measured, save
from bench.accuracy.tasks import age_gender, detection, emotion, liveness, mask, verification
from tests.unit.bench.accuracy.kits import EYES_AND_MOUTH, empty, face, kit, make_predictor, write_csv
from tests.unit.models.networks.networks import Constant

SEEN_AND_UNSEEN = {"seen.png": face(), "unseen.png": empty()}


def named(figures: list[Figure], measure: str) -> Figure:
    (found,) = (figure for figure in figures if figure.measure == measure)
    return found


def masked(folder: Path) -> Kit:
    lines = [{"path": name, "label": "mask", "source": "drawn"} for name in SEEN_AND_UNSEEN]
    return kit(folder, "mask", SEEN_AND_UNSEEN, lines)


def test_a_masked_face_that_is_not_found_is_an_error(tmp_path: Path) -> None:
    figures = mask.measure(masked(tmp_path), make_predictor())
    assert named(figures, "masked called bare") == Figure(
        "masked called bare", 0.5, 2, 1, "drawn; worn wrongly included"
    )
    assert (named(figures, "accuracy").value, named(figures, "accuracy").not_found) == (0.5, 1)


def test_the_reliability_of_liveness_counts_spoofs_portraits_and_faces_that_are_not_found(tmp_path: Path) -> None:
    kit(tmp_path, "portraits", {"portrait.png": face(3)}, [{"path": "portrait.png"}])
    shown = {"real.png": face(1), "spoof.png": face(2), "unseen.png": empty()}
    lines = [{"path": name, "label": "spoof" if name == "spoof.png" else "real", "attack": "print"} for name in shown]
    pair = Constant(logits=[0.0, 9, 0])
    predictor = make_predictor(minifasnet_v1se=pair, minifasnet_v2=pair)
    figures = liveness.measure(kit(tmp_path, "liveness", shown, lines), predictor)
    error, in_the_last_bin = (
        named(figures, name) for name in ("calibration error", "right at a confidence of 0.9 to 1.0")
    )
    assert (error.n, error.not_found) == (4, 1)
    assert "3 real faces, portraits included, and 1 spoofs: few" in error.note
    assert (in_the_last_bin.value, in_the_last_bin.n) == (pytest.approx(2 / 3), 3)
    assert not any("temperature" in figure.measure for figure in figures)


def test_a_face_that_is_not_found_counts_in_n_but_has_no_age_error(tmp_path: Path) -> None:
    lines = [{"path": name, "age": 37, "gender": "male", "source": "drawn"} for name in SEEN_AND_UNSEEN]
    figures = age_gender.measure_age(kit(tmp_path, "age_gender", SEEN_AND_UNSEEN, lines), make_predictor())
    group = named(figures, "mean absolute error, 30 to 39 years")
    assert (group.n, group.not_found) == (2, 1)
    assert group.text == "7.00 years"


def test_the_emotion_of_a_face_that_is_not_found_is_wrong(tmp_path: Path) -> None:
    lines = [{"path": name, "label": "happiness", "source": "drawn"} for name in SEEN_AND_UNSEEN]
    lines.append({"path": "seen.png", "label": "contempt", "source": "drawn"})
    figures = emotion.measure(kit(tmp_path, "emotion", SEEN_AND_UNSEEN, lines), make_predictor())
    accuracy = named(figures, "accuracy, drawn")
    assert (accuracy.value, accuracy.n, accuracy.not_found) == (0.5, 2, 1)
    assert named(figures, "macro-F1, drawn").value == pytest.approx(2 * 1 / (2 + 1))


def paired(folder: Path) -> Kit:
    shown = {"Jane_Doe_1.png": face(1), "Jane_Doe_2.png": face(1), "Joe_Bloggs.png": face(2), "Jim_Unseen.png": empty()}
    labels = [{"path": name, "label": name[:7], "subset": "drawn"} for name in shown]
    made = kit(folder, "verification", shown, labels)
    pairs = [("Jane_Doe_1", "Jane_Doe_2", 1), ("Jane_Doe_1", "Jim_Unseen", 1), ("Jane_Doe_1", "Joe_Bloggs", 0)]
    write_csv(
        folder / "verification" / "dev" / "pairs.csv",
        [
            {"path1": f"{first}.png", "path2": f"{second}.png", "same": same, "subset": "drawn", "suspect": 0}
            for first, second, same in pairs
        ],
    )
    return made


def test_a_pair_with_a_face_that_is_not_found_is_rejected(tmp_path: Path) -> None:
    figures = verification.measure(paired(tmp_path), make_predictor())
    accepted = named(figures, "TAR at FAR 0.01")
    assert (accepted.value, accepted.n, accepted.not_found) == (0.5, 2, 1)
    assert named(figures, "genuine accepted at the table's FAR 0.01").value == 0.5
    every = named(figures, "TAR at FAR 0.001, every pair")
    assert (every.value, every.n, every.not_found) == (1, 1, 1)


def test_missed_faces_and_false_alarms_are_counted(tmp_path: Path) -> None:
    shown = {"two.png": face(), "none.png": empty(), "alarm.png": face(5)}
    lines = [{"path": name, "label": "faces" if name == "two.png" else "no_face", "source": "drawn"} for name in shown]
    made = kit(tmp_path, "face_detection", shown, lines)
    spot = EYES_AND_MOUTH[2]
    boxes = [
        {"path": "two.png", "x1": x - 10, "y1": y - 13, "x2": x + 10, "y2": y + 13, "face_px": 40, "source": "drawn"}
        for x, y in (spot, (350, 250))
    ]
    write_csv(tmp_path / "face_detection" / "dev" / "boxes.csv", boxes)
    write_csv(
        tmp_path / "face_detection" / "dev" / "noses.csv", [{"path": "two.png", "nose_x": spot[0], "nose_y": spot[1]}]
    )
    figures = detection.measure(made, make_predictor())
    assert (named(figures, "recall, ≥ 32 px").value, named(figures, "recall, ≥ 32 px").not_found) == (0.5, 1)
    assert named(figures, "precision, ≥ 32 px").value == 1
    assert named(figures, "noses inside a box").value == 1
    assert named(figures, "false alarms on empty photos").value == 0.5


def test_the_table_contains_no_label_of_a_person_and_no_file_name(tmp_path: Path) -> None:
    paired(tmp_path)
    made, predictor = masked(tmp_path), make_predictor()
    report = dict(measured(made, predictor, ["mask", "verification"]))
    assert list(report) == ["mask", "verification"]
    written = [file.read_text() for file in save(report, made, predictor, tmp_path / "results" / "table.md")]
    for text in (to_markdown(report), to_json(report, {}), *written):
        assert "TAR at FAR" in text
        assert not any(word in text for word in (".png", str(tmp_path), "Jane", "Bloggs"))


def test_a_task_without_photos_is_left_out_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    made = masked(tmp_path)
    ((name, figures),) = measured(made, make_predictor())
    assert name == "mask"
    assert all(figure.n for figure in figures)
    with pytest.raises(InvalidKit, match="no such task: hats"):
        list(measured(made, make_predictor(), ["hats"]))
    with pytest.raises(InvalidKit, match="attributes/dev"):
        list(measured(made, make_predictor(), ["eyes"]))
    with pytest.raises(InvalidKit, match=r"labels\.csv"):
        list(measured(Kit(tmp_path, "holdout"), make_predictor()))


def test_every_task_has_a_name_and_a_folder() -> None:
    assert {"detection", "landmarks", "pose", "verification", "quality"} < set(TASKS)
    assert all(np.char.islower(task.folder) for task in TASKS.values())


def test_values_are_shown_with_their_units() -> None:
    assert Figure.error("off", [-1, 3], 1, "", "°") == Figure("off", 2.0, 3, 1, "", "°")
    assert Figure.error("off", [], 2, "", "°").text == "–"
    assert Figure.share("hits", [True, False, False], 0, "").text == "0.333"
