"""docs/dns/port-53.md: port 53 without root, by each way that the page has."""

import os
import re
import signal
import sys
from pathlib import Path

from apart import LAN, Apart
from daemons import CTL
from standins import standin_with
from waiting import until
from wiring import SERVICES, comparable, page, wired

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/dns/port-53.md").read_text()
UNIT = "/etc/systemd/system/registrator.service"
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
ASKED = "dig @{} +short web.service.consul"


def prepare(host: Apart) -> None:
    """Have the user nobody reach this program, wherever its directory is."""
    host.open_up(ROOT, Path(sys.prefix), Path(sys.base_prefix))
    if host.try_("getent", "group", "docker").returncode:
        host.run("groupadd", "docker")


def user(host: Apart, pid: int) -> str:
    """Name the user that a process runs as."""
    return host.run("ps", "-o", "user=", "-p", str(pid)).strip()


def last_words(host: Apart, *under: str) -> str:
    """Start registrator as the page does, for a port that it will not get."""
    _, arguments = page("port-53.md").starts[0]
    host.run("install", "-d", "-o", "nobody", "/run/registrator")
    with standin_with() as engine:
        told = host.try_(
            *(*under, sys.executable, "-m", "registrator", *arguments),
            *(f"-docker-host={engine.uri}", "-state=", f"-ip={LAN[0]}"),
            "-control=/run/registrator/control.sock",
        )
    assert told.returncode == 2, told.stderr
    return told.stderr.splitlines()[-1]


def test_one_capability_is_enough_and_the_only_one() -> None:
    told = page("port-53.md")
    under, arguments = told.starts[0]
    [(line, output)] = told.sessions
    [directories] = re.findall(r"(?m)^install -d .*", PAGE)
    web = ("@127.0.0.1", "web.service.consul")
    with Apart() as host, standin_with(*SERVICES) as engine:
        prepare(host)
        host.empty("/var/lib")
        host.run("sh", "-c", directories)
        with host.serving(
            [
                *(*under, sys.executable, "-m", "registrator", *arguments),
                *(f"-docker-host={engine.uri}", f"-ip={LAN[0]}"),
            ],
            lambda: host.answers(*web),
        ) as server:
            held = host.run("sh", "-c", f"PID={server.pid}; {line}")
            over_ipv6 = host.answers("@::1", "web.service.consul")
            name = user(host, server.pid)
            status = host.run(str(CTL), "status")
            os.kill(server.pid, signal.SIGTERM)  # killed, it would leave its responder
            until(lambda: not host.answers(*web), "the responder has ended")

    assert "--reuid" in under
    assert name == "nobody"
    assert comparable(held) == comparable(output)
    assert over_ipv6
    assert "all is well" in status


def test_a_lower_limit_of_the_kernel_is_enough() -> None:
    def lower(host: Apart) -> None:
        prepare(host)
        [settings] = told.blocks["/etc/sysctl.d/50-port-53.conf"]
        host.write("/etc/sysctl.d/50-port-53.conf", settings)
        host.run("sysctl", "-p", "/etc/sysctl.d/50-port-53.conf")

    told = page("port-53.md")
    with wired("port-53.md", under=NOBODY, change=lower) as host:
        assert user(host.host, host.daemon.pid) == "nobody"
        for address in ("127.0.0.1", "::1"):
            assert host.shown(ASKED.format(address)) == ["192.0.2.11"]


def test_without_either_it_says_what_it_lacks() -> None:
    with Apart() as host:
        prepare(host)
        said = last_words(host, *NOBODY)

    assert f"```\n{said}\n```" in PAGE


def test_a_port_that_is_taken_is_said_to_be_taken_by_whom() -> None:
    with Apart() as host:
        dnsmasq = ("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null")
        alone = ("--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=")
        with host.serving(
            [*dnsmasq, *alone],
            lambda: host.answers("@127.0.0.1", "version.bind", "CH", "TXT"),
        ) as server:
            said = last_words(host).replace(f"pid {server.pid}", "pid 812")

    assert f"```\n{said}\n```" in PAGE


def test_the_unit_is_one_and_asks_for_that_capability_alone() -> None:
    [unit] = page("port-53.md").blocks[UNIT]
    with Apart() as host:
        host.write(UNIT, unit)
        # What it names besides.
        host.empty("/usr/local/bin")
        host.run("ln", "-s", "/bin/true", "/usr/local/bin/registrator")
        host.write("/etc/systemd/system/docker.service", "[Service]\nExecStart=true\n")
        told = host.try_("systemd-analyze", "verify", "--man=no", UNIT)

    assert (told.returncode, told.stdout + told.stderr) == (0, "")
    assert re.findall(r"(?m)^(\w*Capabilit\w+)=(.*)$", unit) == [
        ("AmbientCapabilities", "CAP_NET_BIND_SERVICE"),
        ("CapabilityBoundingSet", "CAP_NET_BIND_SERVICE"),
    ]
