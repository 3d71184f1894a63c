"""A service that does what the width of an image says. Tests copy this file into the services of a tree."""

import os
from collections.abc import Sequence
from signal import SIGKILL
from time import sleep

from models.family import ModelFamily
from models.imaging.decode import Image
from models.output import BBOX, CONFIDENCE
from models.runtime.session import SessionSource
from models.service import DetectingService, Found

KILLS, HANGS = 41, 42
"""Images of this width kill their process, or keep their thread forever; all others are good."""


class TrialDetector(DetectingService):
    """Finds nothing; before that it waits for `TRIAL_S`, and does what the image says."""

    name = "trial-detector"
    family = ModelFamily.MATCHING  # its workers load no weights
    outputs = (CONFIDENCE, BBOX)

    def __init__(self, sessions: SessionSource) -> None:
        """It has no models."""

    def detect(self, images: Sequence[Image]) -> list[list[Found]]:
        """See `DetectingService.detect`."""
        sleep(float(os.environ.get("TRIAL_S", "0")))
        for image in images:
            if image.shape[1] == KILLS:
                os.kill(os.getpid(), SIGKILL)
            while image.shape[1] == HANGS:
                sleep(60)
        return [[] for _ in images]
