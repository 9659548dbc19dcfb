"""Put into force by a command of the operator's."""

import pytest

from fixtures.haproxy_process import Hap, Traffic
from registrator.errors import ConfigError, Unavailable
from registrator_haproxy.process import (
    Application,
    Commanded,
    ConfigurationFile,
    Refused,
)
from servers import Server
from waiting import eventually

DEADLINE = 20.0


def commanded(hap: Hap, *command: str, deadline: float = DEADLINE) -> Application:
    proxy = Commanded(command, deadline=deadline)
    return Application(ConfigurationFile(hap.file), proxy, deadline=DEADLINE)


async def test_a_command_that_succeeds_has_the_text_in_force(
    hap: Hap, running: Server
) -> None:
    application = commanded(hap, "kill", "-USR2", str(running.pid))
    with Traffic(hap.port).flowing() as traffic:
        await application.put(hap.text(word="two"))
        await eventually(lambda: hap.word() == "two", "the new text is served")

    assert traffic.failed == {}


async def test_a_command_that_fails_has_the_text_before_put_back(
    hap: Hap, running: Server
) -> None:
    """It looks into the file, as one does that has a judgement of its own."""
    script = f"! grep two {hap.file} || {{ echo no two here; exit 3; }}"

    with pytest.raises(Refused, match=r"exit status 3\n(.*\n)*no two here"):
        await commanded(hap, "sh", "-c", script).put(hap.text(word="two"))

    assert hap.file.read_text() == hap.text()
    assert not (hap.directory / ".haproxy.cfg.before").exists()


async def test_what_is_refused_on_the_way_back_too_is_said_and_tried_again(
    hap: Hap, running: Server
) -> None:
    with pytest.raises(Refused, match="the configuration before is refused too"):
        await commanded(hap, "false").put(hap.text(word="two"))
    assert hap.file.read_text() == hap.text()
    done = hap.directory / "done"

    assert await commanded(hap, "touch", str(done)).put(hap.text())

    assert done.exists()
    assert not (hap.directory / ".haproxy.cfg.before").exists()


async def test_a_command_that_hangs_is_killed_and_tried_again(
    hap: Hap, running: Server
) -> None:
    application = commanded(hap, "sleep", "1000", deadline=0.2)
    with pytest.raises(Unavailable, match=r"sleep 1000: not done in 0\.2 s"):
        await application.put(hap.text(word="two"))
    assert hap.file.read_text() == hap.text()

    reload = commanded(hap, "kill", "-USR2", str(running.pid))
    await reload.put(hap.text(word="two"))

    await eventually(lambda: hap.word() == "two", "the new text is served")


async def test_there_is_no_shell(hap: Hap, running: Server) -> None:
    with pytest.raises(ConfigError, match=r"true; touch x: cannot be run"):
        await commanded(hap, "true; touch x").put(hap.text(word="two"))

    assert hap.file.read_text() == hap.text()
