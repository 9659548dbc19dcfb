"""Which container this daemon is in, and whether that shares the host's network."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from registrator import host
from registrator.engine import Engine, resolve
from registrator.errors import SourceError
from registrator.model import ContainerId
from standin import Fake, StandIn

OWN, OTHER = "0a" * 32, "0b" * 32

# As 20.10 and 4.3 mount them; the second one also shows a volume of the engine's files.
DOCKER = f"""\
588 571 0:53 / /proc rw,nosuid - proc proc rw
646 571 254:1 /lib/docker/containers/{OWN}/resolv.conf /etc/resolv.conf rw - ext4 / rw
647 571 254:1 /lib/docker/containers/{OWN}/hostname /etc/hostname rw - ext4 / rw
648 571 254:1 /lib/docker/containers/{OWN}/hosts /etc/hosts rw - ext4 / rw
"""
PODMAN = f"""\
700 690 0:24 /overlay-containers/{OWN}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw
701 690 254:1 /lib/docker/containers/{OTHER}/mounts/shm /var/lib/docker rw - ext4 / rw
"""
HOST = f"""\
24 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
90 24 0:44 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw
91 24 254:1 /srv/hosts /etc/hosts rw - ext4 /dev/vda1 rw

odd
"""


@pytest.mark.parametrize(
    ("mounts", "hostname", "expected"),
    [
        pytest.param(DOCKER, OWN[:12], [OWN], id="docker"),
        pytest.param(DOCKER, "web-01", [OWN], id="docker, with a host name"),
        pytest.param(DOCKER, OTHER[:12], [OWN, OTHER[:12]], id="a misleading name"),
        pytest.param(PODMAN, "web-01", [OWN], id="podman"),
        pytest.param("", OWN[:12], [OWN[:12]], id="mounts cannot be read"),
        pytest.param(HOST, "web-01", [], id="no container"),
        pytest.param(HOST, "cafe", [], id="a host's name in hexadecimal"),
    ],
)
def test_the_engines_files_say_which_container_this_is(
    mounts: str, hostname: str, expected: list[str]
) -> None:
    assert list(host.own_ids(mounts, hostname)) == expected


BRIDGED = Fake(name="bridged")
SHARING = Fake(name="sharing", network_mode="host")
JOINED = Fake(name="joined", network_mode=f"container:{SHARING.id}")
APART = Fake(name="apart", network_mode=f"container:{BRIDGED.id}")
ALONE = Fake(name="alone", network_mode=f"container:{OTHER}")
CALLED = Fake(name="cafecafecafe")


@pytest.fixture
async def standin(tmp_path: Path) -> AsyncIterator[StandIn]:
    async with StandIn(tmp_path / "engine.sock") as running:
        running.present(BRIDGED, SHARING, JOINED, APART, ALONE, CALLED)
        yield running


@pytest.fixture
async def engine(standin: StandIn) -> AsyncIterator[Engine]:
    async with Engine(resolve({}, f"unix://{standin.socket}")) as opened:
        yield opened


@pytest.mark.parametrize(
    ("candidates", "apart"),
    [
        pytest.param([BRIDGED.id], True, id="on a bridge"),
        pytest.param([BRIDGED.id[:12]], True, id="by its short id"),
        pytest.param([SHARING.id], False, id="on the host's network"),
        pytest.param([JOINED.id], False, id="with one on the host's network"),
        pytest.param([APART.id], True, id="with one on a bridge"),
        pytest.param([ALONE.id], True, id="with one that is gone"),
        pytest.param([OTHER], False, id="another engine's container"),
        pytest.param([OTHER, BRIDGED.id], True, id="the first one that is known"),
        pytest.param([SHARING.id, BRIDGED.id], False, id="and no other"),
        pytest.param(["cafecafecafe"], False, id="a container is called so"),
        pytest.param([], False, id="no container"),
    ],
)
async def test_a_container_is_apart_unless_it_shares_the_hosts_network(
    engine: Engine, candidates: list[str], *, apart: bool
) -> None:
    assert await host.is_apart(engine, tuple(map(ContainerId, candidates))) is apart


@pytest.mark.parametrize(("status", "message"), [(500, "no"), (404, "page not found")])
async def test_nobody_knows_while_the_engine_does_not_say(
    engine: Engine, standin: StandIn, status: int, message: str
) -> None:
    standin.fail("inspect", status, message=message)

    with pytest.raises(SourceError):
        await host.is_apart(engine, (ContainerId(BRIDGED.id),))


async def test_what_is_told_is_not_asked(engine: Engine, standin: StandIn) -> None:
    await standin.away()

    found = await host.ask(engine, node="web-01", ip="10.0.0.1")

    assert found == host.Host(node="web-01", apart=False)
