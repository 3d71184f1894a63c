from pathlib import Path

import cv2
import numpy as np

from bulk.inputs import Input
from bulk.validation import PhotoValidator
from config.settings import JobSettings, LimitSettings
from jobs.factory import Checked, JobFactory, Options
from jobs.job import JobGroup, NewJob, Priority
from jobs.reference import Reference
from models.catalogue import services


def validator() -> PhotoValidator:
    intake = JobFactory(services(), JobSettings(), LimitSettings(), lambda family: family.value)
    return PhotoValidator(intake, ("face-detector-face-fitter",), Options(60, "number", priority=Priority.BULK))


def job(of: PhotoValidator, photo: Path) -> NewJob:
    checked = of.check([Input("photo", Reference(str(photo)))], by_reference=False)
    return of.gather([one for one in checked if isinstance(one, Checked)])


def test_the_jobs_of_a_run_are_parts_of_it_and_stand_in_no_list(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.zeros((20, 40, 3), np.uint8))
    one, other = validator(), validator()
    assert job(one, photo).spec.group == job(one, photo).spec.group == JobGroup(kind="bulk", id=one.run)
    assert job(other, photo).spec.group != job(one, photo).spec.group
