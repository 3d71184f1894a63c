"""`Chunk`, `Item` and `Failure`: the samples of one job, and how many stages have run."""

from pydantic import ConfigDict, Field

from pipelines.sample import Canonical, Sample

SKIPPED = "skipped"
"""The type of the failure of a service that was not run, since it needs what an earlier service failed to give."""


class Failure(Canonical):
    """Why a service gave nothing for a sample."""

    model_config = ConfigDict(frozen=True)

    service: str | None = Field(description="its name; null if no service made the sample fail, but e.g. its image")
    type: str = Field(description="the stable name; skipped: the service needs what a failed one gives")
    message: str = Field(description="what is wrong, for people")


class Item(Canonical):
    """A sample of a chunk, with its image and its failures.

    Attributes:
        blob: the id of its image in the blob store; None if it is not there.
        reference: of its image instead, as `jobs.reference.Reference` writes it.
        failures: in order; with `on_error="fail"` at most one.
        failed: no further service runs on it.
        lost: the detecting service that failed on it, until another one finds objects; None if none did.
    """

    sample: Sample
    blob: str | None = None
    reference: str | None = None
    failures: list[Failure] = Field(default_factory=list)
    failed: bool = False
    lost: str | None = None

    @property
    def image(self) -> str | None:
        """The blob or the reference by which its image is loaded; None if it has none."""
        return self.blob or self.reference


class Chunk(Canonical):
    """What a job works on between its stages.

    Attributes:
        done: how many stages have run.
    """

    items: list[Item]
    done: int = 0
