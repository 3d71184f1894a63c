"""Kinds of values that several settings have."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import from_json
from pydantic_settings import NoDecode

from config.sentinel import SCHEMES, SentinelUrl


def _listed(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    if given.lstrip().startswith("["):
        return from_json(given)
    return [part.strip() for part in given.split(",") if part.strip()]


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
"""A setting of several texts: one text, several with commas between them, or a JSON list."""


def _url_with(*schemes: str) -> AfterValidator:
    """The check of a URL: its scheme is one of some, and its port is a number."""

    def check(url: str | None) -> str | None:
        if url is not None and SentinelUrl.is_one(url):
            SentinelUrl.parse(url)
        elif url is not None and (urlsplit(url).scheme not in schemes or not _has_valid_port(url)):
            raise ValueError(f"must be a URL that begins with {', '.join(f'{scheme}://' for scheme in schemes)}")
        return url

    return AfterValidator(check)


def _has_valid_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


StoreUrl = Annotated[str, _url_with("redis", "rediss", "unix", *SCHEMES)]
BrokerUrl = Annotated[str | None, _url_with("redis", "rediss", "unix", *SCHEMES, "amqp", "amqps")]
