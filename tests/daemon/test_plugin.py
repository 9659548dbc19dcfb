"""The whole daemon with a third party's registry: the example of docs/backends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemons import Daemon
from fixtures.plugin import EXAMPLE, FilesRegistry
from registrator.model import Service
from samples import web
from standins import StandInProcess, standin
from waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "backends" / "adding.md"


@pytest.fixture
def engine() -> Iterator[StandInProcess]:
    with standin(10) as running:
        yield running


def daemon(engine: StandInProcess, files: FilesRegistry, *arguments: str) -> Daemon:
    return Daemon(
        files.uri,
        f"-docker-host={engine.uri}",
        *("-ip=10.0.0.1", "-node-name=h1", *arguments),
        environment=files.environment,
    )


def holds(files: FilesRegistry, numbers: range, *others: Service) -> Callable[[], bool]:
    ids = {f"h1:c{number:05}:80" for number in numbers} | {each.id for each in others}
    return lambda: files.ids() == ids


def test_it_is_written_to_as_any_other_registry(
    engine: StandInProcess, files: FilesRegistry
) -> None:
    files.put(web())
    with daemon(engine, files) as running:
        until(holds(files, range(10), web()), "the first round")
        engine.tell("die?first=0&count=5")
        engine.tell("start?first=10&count=5")
        until(holds(files, range(5, 15), web()), "each change")
        until(running.settled, "all is well")

        (backend,) = running.status()["backends"]
        assert backend["registry"] == f"files://{files.directory}"
        assert running.end() == 0

    assert holds(files, range(5, 15), web())()


def test_a_restart_rewrites_nothing_and_removes_what_died_meanwhile(
    engine: StandInProcess, files: FilesRegistry
) -> None:
    with daemon(engine, files) as running:
        until(holds(files, range(10)), "the first round")
        before = {path: path.stat().st_ino for path in files.directory.iterdir()}
        running.end(signal.SIGKILL)
        engine.tell("die?first=0&count=1")
        running.start()
        until(holds(files, range(1, 10)), "the dead one is gone")
        until(running.settled, "all is compared")

    after = {path: path.stat().st_ino for path in files.directory.iterdir()}
    assert after.items() <= before.items()


def test_its_mistakes_stand_in_the_report_with_all_others(
    files: FilesRegistry,
) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "registrator", "-check-config", "-ttl=x"),
            f"{files.uri}&nope=1",
        ],
        env={**os.environ, **files.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "-ttl: 'x' is not" in ended.stderr
    assert "files: there is no option 'nope'" in ended.stderr


@pytest.mark.parametrize("name", ["registrator_files.py", "pyproject.toml"])
def test_the_page_shows_the_example_as_it_is(name: str) -> None:
    language = name.rpartition(".")[2].replace("py", "python")
    _, _, after = PAGE.read_text().partition(f"`{name}`")
    _, _, block = after.partition(f"```{language}\n")

    assert block.partition("```")[0] == (EXAMPLE / name).read_text()
