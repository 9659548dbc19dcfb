"""A HAProxy of our own: started, kept alive, found again, and ended with us."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fixtures.haproxy import ask, on_each_version, on_newest_too
from fixtures.haproxy_process import Hap, Traffic
from registrator.errors import ConfigError
from registrator_haproxy.process import (
    Application,
    ConfigurationFile,
    Refused,
    Step,
    Supervised,
)
from waiting import eventually, until

DEADLINE = 20.0

# What a daemon does, for one that is killed: it says when it has come so far.
_DAEMON = """
import asyncio, sys
from pathlib import Path
from registrator_haproxy.process import Application, ConfigurationFile, Supervised

async def main(program, file, socket, text, last):
    file, how = Path(file), {"program": program, "deadline": 20.0}
    async with Supervised(file, Path(socket), **how) as proxy:
        application = Application(ConfigurationFile(file), proxy, **how)
        async for step in application.steps(text):
            if step.name == last:
                print(proxy.process, flush=True)
                await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def traffic(hap: Hap) -> Traffic:
    return Traffic(hap.port)


def proxy_of(
    hap: Hap, *, program: str | None = None, soft_stop: float = 0.0
) -> Supervised:
    return Supervised(
        hap.file,
        hap.socket,
        program=program or hap.program,
        deadline=DEADLINE,
        soft_stop=soft_stop,
    )


def application_of(hap: Hap, proxy: Supervised) -> Application:
    file = ConfigurationFile(hap.file)
    return Application(file, proxy, program=hap.program, deadline=DEADLINE)


@asynccontextmanager
async def supervised(hap: Hap, text: str | None = None) -> AsyncIterator[Supervised]:
    """Have it run as the daemon does, with *text* in force."""
    async with proxy_of(hap) as proxy:
        if text is not None:
            await application_of(hap, proxy).put(text)
        async with asyncio.TaskGroup() as rooms:
            supervisor = rooms.create_task(proxy.run(), name="haproxy")
            yield proxy
            supervisor.cancel()


@on_each_version
async def test_the_first_text_starts_it_and_the_end_ends_it(hap: Hap) -> None:
    async with proxy_of(hap) as proxy:
        assert await application_of(hap, proxy).put(hap.text())
        assert hap.masters() == [proxy.process]
        assert hap.word() == "one"

    assert hap.masters() == hap.workers() == []
    assert hap.file.stat().st_mode & 0o777 == 0o600


@on_each_version
async def test_one_that_is_told_to_be_a_daemon_stays_ours(hap: Hap) -> None:
    async with supervised(hap) as proxy:
        for word in ("one", "two"):
            await application_of(hap, proxy).put(
                hap.text("global", "  daemon", word=word)
            )
            assert hap.masters() == [proxy.process]
            assert hap.word() == word

    assert hap.masters() == hap.workers() == []


