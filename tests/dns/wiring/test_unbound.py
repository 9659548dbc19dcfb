"""docs/dns/unbound.md, with the real unbound and Debian's configuration of it."""

from collections.abc import Iterator

import pytest

from overhearing import overhearing
from wiring import Wired, check_changes, check_sessions, instance, wired

pytestmark = pytest.mark.xdist_group("unbound")

UNBOUND = ("unbound", "-d", "-p")
EXTRA = "/etc/unbound/unbound.conf.d/test.conf"


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("unbound.md") as host:
        # As Debian's unit does before it starts unbound.
        host.host.empty("/var/lib/unbound", mode="777")
        host.host.run("cp", "/usr/share/dns/root.key", "/var/lib/unbound")
        host.host.run("chown", "unbound", "/var/lib/unbound/root.key")
        host.install()
        yield host


def test_what_the_page_shows_is_so(host: Wired) -> None:
    with host.serving(*UNBOUND):
        check_sessions(host)


def test_services_come_and_go_at_once(host: Wired) -> None:
    with host.serving(*UNBOUND):
        check_changes(host, "@127.0.0.1")


def test_it_resolves_with_strict_qname_minimisation(host: Wired) -> None:
    host.host.write(EXTRA, "server:\n    qname-minimisation-strict: yes\n")
    with (
        host.serving(*UNBOUND),
        overhearing(host.host, "127.0.0.1", 8600) as heard,
    ):
        tagged = host.dig("@127.0.0.1", "primary.redis.service.dc1.consul")
        pair = host.dig("@127.0.0.1", "_redis._tcp.consul", "SRV")
        missing = host.run("dig @127.0.0.1 nope.service.consul")

    assert tagged == ["192.0.2.10"]
    assert len(pair) == 2
    assert "status: NXDOMAIN" in missing
    assert {
        "dc1.consul. IN A",
        "service.dc1.consul. IN A",
        "redis.service.dc1.consul. IN A",
        "_tcp.consul. IN A",
    } <= set(heard)


def test_a_forward_zone_does_as_well(host: Wired) -> None:
    for path, [written] in host.page.blocks.items():
        forwarding = written.replace("stub-", "forward-")
        assert forwarding != written
        host.host.write(path, forwarding)
    with host.serving(*UNBOUND):
        check_sessions(host)
    host.install()


def test_private_addresses_pass_if_the_domain_is_said_to_be_private(
    host: Wired,
) -> None:
    private = instance("cache", 1, "10.1.2.3")
    guard = "server:\n    private-address: 10.0.0.0/8\n"
    asked = ("@127.0.0.1", "cache.service.consul")
    host.start(private)
    host.host.write(EXTRA, guard)
    with host.serving(*UNBOUND):
        stopped = host.dig(*asked)
    host.host.write(EXTRA, guard + '    private-domain: "consul"\n')
    with host.serving(*UNBOUND):
        passed = host.dig(*asked)
    host.remove(private)

    assert (stopped, passed) == ([], ["10.1.2.3"])
