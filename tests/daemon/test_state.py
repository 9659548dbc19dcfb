"""The directory that outlives the daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import Daemon
from fixtures.plugin import FilesRegistry
from standins import StandInProcess, standin
from waiting import until


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(1) as running:
        yield running


def settled(engine: StandInProcess, files: FilesRegistry, uri: str, state: str) -> str:
    """Run a daemon until all is written, and return its log."""
    with Daemon(
        uri,
        *(f"-docker-host={engine.uri}", f"-state={state}"),
        *("-ip=10.0.0.1", "-node-name=h1"),
        environment=files.environment,
    ) as daemon:
        until(daemon.settled, "the first round")
        return daemon.log


def test_it_is_made_for_a_registry_that_outlives_the_daemon(
    engine: StandInProcess, files: FilesRegistry, tmp_path: Path
) -> None:
    log = settled(engine, files, files.uri, str(tmp_path / "state"))

    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert "no state is kept" not in log


def test_where_nothing_outlives_the_daemon_none_is_made(
    engine: StandInProcess, files: FilesRegistry, tmp_path: Path
) -> None:
    settled(engine, files, "dns://127.0.0.1:0", str(tmp_path / "state"))

    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("state", ["", "/proc/registrator"])
def test_without_one_it_says_so_once_and_goes_on(
    engine: StandInProcess, files: FilesRegistry, state: str
) -> None:
    log = settled(engine, files, files.uri, state)

    assert log.count("no state is kept over a restart") == 1
    assert files.ids() == {"h1:c00000:80"}
