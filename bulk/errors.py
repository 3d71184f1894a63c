"""Why a bulk run cannot start or continue."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from config.errors import FacelineError
from jobs.reference import without_login


class InvalidSource(FacelineError):
    """The source does not exist, cannot be read, or is not of a supported kind."""

    type: ClassVar[str] = "invalid_source"


class NoPhotos(FacelineError):
    """The source has no photo that Faceline can read."""

    type: ClassVar[str] = "no_photos"


class IncompatibleRun(FacelineError):
    """The output folder holds the results of a run with other options, or the source has changed since that run."""

    type: ClassVar[str] = "incompatible_run"


class OutputTaken(FacelineError):
    """Another run writes to the output folder."""

    type: ClassVar[str] = "output_taken"


class ExecutorLost(FacelineError):
    """The deployment that does the work does not answer, has no worker, or refuses the work."""

    type: ClassVar[str] = "executor_lost"


@contextmanager
def reading(location: str) -> Iterator[None]:
    """Turns every error while a path or URL is read into `InvalidSource`, without the password of the URL.

    Raises:
        InvalidSource: the path or URL cannot be read.
    """
    try:
        yield
    except Exception as error:  # each package behind fsspec has errors of its own
        reason = str(error) if isinstance(error, InvalidSource) else f"{location} cannot be read: {error}"
        raise InvalidSource(without_login(location, reason)) from error
