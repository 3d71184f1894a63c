"""The URL of Sentinels."""

import pytest
from pydantic import ValidationError

from config.sentinel import SentinelUrl
from config.settings import Settings, without_password


def test_a_url_names_sentinels_the_master_and_logins() -> None:
    url = "redis+sentinel://joe:a%2Fb@one:26380,two,[::1]:5/main/3?sentinel_username=s&sentinel_password=p"
    assert SentinelUrl.parse(url) == SentinelUrl(
        sentinels=(("one", 26380), ("two", 26379), ("::1", 5)),
        master="main",
        db=3,
        username="joe",
        password="a/b",
        sentinel_username="s",
        sentinel_password="p",
    )


def test_a_url_may_leave_out_login_ports_and_database() -> None:
    assert SentinelUrl.parse("redis+sentinel://one/main") == SentinelUrl((("one", 26379),), "main")


def test_tls_has_a_scheme_and_options_of_its_own() -> None:
    assert SentinelUrl.parse("rediss+sentinel://one/main").tls == {}
    assert SentinelUrl.parse("rediss+sentinel://one/main?ssl_ca_certs=a.pem").tls == {"ssl_ca_certs": "a.pem"}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis+sentinel://one:26379", "name of the master"),
        ("redis+sentinel:///main", "host"),
        ("redis+sentinel://one,/main", "host"),
        ("redis+sentinel://one:0/main", "port"),
        ("redis+sentinel://one:x/main", "[Pp]ort"),
        ("redis+sentinel://one/main/zero", "database"),
        ("redis+sentinel://one/main?quorum=2", "unknown options: quorum"),
        ("redis+sentinel://one/main?ssl_ca_certs=a", "rediss"),
    ],
)
@pytest.mark.parametrize("setting", ["redis_url", "broker_url"])
def test_a_wrong_url_is_refused_with_the_reason(setting: str, url: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Settings.model_validate({setting: url})


def test_no_password_of_a_url_is_shown() -> None:
    shown = without_password("redis+sentinel://u:secret@one:1,two:2/main/0?sentinel_password=hush&ssl_ca_certs=a")
    assert shown == "redis+sentinel://u:***@one:1,two:2/main/0?sentinel_password=***&ssl_ca_certs=a"
    assert "hush" not in repr(SentinelUrl.parse("redis+sentinel://:hush@one/main?sentinel_password=hush"))
