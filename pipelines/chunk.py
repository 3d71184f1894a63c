"""A chunk: samples that travel through their stages together, and how many stages have run."""

from pydantic import ConfigDict, Field

from pipelines.sample import Canonical, Sample

SKIPPED = "skipped"
"""The type of the failure of a service that was not run, since it needs what an earlier service failed to give."""


class Failure(Canonical):
    """Why a service gave nothing for a sample.

    Attributes:
        service: its name; None if no service made the sample fail, but for example its image.
        type: of the error, stable: `SKIPPED`, or see `models.errors` and `pipelines.errors`.
    """

    model_config = ConfigDict(frozen=True)

    service: str | None
    type: str
    message: str


class Item(Canonical):
    """A sample of a chunk, with its image and its failures.

    Attributes:
        blob: the id of its image in the blob store; None if it is not there.
        source: a reference to its image instead, as `jobs.reference.Reference` writes it.
        failures: the services that gave nothing. In a job that fails on errors the first one is the last.
        failed: no further service runs on it.
        lost: the detecting service that failed on it, until another one finds objects; None if none did.
    """

    sample: Sample
    blob: str | None = None
    source: str | None = None
    failures: list[Failure] = Field(default_factory=list)
    failed: bool = False
    lost: str | None = None

    @property
    def image(self) -> str | None:
        """The blob or the reference by which its image is loaded; None if it has none."""
        return self.blob or self.source


class Chunk(Canonical):
    """What a job works on between its stages.

    Attributes:
        done: how many stages have run.
    """

    items: list[Item]
    done: int = 0
