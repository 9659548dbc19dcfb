"""docs/dns/bind.md, with the real named and Debian's configuration of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from overhearing import overhearing
from waiting import until
from wiring import Wired, check_sessions, instance, wired

pytestmark = pytest.mark.xdist_group("bind")

NAMED = ("named", "-g", "-u", "bind")
OPTIONS = "/etc/bind/named.conf.options"
LOCAL = "/etc/bind/named.conf.local"


@contextmanager
def bound(start: int) -> Iterator[Wired]:
    with wired("bind.md", start=start) as host:
        # As Debian's package and its unit do.
        host.host.empty("/var/cache/bind", mode="777")
        host.host.run("install", "-d", "-o", "bind", "/run/named")
        host.install()
        yield host


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    """With the zones of the type forward, of which the page speaks first."""
    with bound(0) as host:
        host.host.write(LOCAL, host.page.blocks[LOCAL][0])
        yield host


def test_what_the_page_shows_is_so(host: Wired) -> None:
    with host.serving(*NAMED):
        check_sessions(host)


def test_services_come_and_go_within_a_second_or_so(host: Wired) -> None:
    cache = instance("cache", 1, "192.0.2.12")
    asked = ("@127.0.0.1", "cache.service.consul")
    with host.serving(*NAMED):
        assert host.dig(*asked) == []
        host.start(cache)
        until(lambda: host.dig(*asked) == ["192.0.2.12"], "the service")
        host.remove(cache)
        until(lambda: host.dig(*asked) == [], "no service")


@pytest.mark.parametrize("mode", ["relaxed", "strict"])
def test_a_static_stub_resolves_with_qname_minimisation(mode: str) -> None:
    with bound(1) as host:
        host.host.write(LOCAL, host.page.blocks[LOCAL][1])
        options = host.page.blocks[OPTIONS][0]
        minimisation = f"    qname-minimization {mode};\n}};"
        host.host.write(OPTIONS, options.replace("\n};", f"\n{minimisation}"))
        with (
            host.serving(*NAMED),
            overhearing(host.host, "127.0.0.2", 53) as heard,
        ):
            tagged = host.dig("@127.0.0.1", "primary.redis.service.dc1.consul")
            pair = host.dig("@127.0.0.1", "_redis._tcp.consul", "SRV")
            missing = host.run("dig @127.0.0.1 nope.service.consul")

    assert tagged == ["192.0.2.10"]
    assert len(pair) == 2
    assert "status: NXDOMAIN" in missing
    assert {
        "dc1.consul. IN NS",
        "service.dc1.consul. IN NS",
        "redis.service.dc1.consul. IN NS",
        "_tcp.consul. IN NS",
    } <= set(heard)
