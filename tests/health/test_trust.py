"""Whom checks over TLS trust."""

import ssl
from pathlib import Path

import pytest

from certificates import Authority
from registrator.errors import ConfigError
from registrator.health.guard import Place
from registrator.health.probe import Failed
from registrator.health.trust import Trust, name_of


def test_the_system_and_who_is_named_are_trusted(tmp_path: Path) -> None:
    alone = Trust(None).context(verify=True)
    beside = Trust(Authority(tmp_path).ca).context(verify=True)

    assert beside.verify_mode is ssl.CERT_REQUIRED
    assert beside.check_hostname
    assert beside.cert_store_stats()["x509_ca"] == (
        alone.cert_store_stats()["x509_ca"] + 1
    )


def test_everybody_is_trusted_where_a_check_says_so() -> None:
    context = Trust(None).context(verify=False)

    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname


def test_connections_share_what_was_read() -> None:
    trust = Trust(None, speaks=["h2"])

    assert trust.context(verify=True) is trust.context(verify=True)
    assert trust.context(verify=False) is trust.context(verify=False)


@pytest.mark.parametrize("octets", [b"no certificate", b"\xff\xfe", None])
def test_authorities_that_cannot_be_read_are_told_at_once(
    tmp_path: Path, octets: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if octets is not None:
        path.write_bytes(octets)

    with pytest.raises(ConfigError, match=r"ca\.pem: "):
        Trust(path)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("", "fe80::1"),
        ("web", "web"),
        ("a-b.example.org", "a-b.example.org"),
        ("_x.web", "_x.web"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
    ],
)
def test_a_certificate_is_to_be_for_the_name_or_the_address(
    asked: str, name: str
) -> None:
    assert name_of(asked, Place("fe80::1%eth0", 443)) == name


@pytest.mark.parametrize(
    "name",
    [
        *(".web", "web.", "a..b", "-a.web", "a b", "a\n", "bücher", "::1%a"),
        *("a" * 64, ".".join(["a" * 60] * 5)),
    ],
)
def test_what_can_be_no_name_is_told(name: str) -> None:
    with pytest.raises(Failed, match="no certificate can be for"):
        name_of(name, Place("10.0.0.1", 443))
