"""docs/dns/resolv-conf.md: how programs find names through their C library."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apart import NAME_SERVER
from wiring import Wired, check_sessions, name_server, wired

pytestmark = pytest.mark.xdist_group("libraries")

SOURCE = Path(__file__).with_name("look_up.c")
RESOLV_CONF = "/etc/resolv.conf"


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("resolv-conf.md") as host, name_server(host.host):
        yield host


@pytest.fixture(scope="module")
def musl(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program that prints the addresses of a name as musl finds them."""
    program = tmp_path_factory.mktemp("musl") / "look_up"
    subprocess.run(["musl-gcc", "-static", "-o", program, SOURCE], check=True)
    return str(program)


def test_glibc_finds_what_the_page_shows(host: Wired) -> None:
    host.install()

    check_sessions(host)


@pytest.mark.parametrize("server", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("redis.service.consul", ["192.0.2.10"]),
        ("redis", ["192.0.2.10"]),
        ("web.service.consul", ["192.0.2.11", "2001:db8::11"]),
        ("primary.redis.service.consul", ["192.0.2.10"]),
        ("nope.service.consul", ["Name does not resolve"]),
    ],
)
def test_musl_finds_services_with_addresses_of_one_kind_or_of_both(
    host: Wired, musl: str, server: str, name: str, addresses: list[str]
) -> None:
    host.host.write(RESOLV_CONF, f"nameserver {server}\nsearch service.consul\n")

    assert host.shown(f"{musl} {name}") == addresses


def test_musl_waits_for_another_server_where_registrator_refuses(
    host: Wired, musl: str
) -> None:
    host.install()

    assert host.shown(f"{musl} example.org") == ["192.0.2.80"]


def test_an_absent_registrator_takes_nothing_but_its_own_names_away(
    host: Wired,
) -> None:
    host.host.write(RESOLV_CONF, f"nameserver 127.0.0.77\nnameserver {NAME_SERVER}\n")

    assert host.shown("getent hosts example.org") == ["192.0.2.80 example.org"]
    assert host.shown("getent hosts web.service.consul") == []
