"""Why a run cannot begin, or go on."""

from typing import ClassVar

from config.errors import FacelineError


class InvalidSource(FacelineError):
    """There is nothing at the source, or it is not what it seems."""

    type: ClassVar[str] = "invalid_source"


class IncompatibleRun(FacelineError):
    """The folder holds the parts of a run that asked for something else, or whose source has changed since."""

    type: ClassVar[str] = "incompatible_run"


class OutputTaken(FacelineError):
    """Another run writes into the folder."""

    type: ClassVar[str] = "output_taken"


class ExecutorLost(FacelineError):
    """Nobody is there who would do the work."""

    type: ClassVar[str] = "executor_lost"
