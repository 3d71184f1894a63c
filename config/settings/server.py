"""How the API is reached: TLS, and the proxies in front of it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from config.settings.kinds import Texts


class ServerSettings(BaseModel):
    """How the API is reached: TLS, and the proxies in front of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Path | None = Field(
        None, description="A file with the certificate of the API and its chain, in PEM; with it the API speaks TLS."
    )
    private_key: Path | None = Field(None, description="The file with the private key of the certificate, in PEM.")
    private_key_password: SecretStr | None = Field(None, description="The password of the private key, if it has one.")
    root_path: str = Field(
        "",
        pattern=r"^(/[^/?#]+)*$",
        description="The path under which a proxy offers the API, such as `/faceline`, if the proxy removes it from "
        "the requests that it passes on.",
    )
    proxies: Texts = Field(
        (),
        description="The addresses or networks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are "
        "believed: one, several with commas, or a JSON list. By default none is.",
    )

    @model_validator(mode="after")
    def _whole(self) -> "ServerSettings":
        if (self.certificate is None) is not (self.private_key is None):
            raise ValueError("certificate and private_key belong together: set both")
        return self
