"""Whom checks over TLS trust."""

import ssl
from pathlib import Path

import pytest

from certificates import Authority
from registrator.errors import ConfigError
from registrator.health.trust import Trust


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
