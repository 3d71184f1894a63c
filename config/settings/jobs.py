"""How long jobs may take, and how long they are kept."""

from itertools import pairwise

from pydantic import BaseModel, ConfigDict, Field, model_validator


class JobSettings(BaseModel):
    """How long jobs may take, and how long they are kept.

    The times must grow: stage_deadline_s < visibility_timeout_s < stalled_after_s < deadline_s. Otherwise the process
    does not start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl_s: int = Field(3600, ge=1, description="How long a result is kept unless the request sets another time.")
    max_ttl_s: int = Field(7 * 24 * 3600, ge=1, description="The longest time that a request may set.")
    deadline_s: int = Field(3600, ge=1, description="A job that is not over after this time fails.")
    stage_deadline_s: int = Field(
        60, ge=1, description="After this time a stage starts no further service, and its job fails."
    )
    visibility_timeout_s: int = Field(
        120, ge=1, description="After this time a message that its worker forgot is delivered again."
    )
    stalled_after_s: int = Field(
        180, ge=1, description="After so long without progress a job that has no message is sent again."
    )
    attempts: int = Field(3, ge=1, description="How many workers an image may kill until it is given up.")
    sync_timeout_s: float = Field(30, gt=0, description="How long a synchronous route waits for its job.")
    sync_ttl_s: int = Field(300, ge=1, description="How long a result is kept after its route timed out.")

    @model_validator(mode="after")
    def _in_order(self) -> "JobSettings":
        names = ("stage_deadline_s", "visibility_timeout_s", "stalled_after_s", "deadline_s")
        for shorter, longer in pairwise(names):
            if getattr(self, shorter) >= getattr(self, longer):
                raise ValueError(f"{shorter} must be shorter than {longer}")
        return self

    @property
    def most_attempts(self) -> int:
        """How often a stage may begin before an item of it was tried alone: after a first death, at least once more."""
        return max(self.attempts, 2)

    @property
    def most_item_deaths(self) -> int:
        """How often a worker may die while it tries an item alone; it has died once before, with others in hand."""
        return max(self.attempts - 1, 1)

    @property
    def max_life_s(self) -> int:
        """After this time only the tombstone of a job is left."""
        return self.deadline_s + self.max_ttl_s
