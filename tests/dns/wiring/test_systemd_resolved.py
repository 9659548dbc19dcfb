"""docs/dns/systemd-resolved.md, with the real resolved on a bus of its own."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from apart import LAN, NAME_SERVER
from servers import Server
from wiring import Wired, check_changes, check_sessions, name_server, wired

pytestmark = pytest.mark.xdist_group("systemd_resolved")

FETCHED = Path(__file__).parents[3] / ".venv/servers/systemd-resolved"
"""Where scripts/setup puts it, if the system has none: to install it would change
the names that this machine itself finds."""

RULES = "org.freedesktop.resolve1.conf"
STUB = "nameserver 127.0.0.53\noptions edns0 trust-ad\n"
BUS = "/run/dbus/system_bus_socket"


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("systemd-resolved.md") as host, name_server(host.host):
        here = host.host
        here.run("mkdir", "-p", "/run/dbus", "/run/systemd")
        here.run("useradd", "--system", "systemd-resolve")
        if (rules := FETCHED / RULES).exists():
            here.write(f"/etc/dbus-1/system.d/{RULES}", rules.read_text())
        here.write("/etc/resolv.conf", STUB)
        host.install()
        bus = ("dbus-daemon", "--system", "--nofork", "--nopidfile")
        with here.serving(bus, lambda: here.try_("test", "-S", BUS).returncode == 0):
            yield host


def program(name: str) -> list[str]:
    """Make the command of one of its programs."""
    for place in ("/usr/lib/systemd", "/lib/systemd", "/usr/bin"):
        if Path(place, name).exists():
            return [f"{place}/{name}"]
    assert FETCHED.exists(), "no systemd-resolved: run scripts/setup servers"
    return ["env", f"LD_LIBRARY_PATH={FETCHED}", f"{FETCHED}/{name}"]


def resolved(host: Wired) -> AbstractContextManager[Server]:
    return host.host.serving(
        program("systemd-resolved"),
        lambda: host.host.answers("@127.0.0.53", "web.service.consul"),
    )


def resolvectl(host: Wired, *arguments: str) -> str:
    return host.host.run(*program("resolvectl"), *arguments)


def test_what_the_page_shows_is_so(host: Wired) -> None:
    with resolved(host):
        # What a network tells by DHCP.
        resolvectl(host, "dns", "lan", NAME_SERVER)
        check_sessions(host)


def test_services_come_and_go_at_once(host: Wired) -> None:
    with resolved(host):
        check_changes(host)


def test_its_own_client_finds_both_kinds_of_addresses(host: Wired) -> None:
    with resolved(host):
        told = resolvectl(host, "query", "--legend=no", "web.service.consul")
        service = resolvectl(
            host, "--legend=no", "service", "_redis._tcp.service.consul"
        )

    assert {"192.0.2.11", "2001:db8::11"} <= set(told.split())
    assert "host1.node.dc1.consul:32768" in service
    assert LAN[0] in service


def test_it_validates_what_it_is_not_told_to_leave_alone(host: Wired) -> None:
    host.host.write(
        "/etc/systemd/resolved.conf.d/validate.conf", "[Resolve]\nDNSSEC=yes\n"
    )
    host.host.write("/etc/dnssec-trust-anchors.d/consul.negative", "consul\n")
    with resolved(host):
        assert host.dig("web.service.consul") == ["192.0.2.11"]
