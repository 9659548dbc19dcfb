"""A third party's kind of check: the example, which asks a ZooKeeper."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.plugin import finding
from fixtures.zookeeper import ZooKeeper
from peers import peer, silence
from registrator.check import Check
from registrator.fitness import Status
from registrator.health.probe import Failed, Means
from registrator_zookeeper_check import LONGEST, ZooKeeperProbe
from servers import free_ports

PATIENCE = 60.0
FIND = """
from importlib.metadata import entry_points
from registrator.health.probe import Means, Probe
(entry,) = entry_points(group="registrator.checks", name="zookeeper")
assert isinstance(entry.load()(Means()), Probe)
print(entry.dist.name)
"""


async def failure(target: str) -> str:
    with pytest.raises(Failed) as caught:
        async with asyncio.timeout(PATIENCE):
            await ZooKeeperProbe(Means()).run(Check(kind="zookeeper", target=target))
    return str(caught.value)


def test_it_is_found_once_it_is_installed(check_plugin: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", FIND],
        env={**os.environ, **finding(check_plugin)},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )

    assert found.stdout == "registrator-zookeeper-check\n"


@pytest.mark.needs_zookeeper
async def test_a_zookeeper_that_serves_passes(zookeeper: ZooKeeper) -> None:
    target = f"127.0.0.1:{zookeeper.port}"

    outcome = await ZooKeeperProbe(Means()).run(Check(kind="zookeeper", target=target))

    assert outcome.status is Status.PASSING
    assert outcome.output == f"{target}: standalone"


async def test_what_is_no_zookeeper_is_critical() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4)
        writer.write(b"Mode: \x1b[2J\n" + b"\xff" * LONGEST)
        await silence(reader, writer)

    async with peer(talk) as found:
        assert await failure(found.place) == (
            f"{found.place}: does not serve, or is no ZooKeeper"
        )


async def test_one_that_is_away_is_critical() -> None:
    assert "127.0.0.1:" in await failure(f"127.0.0.1:{free_ports(1)[0]}")


async def test_it_goes_nowhere_that_other_checks_may_not_go() -> None:
    assert "is refused" in await failure("169.254.169.254:2181")
