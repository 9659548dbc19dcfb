"""The processes that answer: found, replaced, handed over, and ended."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from dataclasses import replace

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import pytest

from dnsprocesses import A, Make, ask, at_work, killed, port_of, process, runs
from dnsroom import data
from registrator.backend import Site
from registrator.errors import ConfigError
from registrator_dns.backend import DnsBackend
from registrator_dns.process.frames import frame
from registrator_dns.process.responders import Responders
from samples import drop, put, web
from servers import free_ports
from waiting import eventually


async def test_a_successor_goes_on_with_a_responder_and_what_it_shows(
    make: Make,
) -> None:
    async with killed(first := make()):
        await put(first, A)
        pid, port = process(first), port_of(first)
        async with make() as second:
            assert (process(second), port_of(second)) == (pid, port)
            assert await second.owned() == {A.id: second.record(A)}
            assert data(await ask(port)) == ["10.0.0.2"]
            await drop(second, A.id)
            assert (await ask(port)).rcode() == dns.rcode.NXDOMAIN


async def test_other_options_make_a_successor_of_a_responder_too(make: Make) -> None:
    async with killed(first := make("?ttl=1")):
        await put(first, A)
        pid, port = process(first), port_of(first)
        async with make("?ttl=2") as second:
            assert port_of(second) == port
            answer = await ask(port)
            assert (data(answer), answer.answer[0].ttl) == (["10.0.0.2"], 2)
            assert await second.owned() == {A.id: second.record(A)}
            assert process(second) != pid


async def test_no_query_is_lost_while_a_responder_is_replaced(make: Make) -> None:
    async with killed(first := make("?ttl=1")):
        await put(first, A)
        port = port_of(first)
        wrong: list[str] = []
        count = 0

        async def keep_asking() -> None:
            nonlocal count
            while True:
                answer = await ask(port)
                count += 1
                if data(answer) != ["10.0.0.2"]:
                    wrong.append(str(answer))

        async def answered(enough: int) -> None:
            await eventually(lambda: count > enough, "queries are answered")

        asking = asyncio.ensure_future(keep_asking())
        for ttl, linger in ((2, 60), (3, 0)):
            async with make(f"?ttl={ttl}&linger={linger}"):
                await answered(count + 20)
        asking.cancel()

        assert not asking.done() or asking.cancelled()
        assert wrong == []


async def test_a_responder_that_dies_is_replaced_and_shows_all_again(
    make: Make,
) -> None:
    async with at_work(make()) as backend:
        await put(backend, A)
        pid = process(backend)
        os.kill(pid, signal.SIGKILL)

        answer = await ask(port_of(backend))

        assert data(answer) == ["10.0.0.2"]
        assert process(backend) != pid


async def test_what_is_put_after_a_death_nobody_has_noticed_is_shown(
    make: Make,
) -> None:
    async with make() as backend:
        await put(backend, A)
        os.kill(process(backend), signal.SIGKILL)

        failures = await put(backend, web("here:web.2:80", address="10.0.0.3"))

        assert failures == {}
        answer = await ask(port_of(backend))
        assert sorted(data(answer)) == ["10.0.0.2", "10.0.0.3"]


async def test_it_ends_with_the_daemon_that_was_asked_to_stop(make: Make) -> None:
    async with make() as backend:
        pid = process(backend)

    assert not runs(pid)


async def test_it_may_linger_for_the_next_daemon(make: Make) -> None:
    async with make("?linger=60") as backend:
        await put(backend, A)
        pid, port = process(backend), port_of(backend)

    assert data(await ask(port)) == ["10.0.0.2"]
    async with make() as next_one:
        assert port_of(next_one) == port
    await eventually(lambda: not runs(pid), "it has ended")


async def test_without_a_daemon_it_ends_when_what_it_knows_is_too_old(
    make: Make,
) -> None:
    async with make("?linger=0.2") as backend:
        pid = process(backend)

    await eventually(lambda: not runs(pid), "it has ended")


async def test_where_nobody_could_find_it_it_does_not_linger(site: Site) -> None:
    alone = replace(site, runtime=None)
    async with DnsBackend.from_uri("dns://127.0.0.1:0?linger=60", alone) as backend:
        pid = process(backend)

    assert not runs(pid)


async def test_signals_to_the_process_group_do_not_end_it(make: Make) -> None:
    async with make() as backend:
        await put(backend, A)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(process(backend), number)

        assert data(await ask(port_of(backend))) == ["10.0.0.2"]
        assert os.getsid(process(backend)) != os.getsid(0)


async def test_sigterm_ends_one_that_no_daemon_feeds(make: Make) -> None:
    async with make("?linger=60") as backend:
        pid = process(backend)
    assert runs(pid)

    os.kill(pid, signal.SIGTERM)

    await eventually(lambda: not runs(pid), "it has ended")


async def test_who_is_not_its_user_cannot_feed_it(make: Make, site: Site) -> None:
    async with make():
        assert site.runtime is not None
        (feed,) = site.runtime.parent.iterdir()

        assert stat.S_IMODE(feed.lstat().st_mode) == 0o600


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xff\xff\xff",
        (3).to_bytes(4) + b"{}x",
        frame({"op": "ready"}),
        frame({"op": "nonsense"}),
        frame({}),
        b"\0\0",
    ],
)
async def test_nonsense_on_the_feed_changes_no_answer(
    make: Make, site: Site, said: bytes
) -> None:
    async with at_work(make()) as backend:
        await put(backend, A)
        assert site.runtime is not None
        (feed,) = site.runtime.parent.iterdir()
        reader, writer = await asyncio.open_unix_connection(str(feed))
        writer.write(said)
        writer.write_eof()
        await reader.read()
        writer.close()

        assert data(await ask(port_of(backend))) == ["10.0.0.2"]
        await put(backend, web("here:web.2:80", address="10.0.0.3"))
        assert len(data(await ask(port_of(backend)))) == 2


async def test_workers_share_a_port_and_all_show_the_same(site: Site) -> None:
    uri = "dns://127.0.0.1:0?workers=3"
    async with DnsBackend.from_uri(uri, site) as backend:
        await put(backend, A)
        # Which of them gets a query follows from the port it comes from.
        answers = [data(await ask(port_of(backend))) for _ in range(30)]
        counted = (await backend.describe())["counters"]["udp NOERROR"]

    assert answers == [["10.0.0.2"]] * 30
    assert counted == 30


async def test_a_port_that_is_taken_leaves_no_process_behind(site: Site) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        backend = DnsBackend.from_uri(f"dns://127.0.0.2:0,127.0.0.1:{taken}", site)
        with pytest.raises(ConfigError, match="the port is taken by"):
            await backend.__aenter__()

    assert site.runtime is not None
    assert not list(site.runtime.parent.iterdir())


_ACTIVATED = """
import asyncio, os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
from registrator.backend import Site
from registrator_dns.backend import DnsBackend

