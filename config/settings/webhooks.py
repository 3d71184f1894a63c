"""How messages are sent to webhooks."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from config.settings.kinds import Texts


class WebhookSettings(BaseModel):
    """How messages are sent to the webhooks of jobs and batches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        True, description="Whether callers may have webhooks; `faceline up` then starts their process."
    )
    secret: SecretStr | None = Field(
        None,
        description="Signs the messages about jobs and batches that were made without an API key; several with commas "
        "all sign. `faceline webhooks generate` prints one. Each name of a key has a secret of its own instead: "
        "`faceline webhooks create`.",
    )
    allow: Texts = Field(
        (),
        description="Names, addresses and networks that webhooks may reach though they are not public, such as "
        "`receiver.internal, 10.1.0.0/16`; names and addresses also over http. One, several with commas, or a JSON "
        "list.",
    )
    api_url: str = Field(
        "",
        description="The URL under which receivers reach the API, for the links in messages; without, they are paths.",
    )
    timeout_s: float = Field(10, gt=0, description="How long one attempt may take, from the look-up of the name on.")
    first_retry_s: float = Field(
        5, gt=0, description="After so long a message that was not accepted is sent again; each pause doubles."
    )
    longest_retry_s: float = Field(14_400, gt=0, description="The longest pause between two attempts.")
    give_up_s: float = Field(
        86_400,
        gt=0,
        description="A message that was not accepted so long after its job or batch has ended is given up; earlier if "
        "the result is deleted.",
    )
    at_once: int = Field(64, ge=1, description="How many messages a process sends at a time.")
