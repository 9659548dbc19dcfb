"""Whether somebody takes connections, over IPv4 and IPv6."""

import asyncio
import subprocess
import sys
from textwrap import dedent

import pytest

from peers import peer, silence, sockets
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means
from registrator.health.probes.tcp import TcpProbe
from servers import free_ports, swallowing
from unshared import unshared
from waiting import eventually


def check(target: str) -> Check:
    return Check(kind="tcp", target=target)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_who_takes_connections_passes(host: str) -> None:
    async with peer(silence, host=host) as found, TcpProbe(Means()) as probe:
        outcome = await probe.run(check(found.place))

        assert outcome.status is Status.PASSING
        assert outcome.output == f"{found.place}: connected"
        await eventually(lambda: found.connections and not found.open, "it is closed")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_where_nobody_listens_connections_are_refused(host: str) -> None:
    (port,) = free_ports(1)

    with pytest.raises(Failed, match=r":\d+: connection refused$"):
        await TcpProbe(Means()).run(check(f"{host}:{port}"))


def test_a_client_that_is_its_own_server_is_refused() -> None:
    # Where the system has two ports for its clients, one of which is looked at.
    script = """
        ip link set lo up
        echo 40000 40001 >/proc/sys/net/ipv4/ip_local_port_range
    """
    program = """
        import asyncio
        from registrator.check import Check
        from registrator.health.probe import Failed, Means
        from registrator.health.probes.tcp import TcpProbe

        for port in (40000, 40001) * 8:
            check = Check(kind="tcp", target=f"127.0.0.1:{port}")
            try:
                print(asyncio.run(TcpProbe(Means()).run(check)).output)
            except Failed as failed:
                print(failed)
    """
    with unshared(["net"], script) as holder:
        said = subprocess.check_output(
            [
                "nsenter",
                f"--net=/proc/{holder}/ns/net",
                sys.executable,
                "-c",
                dedent(program),
            ],
            text=True,
            timeout=60,
        )

    assert set(said.splitlines()) == {
        "127.0.0.1:40000: connection refused",
        "127.0.0.1:40001: connection refused",
    }


async def test_no_check_reaches_a_cloud_s_secrets() -> None:
    with pytest.raises(Failed, match=r"169\.254\.169\.254:80 is refused"):
        await TcpProbe(Means()).run(check("169.254.169.254:80"))


async def test_no_check_reaches_the_daemon() -> None:
    async with peer(silence) as found:
        means = Means(own=frozenset({("127.0.0.1", found.port)}))
        with pytest.raises(Failed, match="registrator or its engine is there"):
            await TcpProbe(means).run(check(found.place))

        assert found.connections == 0


async def test_an_attempt_that_is_given_up_leaves_nothing_open() -> None:
    before = sockets()
    with swallowing() as port:
        held = sockets()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await TcpProbe(Means()).run(check(f"127.0.0.1:{port}"))

        assert sockets() == held
    assert sockets() == before