async def main():
    site = Site(node="foo", address="10.0.0.1", environment=dict(os.environ))
    async with DnsBackend.from_uri(f"dns://127.0.0.1:{sys.argv[1]}", site) as backend:
        print(backend.endpoints, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@pytest.mark.parametrize("kinds", [("udp", "tcp"), ("udp",)])
async def test_it_answers_on_sockets_that_a_service_manager_passed(
    kinds: tuple[str, ...],
) -> None:
    """As systemd does: from descriptor 3 on (sd_listen_fds(3))."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket() as tcp,
    ):
        (port,) = free_ports(1)
        udp.bind(("127.0.0.1", port))
        tcp.bind(("127.0.0.1", port))
        tcp.listen()
        passed = [{"udp": udp, "tcp": tcp}[kind].fileno() for kind in kinds]
        moves = " ".join(f"{3 + n}<&{each}" for n, each in enumerate(passed))
        with subprocess.Popen(  # noqa: ASYNC220  returns at once
            [
                "bash",
                "-c",
                f'exec "$@" {moves}',
                "bash",
                sys.executable,
                "-c",
                _ACTIVATED,
                str(port),
            ],
            env={**os.environ, "LISTEN_FDS": str(len(passed))},
            pass_fds=passed,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as daemon:
            udp.close()
            tcp.close()
            assert daemon.stdout is not None
            assert daemon.stderr is not None
            told = await asyncio.to_thread(daemon.stdout.readline)
            if len(kinds) == 2:
                assert told == f"(('127.0.0.1', {port}),)\n"
                assert (await ask(port)).rcode() == dns.rcode.NXDOMAIN
            _, problems = daemon.communicate(timeout=30)

    if len(kinds) == 1:
        assert "it takes ListenDatagram and ListenStream" in problems


def test_the_feed_says_nothing_of_passwords() -> None:
    uri = "dns://127.0.0.1:0?ttl=1&from=consul://user:secret@h:1&only=warning"
    backend = DnsBackend.from_uri(uri, Site(node="foo"))
    responders = backend._responders  # noqa: SLF001  what it says of itself

    assert isinstance(responders, Responders)
    assert "secret" not in repr(responders._begin)  # noqa: SLF001  as above
