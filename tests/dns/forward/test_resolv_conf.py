import logging
import os
from pathlib import Path

import pytest

from registrator_dns.forward.resolv_conf import ResolvConf, parse


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", []),
        ("nameserver 10.0.0.2", ["10.0.0.2"]),
        ("nameserver\t::1 \nnameserver 10.0.0.2 # x\n", ["::1", "10.0.0.2"]),
        ("nameserver fe80::1%eth0\n", ["fe80::1%eth0"]),
        ("nameserver 10.0.0.2\nnameserver 10.0.0.2\n", ["10.0.0.2"]),
        ("#nameserver 10.0.0.2\n; nameserver 10.0.0.3\n", []),
        ("nameserver\nnameserver x\nnameserver 0.0.0.0\nnameserver 224.0.0.1", []),
        ("search example.org\noptions ndots:5\nnameserver 10.0.0.2", ["10.0.0.2"]),
        ("nameservers 10.0.0.2\nNAMESERVER 10.0.0.2\0\n", []),
    ],
)
def test_each_nameserver_is_an_upstream(text: str, addresses: list[str]) -> None:
    assert parse(text) == tuple((address, 53) for address in addresses)


def test_the_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.2\n")
    servers = ResolvConf(file)
    first = servers.places()
    assert servers.places() is first

    new = tmp_path / "new"
    new.write_text("nameserver 10.0.0.3\n")
    new.replace(file)

    assert first == (("10.0.0.2", 53),)
    assert servers.places() == (("10.0.0.3", 53),)


def test_a_change_in_place_is_seen_too(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.2\n")
    os.utime(file, ns=(1, 1))
    servers = ResolvConf(file)
    servers.places()
    file.write_text("nameserver 10.0.0.4\n")

    assert servers.places() == (("10.0.0.4", 53),)


def test_without_the_file_there_are_no_upstreams_which_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "resolv.conf"
    servers = ResolvConf(file)
    with caplog.at_level(logging.WARNING):
        assert [servers.places() for _ in range(3)] == [()] * 3

    assert len(caplog.records) == 1
    file.write_bytes(b"nameserver 10.0.0.2\n\xff\n")
    assert servers.places() == (("10.0.0.2", 53),)