@on_each_version
async def test_what_it_says_of_servers_that_we_change_alarms_nobody(
    hap: Hap, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    admin = f"  stats socket {hap.directory}/runtime.sock level admin"
    async with supervised(hap, hap.text("global", admin)):
        for state in ("drain", "maint", "ready"):
            order = f"set server servers/one state {state}"
            ask(hap.directory / "runtime.sock", order)
        await eventually(lambda: "leaving forced" in caplog.text, "it is heard")

    alarms = [each.message for each in caplog.records if each.levelno > logging.INFO]
    assert [each for each in alarms if "no server available" not in each] == []


@on_each_version
async def test_reloads_of_it_drop_no_request(hap: Hap) -> None:
    async with supervised(hap, hap.text()) as proxy:
        with Traffic(hap.port).flowing() as traffic:
            for word in ("two", "three", "four"):
                await application_of(hap, proxy).put(hap.text(word=word))
                assert hap.word() == word

    assert traffic.failed == {}


async def test_a_file_that_is_there_is_served_at_once(hap: Hap) -> None:
    hap.file.write_text(hap.text())
    async with supervised(hap):
        await eventually(lambda: hap.word() == "one", "it serves")


@on_each_version
@pytest.mark.parametrize("victim", ["master", "worker"])
async def test_it_is_started_again_when_it_was_killed(hap: Hap, victim: str) -> None:
    async with supervised(hap, hap.text()) as proxy:
        before = proxy.process
        found = hap.masters() if victim == "master" else hap.workers()
        os.kill(found[0], signal.SIGKILL)

        await eventually(lambda: proxy.process not in (None, before), "a new one runs")
        await eventually(lambda: hap.word() == "one", "it serves")
        await eventually(lambda: len(hap.workers()) == 1, "one worker is left")
        assert not os.path.exists(f"/proc/{before}")  # noqa: ASYNC240, PTH110  /proc


@on_each_version
async def test_of_the_reload_it_says_why_it_failed(hap: Hap) -> None:
    text = hap.text("frontend x", f"  bind localhost:{hap.other}")
    why = pytest.raises(Refused, match=f"cannot bind socket.*:{hap.other}")
    async with proxy_of(hap) as proxy:
        application = application_of(hap, proxy)
        await application.put(hap.text())
        with occupied(hap.other), why:
            await application.put(text)

        assert hap.word() == "one"
        assert hap.file.read_text() == hap.text()


@on_each_version
async def test_one_that_cannot_start_says_why_and_leaves_nothing(hap: Hap) -> None:
    text = hap.text("frontend x", f"  bind localhost:{hap.other}")
    async with proxy_of(hap) as proxy:
        with occupied(hap.other), pytest.raises(Refused, match="cannot bind socket"):
            await application_of(hap, proxy).put(text)

        assert proxy.process is None
        assert hap.masters() == []
        assert not hap.file.exists()
        await application_of(hap, proxy).put(text)
        assert hap.word() == "one"


@on_each_version
async def test_what_it_complains_of_is_logged(
    hap: Hap, caplog: pytest.LogCaptureFixture
) -> None:
    async with proxy_of(hap) as proxy:
        await application_of(hap, proxy).put(hap.text())
        os.kill(hap.workers()[0], signal.SIGKILL)
        said = "haproxy: [ALERT]"
        await eventually(lambda: said in caplog.text, "it is heard")

    assert {each.levelno for each in caplog.records if said in each.message} == {
        logging.ERROR
    }


async def test_a_program_that_is_not_there_is_named(hap: Hap) -> None:
    hap.file.write_text(hap.text())
    async with proxy_of(hap, program="/nowhere/haproxy") as proxy:
        with pytest.raises(ConfigError, match="/nowhere/haproxy: cannot be run"):
            await proxy.reload()


@on_each_version
async def test_a_request_is_answered_to_its_end_at_a_soft_stop(hap: Hap) -> None:
    async with proxy_of(hap, soft_stop=DEADLINE) as proxy:
        await application_of(hap, proxy).put(hap.text())
        reader, writer = await asyncio.open_connection("127.0.0.1", hap.port)
        writer.write(b"GET / HTTP/1.0\r\n")
        await eventually(lambda: taken_up(hap), "the request is being read")
        process = proxy.process
        async with asyncio.TaskGroup() as group:
            group.create_task(finished(hap, writer), name="request")
            group.create_task(proxy.__aexit__(None, None, None), name="stop")
        assert (await reader.read()).endswith(b"served")
        writer.close()

    assert process
    assert hap.masters() == []


@on_each_version
async def test_after_our_kill_it_serves_on_and_the_next_daemon_goes_on_with_it(
    hap: Hap, traffic: Traffic
) -> None:
    master = killed_at(hap, hap.text(), Step.FINISHED)
    with traffic.flowing():
        successor = proxy_of(hap)
        proxy = await successor.__aenter__()
        application = application_of(hap, proxy)
        await application.settle()
        assert not await application.put(hap.text())
        await application.put(hap.text(word="two"))
        assert hap.word() == "two"
        assert hap.masters() == [proxy.process] == [master]
    await successor.__aexit__(None, None, None)

    assert traffic.failed == {}
    assert hap.masters() == []


@on_newest_too
async def test_the_end_of_one_that_was_found_is_noticed(hap: Hap) -> None:
    master = killed_at(hap, hap.text(), Step.FINISHED)
    async with supervised(hap) as proxy:
        assert proxy.process == master
        os.kill(master, signal.SIGKILL)

        await eventually(lambda: proxy.process not in (None, master), "a new one runs")
        await eventually(lambda: hap.word() == "one", "it serves")


@on_newest_too
@pytest.mark.parametrize("last", [Step.SET_ASIDE, Step.SWAPPED, Step.RELOADED])
async def test_the_next_daemon_settles_what_a_killed_one_left(
    hap: Hap, traffic: Traffic, last: Step
) -> None:
    killed_at(hap, hap.text(), Step.FINISHED)
    with traffic.flowing():
        master = killed_at(hap, hap.text(word="two"), last)
        successor = proxy_of(hap)
        proxy = await successor.__aenter__()
        application = application_of(hap, proxy)
        await application.settle()
        assert hap.word() == "one"
        await application.put(hap.text(word="two"))
        assert hap.word() == "two"
        assert hap.masters() == [proxy.process] == [master]
    await successor.__aexit__(None, None, None)

    assert traffic.failed == {}


@on_each_version
async def test_one_that_takes_up_its_file_meanwhile_is_found_too(hap: Hap) -> None:
    master = killed_at(hap, hap.text(), Step.FINISHED)
    os.kill(master, signal.SIGUSR2)
    async with proxy_of(hap) as proxy:
        assert proxy.process == master

    await eventually(lambda: not hap.masters() + hap.workers(), "nothing is left")


async def test_one_that_is_found_hanging_is_ended(hap: Hap) -> None:
    master = killed_at(hap, hap.text(), Step.FINISHED)
    os.kill(master, signal.SIGSTOP)
    proxy = Supervised(hap.file, hap.socket, deadline=0.5)
    async with proxy:
        assert proxy.process is None
    until(lambda: master not in hap.masters(), "it has ended")


def occupied(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def taken_up(hap: Hap) -> bool:
    return "CurrConns: 1" in hap.ask("@1 show info")


async def finished(hap: Hap, writer: asyncio.StreamWriter) -> None:
    """Send the rest of the request when the port is closed."""

    def is_closed() -> bool:
        try:
            socket.create_connection(("127.0.0.1", hap.port)).close()
        except ConnectionRefusedError:
            return True
        return False

    await eventually(is_closed, "it takes no more")
    writer.write(b"\r\n")


def killed_at(hap: Hap, text: str, last: Step) -> int:
    """Have a daemon come so far, and kill it; its HAProxy."""
    arguments = [hap.program, str(hap.file), str(hap.socket), text, last.name]
    with subprocess.Popen(
        [sys.executable, "-c", _DAEMON, *arguments],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    ) as daemon:
        assert daemon.stdout is not None
        try:
            return int(daemon.stdout.readline())
        finally:
            daemon.kill()
