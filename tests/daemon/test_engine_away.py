"""An engine that is not there when the daemon starts."""

from pathlib import Path

from daemons import Daemon
from servers import free_ports
from standins import standin
from waiting import until


def test_the_daemon_says_that_it_waits_for_the_engine_until_that_is_there(
    tmp_path: Path,
) -> None:
    engine_socket = tmp_path / "docker.sock"
    [port] = free_ports(1)
    uri = f"unix://{engine_socket}"

    with (
        standin(2) as engine,
        Daemon(
            f"dns://127.0.0.1:{port}", f"-docker-host={uri}", "-ip=10.0.0.1"
        ) as daemon,
    ):
        until(lambda: daemon.status()["engine"]["error"], "the reason")
        status, explained = daemon.ctl("status"), daemon.ctl("explain", "c00001")
        listed = daemon.ctl("list")
        engine_socket.symlink_to(engine.uri.removeprefix("unix://"))
        until(daemon.settled, "the first round")
        after = daemon.ctl("status")

    assert status.returncode == 1
    assert f"engine {uri}: away: " in status.stdout
    assert f"dns://127.0.0.1:{port}/consul   pending" in status.stdout
    assert explained.returncode == 1
    assert str(engine_socket) in explained.stderr
    assert (listed.returncode, listed.stdout) == (0, "")
    assert after.returncode == 0
    assert "on standin: services: 2, containers: 2; all is well" in after.stdout
