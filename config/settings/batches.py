"""Bounds of batches."""

from pydantic import BaseModel, ConfigDict, Field, model_validator


class BatchSettings(BaseModel):
    """Bounds of one batch, of all batches of a deployment, and of the batches of one key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk: int = Field(16, ge=1, le=256, description="The most samples of a batch that share a job.")
    requests: int = Field(10_000, ge=1, description="The most requests in a batch.")
    body_bytes: int = Field(268_435_456, ge=1, description="The largest body of a batch; an archive is held in memory.")
    unpacked_bytes: int = Field(1_073_741_824, ge=1, description="The largest size of an archive once it is unpacked.")
    ratio: int = Field(100, ge=2, description="How many times its own size an archive may grow when it is unpacked.")
    members: int = Field(20_000, ge=1, description="The most members of an archive, folders included.")
    open_at_once: int = Field(8, ge=1, description="The most batches at a time; more are refused for now.")
    key_header: str | None = Field(
        None, description="The request header that holds a caller's key; a proxy in front of the API has to check it."
    )
    open_per_key: int = Field(
        2, ge=1, description="The most batches of one key at a time; each may have `requests` and `body_bytes`."
    )
    store_share: float = Field(
        0.5, gt=0, le=1, description="The share of the store's memory above which batches wait, to leave room for jobs."
    )
    patience_s: float = Field(30, gt=0, description="How long a batch waits for room, and for more of its body.")
    silence_s: int = Field(120, ge=1, description="A batch whose intake makes no progress for this long has failed.")
    deadline_s: int = Field(
        86_400, ge=1, description="A batch that is not over after this time expires; its finished results are kept."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "BatchSettings":
        if self.patience_s >= self.silence_s:
            raise ValueError("patience_s must be shorter than silence_s")
        return self
