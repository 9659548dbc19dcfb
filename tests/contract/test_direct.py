"""Every registry on its real server, shown by registrator-ctl without a daemon."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from contract.stores import Row, Store, agree, parameters
from daemons import CTL
from samples import web

served = pytest.mark.parametrize(
    "row", parameters(lambda row: row.server), indirect=True
)


def listed(uri: str) -> str:
    """What `registrator-ctl list` says of one name."""
    command: list[str | Path] = [CTL, "list", "--from", uri, "web"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


def first_of_a_watch(uri: str) -> str:
    """The first line that `registrator-ctl watch` says of one name."""
    command: list[str | Path] = [CTL, "watch", "--from", uri, "web"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        line = watching.stdout.readline()
        watching.kill()
    return line


@served
async def test_registrator_ctl_lists_and_watches_it(
    row: Row, store: Store, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue(row.server)
    uri = row.uri.format(server=server, tmp=tmp_path)
    async with store("here") as backend:
        assert await agree(backend, web()) == {}

        assert "10.0.0.1:8000" in await asyncio.to_thread(listed, uri)
        line = await asyncio.to_thread(first_of_a_watch, uri)

    assert "+ web " in line
    assert "10.0.0.1:8000 passing" in line
