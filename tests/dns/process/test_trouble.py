"""What goes wrong between a daemon and its responders leaves no ghost and no hang."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import dns.message
import dns.rcode
import pytest

from dnsprocesses import (
    A,
    Make,
    ask,
    at_work,
    children,
    killed,
    port_of,
    process,
    runs,
)
from dnsroom import data
from registrator import stores
from registrator.backend import Site
from registrator.errors import ConfigError, Unavailable
from registrator_dns.backend import DnsBackend
from registrator_dns.process import remote
from registrator_dns.process.frames import frame
from registrator_dns.process.peer import peer
from samples import drop, put, web
from servers import free_ports
from waiting import eventually

MOMENTS = (0.0, 0.05, 0.15, 0.3, 0.5)
"""Seconds after which a start is given up: somewhere within each of its steps."""


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    """End those that would linger."""
    yield
    for each in children():
        os.kill(each, signal.SIGKILL)


def feed(site: Site) -> str:
    assert site.runtime is not None
    (place,) = site.runtime.parent.glob("*.sock")
    return str(place)


@pytest.mark.parametrize(
    "said",
    [
        {"op": "put"},
        {"op": "put", "instances": [1]},
        {"op": "put", "instances": {"a": 1}},
        {"op": "drop", "keys": 1},
        {"op": "list"},
        {"op": "explain", "name": 1, "kind": "A"},
    ],
)
async def test_a_daemon_that_talks_nonsense_is_as_good_as_gone(
    make: Make, site: Site, said: dict[str, object]
) -> None:
    async with killed(first := make("?max-stale=1")):
        await put(first, A)
        pid = process(first)
        reader, writer = await asyncio.open_unix_connection(feed(site))
        uri = "dns://127.0.0.1:0?max-stale=1"
        begin = {"op": "begin", "patience": 0.2, "uri": uri, "node": "foo"}
        writer.write(frame(begin) + frame(said))
        await reader.read()
        writer.close()

        await eventually(lambda: not runs(pid), "it is left alone, and ends")


async def test_who_does_not_say_what_to_begin_with_takes_nothing_over(
    make: Make, site: Site
) -> None:
    async with at_work(make()) as backend:
        pid = process(backend)
        for said in ({"op": "begin"}, {"op": "who"}):
            reader, writer = await asyncio.open_unix_connection(feed(site))
            writer.write(frame(said))
            writer.write_eof()
            await reader.read()
            writer.close()
        await put(backend, A)

        assert data(await ask(port_of(backend))) == ["10.0.0.2"]
        assert process(backend) == pid


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_a_start_that_is_given_up_leaves_no_process(
    site: Site, seconds: float
) -> None:
    backend = DnsBackend.from_uri("dns://127.0.0.1:0?max-stale=0&workers=2", site)
    starting = asyncio.ensure_future(backend.__aenter__())
    await asyncio.wait([starting], timeout=seconds)
    if starting.cancel():
        await asyncio.wait([starting])
    else:
        await backend.__aexit__(None, None, None)

    await eventually(lambda: not children(), "no responder is left")


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_a_succession_that_is_given_up_leaves_no_two(
    make: Make, seconds: float
) -> None:
    async with killed(first := make("?max-stale=0")):
        await put(first, *(web(f"here:web.{n}:80") for n in range(200)))
        pid = process(first)
        second = make("?max-stale=0&ttl=2")
        starting = asyncio.ensure_future(second.__aenter__())
        await asyncio.wait([starting], timeout=seconds)
        if starting.cancel():
            await asyncio.wait([starting])
            await eventually(lambda: children() <= {pid}, "no successor is left")
        else:
            await second.__aexit__(None, None, None)

    await eventually(lambda: not children(), "no responder is left")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("127.0.0.1:{0}?workers=2", "127.0.0.1:{0}"),
        ("127.0.0.1:{0}", "127.0.0.1:{0}?workers=2"),
        ("127.0.0.1:{0}", "127.0.0.1:{0},127.0.0.2:{0}"),
        ("127.0.0.1:{0},127.0.0.2:{0}", "127.0.0.2:{0},127.0.0.1:{0}"),
        ("127.0.0.1:{0}", "0.0.0.0:{0}"),
    ],
)
async def test_a_responder_left_with_other_places_is_not_in_the_way(
    site: Site, before: str, after: str
) -> None:
    (port,) = free_ports(1)
    former = f"dns://{before.format(port)}{'&' if '?' in before else '?'}linger=60"
    async with DnsBackend.from_uri(former, site) as backend:
        await put(backend, A)
    left = children()

    assert left
    async with DnsBackend.from_uri(f"dns://{after.format(port)}", site) as backend:
        await drop(backend, A.id)
        answers = [(await ask(port)).rcode() for _ in range(10)]
        assert answers == [dns.rcode.NXDOMAIN] * 10
        assert not children() & left


async def test_a_responder_left_elsewhere_stays(site: Site) -> None:
    here, there = free_ports(2)
    other = f"dns://127.0.0.1:{there}?linger=60"
    async with DnsBackend.from_uri(other, site):
        left = children()
    async with DnsBackend.from_uri(f"dns://127.0.0.1:{here}", site):
        assert children() > left
    async with DnsBackend.from_uri(other, site):
        assert children() == left


def test_two_responders_at_one_place_are_a_mistake(site: Site) -> None:
    with pytest.raises(ConfigError, match="stands more than once"):
        stores.make(["dns://127.0.0.1:8600/a", "dns://127.0.0.1:8600/b"], site)


async def test_a_directory_that_is_swept_away_ends_nothing(site: Site) -> None:
    assert site.runtime is not None
    home = site.runtime.parent / "home"
    home.mkdir()
    there = replace(site, runtime=home / "control")
    async with at_work(DnsBackend.from_uri("dns://127.0.0.1:0", there)) as backend:
        await put(backend, A)
        shutil.rmtree(home)
        os.kill(process(backend), signal.SIGKILL)
        with pytest.raises(Unavailable, match="cannot be fed"):
            await put(backend, web("here:web.2:80", address="10.0.0.3"))
        home.mkdir()
        port = port_of(backend)

        answer = await ask(port)

    assert sorted(data(answer)) == ["10.0.0.2", "10.0.0.3"]


async def test_what_is_dropped_while_a_responder_is_filled_stays_away(
    make: Make,
) -> None:
    services = [web(f"here:web.{n}:80", name=f"web{n}") for n in range(400)]
    async with at_work(make()) as backend:
        await put(backend, *services)
        for part in range(4):
            os.kill(process(backend), signal.SIGKILL)
            for service in services[part * 100 : part * 100 + 100]:
                await drop(backend, service.id)
                await asyncio.sleep(0.001)
        port = port_of(backend)
        rcodes = [
            (await ask(port, f"web{n}.service.consul")).rcode() for n in range(400)
        ]

    assert rcodes == [dns.rcode.NXDOMAIN] * 400


async def test_a_responder_that_hangs_is_not_gone_on_with(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make("?linger=60") as backend:
        await put(backend, A)
        pid = process(backend)
    monkeypatch.setattr(remote, "_DEADLINE", 5.0)
    os.kill(pid, signal.SIGSTOP)

    async with make() as next_one:
        assert not runs(pid)
        assert await next_one.owned() == {}
        assert (await ask(port_of(next_one))).rcode() == dns.rcode.NXDOMAIN


async def test_one_that_does_not_come_to_answer_is_ended_and_told(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_START", 0.001)

    with pytest.raises(Unavailable, match=r"does not start: no answer in 0\.001 s"):
        await make().__aenter__()

    assert not children()


async def test_options_may_be_long(make: Make) -> None:
    networks = ",".join(f"10.{n}.0.0/16" for n in range(250))
    async with killed(make(f"?upstream=127.0.0.1&allow={networks}&linger=1")) as _:
        pass


async def test_its_output_is_not_that_of_the_daemon(site: Site) -> None:
    code = (
        "import asyncio; from pathlib import Path;"
        "from registrator.backend import Site;"
        "from registrator_dns.backend import DnsBackend\n"
        f"place = Path({str(site.runtime)!r})\n"
        "async def main():\n"
        "    site = Site(node='a', address='10.0.0.1', runtime=place)\n"
        "    async with DnsBackend.from_uri('dns://127.0.0.1:0?linger=2', site): pass\n"
        "asyncio.run(main())\n"
    )
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=subprocess.PIPE
    )

    assert (await daemon.communicate())[0] == b""
    assert daemon.returncode == 0
    assert feed(site)


_VISITOR = """
import socket, sys
with socket.socket(socket.AF_UNIX) as visitor:
    visitor.connect(chr(0) + sys.argv[1])
    visitor.recv(1)
"""


def test_another_users_process_is_not_talked_to() -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        place = f"\0registrator-test-{os.getpid()}"
        listening.bind(place)
        listening.listen()
        with subprocess.Popen(
            [
                "python3",
                "-c",
                _VISITOR,
                place[1:],
            ],
            user="nobody",
        ):
            connection, _ = listening.accept()
            with connection, pytest.raises(PermissionError):
                peer(connection)


def test_ones_own_process_is_known() -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("")
        listening.listen()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(listening.getsockname())
            assert peer(connection) == os.getpid()
