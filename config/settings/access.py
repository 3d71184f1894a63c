"""Who may use the API, from which pages, and the keys of the deployment itself."""

from pathlib import Path

from limits import parse as parse_limit
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from config.settings.kinds import Texts


class AccessSettings(BaseModel):
    """Who may use the API. Keys are in the store: `faceline keys`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    open: bool = Field(
        False, description="Whether the API asks no caller for a key, also beyond this machine and also if it has keys."
    )
    first_key: SecretStr | None = Field(
        None, description="A key with all scopes, which is added at the start; `faceline keys generate` prints one."
    )
    first_key_file: Path | None = Field(None, description="A file with the first key, in the place of the key itself.")
    rate: str | None = Field(
        None, description="The most photos of all callers in a short time, such as `100/second`; more are refused."
    )
    quota: str | None = Field(
        None, description="The most photos of all callers in a long time, such as `1000000/month`; more are refused."
    )
    share: int = Field(
        16,
        ge=1,
        description="How many unfinished jobs of each priority a key may have in the queues before its further ones "
        "go to the last queue, which workers look into when all others are empty. Synchronous callers are not moved.",
    )
    audit_entries: int = Field(
        100_000, ge=1, description="How many entries the store keeps of what callers did, about; the log has all."
    )
    docs: bool = Field(True, description="Whether the pages of the documents are served; they need no key.")

    @field_validator("rate", "quota")
    @classmethod
    def _is_limit(cls, text: str | None) -> str | None:
        if text is not None:
            parse_limit(text)
        return text


class BrowserSettings(BaseModel):
    """Which names and pages browsers may use the API by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hosts: Texts = Field(
        (),
        description="The names under which callers reach the API, beside localhost and addresses: one, several with "
        "commas, or a JSON list; `*.example.org` is each name below `example.org`, and `*` each name.",
    )
    origins: Texts = Field(
        (),
        description="The origins whose pages may use the API, such as `https://example.org`: one, several with commas, "
        "or a JSON list.",
    )


class SecretSettings(BaseModel):
    """Keys of the deployment itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encryption_keys: SecretStr | None = Field(
        None,
        description="Keys for what callers send and get in the store, as ID:KEY, several with commas: the first one "
        "encrypts, all decrypt. `openssl rand -base64 32` prints a KEY. By default nothing is encrypted.",
    )
