"""docs/dns/dnsmasq.md, with the real dnsmasq."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from apart import NAME_SERVER
from wiring import Wired, check_changes, check_sessions, instance, name_server, wired

pytestmark = pytest.mark.xdist_group("dnsmasq")

PAGE = (Path(__file__).parents[3] / "docs/dns/dnsmasq.md").read_text()
TRUST = "/usr/share/dnsmasq-base/trust-anchors.conf"
DNSMASQ = (
    *("dnsmasq", "--keep-in-foreground", "--conf-dir=/etc/dnsmasq.d", "--pid-file="),
    # The network's name server is on this host too.
    *("--listen-address=127.0.0.1", "--bind-interfaces"),
)


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("dnsmasq.md") as host, name_server(host.host):
        host.host.write("/etc/resolv.conf", f"nameserver {NAME_SERVER}\n")
        host.install()
        yield host


def test_what_the_page_shows_is_so(host: Wired) -> None:
    with host.serving(*DNSMASQ):
        check_sessions(host)


def test_services_come_and_go_at_once(host: Wired) -> None:
    with host.serving(*DNSMASQ):
        check_changes(host, "@127.0.0.1")


def test_private_addresses_pass_a_rebind_guard_that_is_told_of_the_domain(
    host: Wired,
) -> None:
    private = instance("cache", 1, "10.1.2.3")
    guard = (*DNSMASQ, "--stop-dns-rebind")
    asked = ("@127.0.0.1", "cache.service.consul")
    host.start(private)
    with host.serving(*guard):
        stopped = host.dig(*asked)
    with host.serving(*guard, "--rebind-domain-ok=/consul/"):
        passed = host.dig(*asked)
    host.remove(private)

    assert (stopped, passed) == ([], ["10.1.2.3"])


def test_it_is_not_validated(host: Wired) -> None:
    with host.serving(*DNSMASQ, "--dnssec", f"--conf-file={TRUST}"):
        assert host.dig("@127.0.0.1", "web.service.consul") == ["192.0.2.11"]


def test_registrator_may_be_asked_over_ipv6() -> None:
    [line] = re.findall(r"`(server=/consul/::1#8600)`", PAGE)
    with wired("README.md") as host:
        host.host.write("/etc/dnsmasq.d/consul.conf", f"{line}\n")
        with host.serving(*DNSMASQ):
            assert host.dig("@127.0.0.1", "web.service.consul") == ["192.0.2.11"]
