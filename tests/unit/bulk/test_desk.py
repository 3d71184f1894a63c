from pathlib import Path

import cv2
import numpy as np

from bulk.desk import Desk
from bulk.inputs import Input
from models.catalogue import services
from pipelines.job import NewJob, Priority
from pipelines.reference import Reference
from pipelines.settings import JobSettings, LimitSettings
from pipelines.submission import Checked, Intake, Options


def desk() -> Desk:
    intake = Intake(services(), JobSettings(), LimitSettings(), lambda family: family.value)
    return Desk(intake, ("face-detector-face-fitter",), Options(60, "number", priority=Priority.BULK))


def job(of: Desk, photo: Path) -> NewJob:
    checked = of.check([Input("photo", Reference(str(photo)))], by_reference=False)
    return of.gather([one for one in checked if isinstance(one, Checked)])


def test_the_jobs_of_a_run_are_parts_of_it_and_stand_in_no_list(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((20, 40, 3), np.uint8))
    one, other = desk(), desk()
    assert job(one, photo).spec.batch == job(one, photo).spec.batch == one.run
    assert job(other, photo).spec.batch != one.run
