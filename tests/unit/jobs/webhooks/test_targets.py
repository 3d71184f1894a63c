from ipaddress import ip_address

import pytest

from jobs.webhooks.targets import TargetRefused, Targets

PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.100.100.200",  # the metadata of a cloud
    "127.0.0.1",
    "168.63.129.16",  # another one
    "169.254.169.254",  # and most others
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "64:ff9b:1::7f00:1",  # NAT64 of a network of one's own (RFC 8215)
    "::ffff:0:127.0.0.1",  # as a translator writes it (RFC 7915)
    "fec0::1",
    "5f00::1",
    "3fff::1",
    "192.0.0.8",
    "192.88.99.1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    Targets().check_addresses("receiver.example", [ip_address(address)])


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_refused_also_beside_a_public_one(address: str) -> None:
    for addresses in ([address], [PUBLIC[0], address]):
        with pytest.raises(TargetRefused):
            Targets().check_addresses("receiver.example", [ip_address(one) for one in addresses])


def test_a_name_without_addresses_is_refused() -> None:
    with pytest.raises(TargetRefused):
        Targets.of(["receiver.example"]).check_addresses("receiver.example", [])


def test_a_setting_allows_names_addresses_and_networks() -> None:
    targets = Targets.of(["Receiver.internal", "127.0.0.1", "10.1.0.0/16", "fd00::/8"])
    targets.check_addresses("receiver.internal", [ip_address("192.168.0.1")])
    for address in ("127.0.0.1", "10.1.2.3", "fd12::1"):
        targets.check_addresses("any.example", [ip_address(address)])
    for address in ("127.0.0.2", "10.2.0.1"):
        with pytest.raises(TargetRefused):
            targets.check_addresses("any.example", [ip_address(address)])


@pytest.mark.parametrize(
    "url",
    [
        "https://receiver.example/hook?token=1",
        "https://receiver.example:8443",
        "https://93.184.215.14/",
        "http://receiver.internal/",
        "http://RECEIVER.internal./",
        "http://127.0.0.1:9000/",
    ],
)
def test_urls_that_are_allowed(url: str) -> None:
    Targets.of(["receiver.internal", "127.0.0.0/8"]).check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "receiver.example",
        "http://receiver.example/",
        "http://93.184.215.14/",
        "ftp://receiver.internal/",
        "file:///etc/passwd",
        "https://",
        "https://me:password@receiver.example/",
        "https://receiver.example:99999/",
        "https://receiver.example/a b",
        "https://receiver.example/\r\nHost: other",
        "https://[::1",
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
    ],
)
def test_urls_that_are_refused_without_a_word_of_them_in_the_error(url: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        Targets.of(["receiver.internal", "127.0.0.0/8"]).check_url(url)
    assert "example" not in str(refused.value)
