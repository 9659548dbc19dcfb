"""Put into force in a HAProxy that somebody else started, under real traffic."""

import os
import signal
import socket
import stat

import pytest

from fixtures.haproxy import on_each_version, on_newest_too
from fixtures.haproxy_process import Hap, Traffic
from registrator.errors import ConfigError, Unavailable
from registrator_haproxy.process import (
    Application,
    Attached,
    ConfigurationFile,
    Refused,
    Step,
)
from servers import Server
from waiting import eventually, until

DEADLINE = 20.0
SHORT = 2.0
"""Seconds within which a program starts, and that can be waited for."""


@pytest.fixture
def application(hap: Hap, running: Server) -> Application:
    return attached(hap)


def attached(
    hap: Hap, *, program: str | None = None, deadline: float = DEADLINE
) -> Application:
    proxy = Attached(hap.socket, deadline=deadline)
    file = ConfigurationFile(hap.file)
    return Application(file, proxy, program=program or hap.program, deadline=deadline)


def listing(hap: Hap) -> set[str]:
    return {each.name for each in hap.directory.iterdir() if each.name != "log"}


@on_each_version
async def test_reloads_drop_no_request(hap: Hap, application: Application) -> None:
    with Traffic(hap.port).flowing() as traffic:
        for word in ("two", "three", "four"):
            assert await application.put(hap.text(word=word))
            assert hap.word() == word

    assert traffic.failed == {}


async def test_the_new_text_is_in_the_file_and_nothing_is_beside_it(
    hap: Hap, application: Application
) -> None:
    await application.put(hap.text(word="two"))

    assert hap.file.read_text() == hap.text(word="two")
    assert stat.S_IMODE(hap.file.stat().st_mode) == 0o640
    assert listing(hap) == {"haproxy.cfg", "master.sock"}


def written(hap: Hap) -> tuple[int, int]:
    """Say what no writing leaves the same; reading changes other times."""
    found = hap.file.stat()
    return found.st_ino, found.st_ctime_ns


async def test_the_same_text_is_neither_written_nor_reloaded(
    hap: Hap, application: Application
) -> None:
    before, ran = written(hap), hap.workers()

    assert not await application.put(hap.text())

    assert written(hap) == before
    assert hap.workers() == ran


@on_each_version
async def test_a_wrong_text_is_refused_with_the_line_it_is_wrong_in(
    hap: Hap, application: Application
) -> None:
    ran = hap.workers()

    with pytest.raises(Refused, match=r":12\] : unknown keyword 'nonsense'"):
        await application.put(hap.text("  nonsense"))

    assert hap.file.read_text() == hap.text()
    assert listing(hap) == {"haproxy.cfg", "master.sock"}
    assert hap.workers() == ran


@on_newest_too
async def test_a_port_that_is_taken_is_found_before_the_reload_and_drops_no_request(
    hap: Hap, application: Application
) -> None:
    ran = hap.workers()
    taken = pytest.raises(Refused, match=f"{hap.other}: another program listens")
    with Traffic(hap.port).flowing() as traffic, occupied(hap.other), taken:
        await application.put(hap.also(hap.other))

    assert traffic.failed == {}
    assert hap.workers() == ran
    assert hap.file.read_text() == hap.text()


async def test_a_port_may_move_to_another_address(
    hap: Hap, application: Application
) -> None:
    await application.put(hap.text(word="two").replace("bind 127.0.0.1", "bind *"))

    assert hap.word() == "two"


@on_each_version
async def test_what_only_the_reload_finds_is_rolled_back(
    hap: Hap, application: Application
) -> None:
    """A name instead of an address: whether that is taken is not looked at before."""
    with occupied(hap.other), pytest.raises(Refused):
        await application.put(
            hap.text("frontend other", f"  bind localhost:{hap.other}", word="bad")
        )

    assert hap.file.read_text() == hap.text()
    assert listing(hap) == {"haproxy.cfg", "master.sock"}
    assert hap.word() == "one"
    assert "[failed: 0]" in hap.ask("show proc")
    assert await application.put(hap.text(word="two"))
    assert hap.word() == "two"


@on_each_version
async def test_a_new_port_is_served_when_put_returns(
    hap: Hap, application: Application
) -> None:
    await application.put(hap.also(hap.other))

    socket.create_connection(("127.0.0.1", hap.other)).close()


