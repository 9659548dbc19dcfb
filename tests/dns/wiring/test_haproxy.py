"""docs/dns/haproxy.md, with the real HAProxy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from servers import Server
from waiting import until
from wiring import SERVICES, Wired, comparable, instance, wired

pytestmark = pytest.mark.xdist_group("haproxy")

CONFIGURATION = "/etc/haproxy/haproxy.cfg"
HAPROXY = ("haproxy", "-db", "-f", CONFIGURATION)
ANY = re.compile(r"\bredis\d\b")
ASK = "echo 'show servers state %s' | socat - /run/haproxy/admin.sock"


@pytest.fixture(scope="module")
def host() -> Iterator[Wired]:
    with wired("haproxy.md") as host:
        host.host.run("mkdir", "/run/haproxy")
        yield host


@contextmanager
def haproxy(host: Wired, *changes: tuple[str, str]) -> Iterator[Server]:
    """Run HAProxy with the page's configuration, but for *changes* in its text."""
    host.install()
    [written] = host.page.blocks[CONFIGURATION]
    for before, after in changes:
        assert before in written
        written = written.replace(before, after)
    host.host.write(CONFIGURATION, written)
    with host.host.serving(
        HAPROXY, lambda: bool(servers(host, "redis") and servers(host, "web"))
    ) as server:
        yield server


def servers(host: Wired, backend: str) -> list[str]:
    """List the servers of a backend that are in use, as address and port."""
    rows = [line.split() for line in host.run(ASK % backend).splitlines()]
    # Address, state (2: it runs) and port of what is one of the backend.
    found = [(row[4], row[5], row[18]) for row in rows if row[1:2] == [backend]]
    return sorted(f"{address} {port}" for address, state, port in found if state == "2")


def test_what_the_page_shows_is_so(host: Wired) -> None:
    with haproxy(host):
        until(lambda: len(servers(host, "redis")) == 2, "both")
        [(line, output)] = host.page.sessions
        shown = host.run(line)

    # Which of the instances is the first server is up to chance.
    assert comparable(ANY.sub("redisN", shown)) == comparable(ANY.sub("redisN", output))


def test_services_come_and_go_without_a_reload(host: Wired) -> None:
    more = instance("redis", 3, "192.0.2.11", port=4444)
    with haproxy(host):
        until(
            lambda: servers(host, "redis") == ["192.0.2.10 32768", "192.0.2.10 32769"],
            "both that run",
        )
        host.start(more)
        until(lambda: "192.0.2.11 4444" in servers(host, "redis"), "the new one")
        host.remove(more)
        until(lambda: "192.0.2.11 4444" not in servers(host, "redis"), "it is gone")
        web = servers(host, "web")

    assert web == ["192.0.2.11 8080", "2001:db8::11 8080"]


def test_the_last_instance_goes_too(host: Wired) -> None:
    webs = [fake for fake in SERVICES if fake.name.startswith("web")]
    with haproxy(host):
        until(lambda: len(servers(host, "web")) == 2, "both")
        host.remove(*webs)
        until(lambda: servers(host, "web") == [], "none")
        host.start(*webs)
        until(lambda: len(servers(host, "web")) == 2, "both again")


def test_a_client_reaches_an_instance_through_it(host: Wired) -> None:
    listen = "TCP-LISTEN:{},bind=192.0.2.10,fork,reuseaddr"
    greeting = ("socat", "-u", "SYSTEM:echo hello", listen.format(32768))
    other = ("socat", "-u", "SYSTEM:echo hello", listen.format(32769))
    with (
        host.host.serving(greeting, lambda: True),
        host.host.serving(other, lambda: True),
        haproxy(host),
    ):
        until(
            lambda: host.run("socat -u TCP:127.0.0.1:6379 -") == "hello\n",
            "a word from behind HAProxy",
        )


def test_more_instances_than_a_datagram_holds_are_all_found_over_tcp(
    host: Wired,
) -> None:
    crowd = [
        instance("web", 100 + n, f"192.0.3.{n}", port=9000 + n) for n in range(100)
    ]
    with haproxy(host, ("server-template web 4", "server-template web 120")):
        host.start(*crowd)
        until(lambda: len(servers(host, "web")) == 102, "all of them")
    host.remove(*crowd)


def test_the_shares_of_instances_are_their_weights(host: Wired) -> None:
    heavy = instance("heavy", 1, "192.0.2.11", wishes="SERVICE_WEIGHT=512")
    light = instance("heavy", 2, "192.0.2.12", wishes="SERVICE_WEIGHT=256")
    host.start(heavy, light)
    with haproxy(host, ("_web._tcp", "_heavy._tcp")):
        until(lambda: len(servers(host, "web")) == 2, "both")
        lines = host.run(ASK % "web").splitlines()[2:4]
    host.remove(heavy, light)

    weights = {line.split()[4]: line.split()[7] for line in lines}
    assert weights == {"192.0.2.11": "2", "192.0.2.12": "1"}