@on_newest_too
@pytest.mark.parametrize(
    "last", [Step.WRITTEN, Step.SET_ASIDE, Step.SWAPPED, Step.RELOADED]
)
async def test_the_next_start_goes_on_after_a_crash_at_any_step(
    hap: Hap, application: Application, last: Step
) -> None:
    with Traffic(hap.port).flowing() as traffic:
        await stopped(application, hap.text(word="two"), last)

        successor = attached(hap)
        await successor.settle()
        assert hap.file.read_text() == hap.text()
        assert hap.word() == "one"
        await successor.put(hap.text(word="two"))

    assert hap.word() == "two"
    assert traffic.failed == {}
    assert listing(hap) == {"haproxy.cfg", "master.sock"}


@on_newest_too
@pytest.mark.parametrize("last", [Step.RESTORED, Step.RELOADED])
async def test_the_next_start_goes_on_after_a_crash_on_the_way_back(
    hap: Hap, application: Application, last: Step
) -> None:
    with occupied(hap.other):
        bad = hap.text("frontend other", f"  bind localhost:{hap.other}", word="bad")
        await stopped(application, bad, last)

    successor = attached(hap)
    await successor.settle()

    assert hap.file.read_text() == hap.text()
    assert hap.word() == "one"
    assert listing(hap) == {"haproxy.cfg", "master.sock"}


async def test_without_settling_too_the_next_text_is_reloaded_after_a_crash(
    hap: Hap, application: Application
) -> None:
    await stopped(application, hap.text(word="two"), Step.SWAPPED)

    assert await attached(hap).put(hap.text(word="two"))

    assert hap.word() == "two"


async def test_where_no_haproxy_answers_the_text_before_stays(
    hap: Hap, running: Server
) -> None:
    running.kill()
    application = attached(hap, deadline=SHORT)

    with pytest.raises(
        Unavailable, match=r"master\.sock: connection refused|no answer"
    ):
        await application.put(hap.text(word="two"))
    assert hap.file.read_text() == hap.text()
    running.start()
    await attached(hap).put(hap.text(word="two"))

    assert hap.word() == "two"


@on_each_version
async def test_a_master_that_hangs_is_waited_for_no_longer_than_said(
    hap: Hap, running: Server
) -> None:
    with running.hanging(), pytest.raises(Unavailable, match="no answer in 2 s"):
        await attached(hap, deadline=SHORT).put(hap.text(word="two"))

    await attached(hap).put(hap.text(word="two"))
    assert hap.word() == "two"


async def test_a_check_that_hangs_is_killed_with_all_that_it_started(
    hap: Hap, running: Server
) -> None:
    program = stand_in(hap, f"echo $$ > {hap.directory}/pid; sleep 1000 & wait")

    with pytest.raises(Unavailable, match="not done in 2 s, and killed"):
        await attached(hap, program=program, deadline=SHORT).put(hap.text(word="two"))

    group = int((hap.directory / "pid").read_text())
    until(lambda: is_gone(group), "nothing of it is left")
    assert hap.file.read_text() == hap.text()


async def test_a_check_that_floods_is_bounded(hap: Hap, running: Server) -> None:
    program = stand_in(hap, "yes '[ALERT] no' | head -c 5000000; exit 1")

    with pytest.raises(Refused) as refused:
        await attached(hap, program=program).put(hap.text(word="two"))

    assert len(str(refused.value)) < 100_000


async def test_a_program_that_is_not_there_is_named(hap: Hap, running: Server) -> None:
    with pytest.raises(ConfigError, match="/nowhere/haproxy: cannot be run"):
        await attached(hap, program="/nowhere/haproxy").put(hap.text(word="two"))


@on_each_version
async def test_a_text_that_listens_nowhere_is_right(
    hap: Hap, application: Application
) -> None:
    await stopped(application, "global\n", Step.SET_ASIDE)

    assert (hap.directory / ".haproxy.cfg.candidate").exists()


@on_each_version
async def test_reloads_go_on_after_the_worker_was_killed_and_its_master_started_again(
    hap: Hap, application: Application, running: Server
) -> None:
    os.kill(hap.workers()[0], signal.SIGKILL)
    await eventually(lambda: not running.runs, "the master ends with its worker")
    running.start()

    await application.put(hap.text(word="two"))

    assert hap.word() == "two"


async def stopped(application: Application, text: str, last: Step) -> None:
    """Stop as a crash does: after a step, and with nothing done about it."""
    steps = application.steps(text)
    async for step in steps:
        if step is last:
            break
    await steps.aclose()


def is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def occupied(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def stand_in(hap: Hap, script: str) -> str:
    program = hap.directory / "stand-in"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)
