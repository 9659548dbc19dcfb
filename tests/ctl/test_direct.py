"""The real program, reading registries without a daemon."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fixtures.consul import ConsulAgent
from fixtures.plugin import FilesRegistry
from registrator.fitness import Health
from registrator.model import Service
from samples import web
from servers import free_ports
from showcase import HOSTILE
from waiting import until

CTL = (
    *(sys.executable, "-c"),
    "import sys; from registrator.ctl.commands import main; sys.exit(main())",
)
A = web("here:web.1:80", tags=("a", "b"), metadata={"version": "1"}, weight=3)
B = web("here:shop.1:80", name="shop", address="fd00::1", health=Health.UNHEALTHY)

AS_JSON = {
    "service": "web",
    "id": "here:web.1:80",
    "address": "10.0.0.1",
    "port": 8000,
    "transport": "tcp",
    "tags": ["a", "b"],
    "metadata": {"version": "1"},
    "status": "passing",
    "priority": 1,
    "weight": 3,
    "node": "there",
}


def ctl(
    files: FilesRegistry, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CTL, *arguments],
        env={**os.environ, **files.environment, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


class Watching:
    """A running `registrator-ctl watch`, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def lines(self) -> list[str]:
        whole, _, _ = self._said.read_text().rpartition("\n")
        return whole.splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def says(self, *words: str) -> str:
        """Wait for a line that has all *words*."""

        def found() -> str:
            assert self.process.poll() is None, self._said.read_text()
            fitting = (line for line in self.lines if all(w in line for w in words))
            return next(fitting, "")

        return until(found, f"it says {words}")

    def tells(self, **values: object) -> dict[str, Any]:
        """Wait for a JSON object that has all *values*."""

        def found() -> dict[str, Any]:
            assert self.process.poll() is None, self._said.read_text()
            fitting = (each for each in self.objects if values.items() <= each.items())
            return next(fitting, {})

        return until(found, f"it tells {values}")


@contextmanager
def watch(files: FilesRegistry, *arguments: str) -> Iterator[Watching]:
    said = files.directory.with_name("said")
    with (
        said.open("wb") as output,
        subprocess.Popen(
            [*CTL, "watch", "--from", files.uri, *arguments],
            env={**os.environ, **files.environment},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield Watching(process, said)
        finally:
            process.kill()


def ids(views: list[dict[str, Any]]) -> list[str]:
    return [view["id"] for view in views]


def test_a_registry_is_listed_as_a_table(files: FilesRegistry) -> None:
    files.put(A, B)

    ended = ctl(files, "list", "--from", files.uri)

    assert (ended.returncode, ended.stderr) == (0, "")
    head, _, *rows = [line.split() for line in ended.stdout.splitlines()]
    assert head == ["SERVICE", "ID", "ADDRESS", "TAGS", "STATUS", "NODE"]
    assert rows == [
        ["shop", "here:shop.1:80", "[fd00::1]:8000", "critical", "there"],
        ["web", "here:web.1:80", "10.0.0.1:8000", "a,b", "passing", "there"],
    ]


def test_a_registry_is_listed_as_json(files: FilesRegistry) -> None:
    files.put(A, B)

    ended = ctl(files, "list", "web", "-o", "json", "--from", files.uri)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == [AS_JSON]


def test_what_is_not_there_is_a_no_only_if_it_was_asked_for(
    files: FilesRegistry,
) -> None:
    everything = ctl(files, "list", "--from", files.uri)
    one = ctl(files, "list", "web", "--from", files.uri)
    as_json = ctl(files, "list", "web", "-o", "json", "--from", files.uri)

    said = "registrator-ctl: no service is registered\n"
    assert (everything.returncode, everything.stdout, everything.stderr) == (
        0,
        "",
        said,
    )
    assert (one.returncode, one.stdout) == (1, "")
    assert one.stderr == "registrator-ctl: no service called web is registered\n"
    assert (as_json.returncode, as_json.stdout) == (1, "[]\n")


def test_what_fits_no_format_is_counted(files: FilesRegistry) -> None:
    files.put(A)
    files.write("junk.json", "{]")
    files.write("number.json", "7")

    ended = ctl(files, "list", "-o", "json", "--from", files.uri)

    assert ended.returncode == 0
    assert ids(json.loads(ended.stdout)) == [A.id]
    assert ended.stderr == (
        "registrator-ctl: entries in no format known here, and left out: 2\n"
    )


def hostile() -> Service:
    return web(name=HOSTILE, tags=(HOSTILE,), address=HOSTILE)


def test_hostile_text_is_shown_as_it_is_and_does_nothing(files: FilesRegistry) -> None:
    files.put(hostile())

    ended = ctl(files, "list", "--from", files.uri)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "[red]x[/red]\\x1b]0;owned" in ended.stdout
    assert all(line.isprintable() for line in ended.stdout.splitlines())
    assert not any(line.startswith("forged") for line in ended.stdout.splitlines())


def test_hostile_text_does_nothing_in_a_watch(files: FilesRegistry) -> None:
    files.put(hostile())
    with watch(files) as watching:
        line = watching.says("+", "owned")

    assert "[red]x[/red]\\x1b]0;owned" in line
    assert line.isprintable()
    assert len(watching.lines) == 1


@pytest.mark.parametrize("command", ["list", "watch"])
def test_all_mistakes_of_a_uri_are_told_at_once(
    files: FilesRegistry, command: str
) -> None:
    ended = ctl(files, command, "--from", "files://host?poll=x&nope=1")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines() == [
        "registrator-ctl: files: there is no option 'nope'",
        "registrator-ctl: files: files:///path/of/a/directory is expected",
        "registrator-ctl: files: poll='x' is not a number of seconds",
    ]


@pytest.mark.parametrize("command", ["list", "watch"])
@pytest.mark.parametrize("uri", ["nonsense://x", "nonsense", ""])
def test_what_is_no_registry_is_exit_code_2(
    files: FilesRegistry, command: str, uri: str
) -> None:
    ended = ctl(files, command, f"--from={uri}")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is no registry" in ended.stderr


@pytest.mark.parametrize("command", ["list", "watch"])
def test_what_only_the_daemon_knows_is_not_asked_of_a_registry(
    files: FilesRegistry, command: str
) -> None:
    ended = ctl(files, command, "--from", "dns://127.0.0.1:8600")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "only the daemon itself knows what it holds" in ended.stderr


def test_a_watch_without_a_registry_is_a_wrong_command_line(
    files: FilesRegistry,
) -> None:
    assert ctl(files, "watch").returncode == 2


def test_a_registry_and_a_daemons_socket_are_not_asked_at_once(
    files: FilesRegistry,
) -> None:
    ended = ctl(files, "list", "--from", files.uri, "--socket", "x")

    assert ended.returncode == 2


@pytest.mark.parametrize("command", ["list", "watch"])
def test_a_registry_that_does_not_answer_is_exit_code_3(
    files: FilesRegistry, command: str
) -> None:
    files.directory.rmdir()

    ended = ctl(files, command, "--from", files.uri)

    assert (ended.returncode, ended.stdout) == (3, "")
    uri = files.uri.partition("?")[0]
    assert ended.stderr == f"registrator-ctl: {uri}: No such file or directory\n"


@pytest.mark.parametrize("command", ["list", "watch"])
def test_a_consul_that_refuses_connections_is_exit_code_3(
    files: FilesRegistry, command: str
) -> None:
    ended = ctl(files, command, "--from", f"consul://127.0.0.1:{free_ports(1)[0]}")

    assert (ended.returncode, ended.stdout) == (3, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("registrator-ctl: consul://127.0.0.1:")


@pytest.mark.needs_consul
def test_a_real_consul_is_listed_by_the_variables_of_its_own_tools(
    files: FilesRegistry, consul: ConsulAgent
) -> None:
    body = {"ID": "x", "Name": "shop", "Address": "10.0.0.7", "Port": 7}
    consul.put("/v1/agent/service/register", body)
    arguments = ("list", "shop", "-o", "json", "--from", "consul:")

    found = until(
        lambda: json.loads(
            ctl(files, *arguments, CONSUL_HTTP_ADDR=f"127.0.0.1:{consul.port}").stdout
        ),
        "the catalog has it",
    )

    assert [(each["service"], each["address"], each["port"]) for each in found] == [
        ("shop", "10.0.0.7", 7)
    ]


def test_a_watch_shows_what_is_there_and_then_each_change(
    files: FilesRegistry,
) -> None:
    files.put(A)
    with watch(files) as watching:
        first = watching.says("+ web here:web.1:80 at 10.0.0.1:8000 passing")
        files.put(B)
        added = watching.says("+ shop")
        files.put(web(A.id, port=9, tags=A.tags))
        watching.says("~ web", "10.0.0.1:9", "changed: port, metadata, weight")
        files.drop(B)
        watching.says("- shop")

    assert first.endswith(" tags a,b on there")
    assert added.endswith("+ shop here:shop.1:80 at [fd00::1]:8000 critical on there")
    assert len(watching.lines) == 4


def test_a_watch_tells_programs_the_same(files: FilesRegistry) -> None:
    files.put(A)
    with watch(files, "-o", "json") as watching:
        watching.tells(added=[AS_JSON])
        files.put(web(A.id, tags=A.tags, metadata=A.metadata, weight=4))
        watching.tells(added=[], changed=[{**AS_JSON, "weight": 4}], removed=[])
        files.drop(A)
        watching.tells(changed=[], removed=[{**AS_JSON, "weight": 4}])

    assert [each["current"] for each in watching.objects] == [True] * 3
    assert watching.objects[0].keys() == {
        *("at", "registry", "current", "error", "skipped"),
        *("added", "changed", "removed"),
    }


def test_an_empty_registry_is_told_as_such(files: FilesRegistry) -> None:
    with watch(files) as watching:
        line = watching.says("holds nothing")

    assert line.endswith(f"= files://{files.directory} holds nothing")


def test_a_watch_of_one_name_shows_that_name_only(files: FilesRegistry) -> None:
    files.put(A, B)
    with watch(files, "web", "-o", "json") as watching:
        watching.tells(added=[AS_JSON])
        files.put(web(B.id, name="shop", port=9))
        files.drop(A)
        watching.tells(removed=[AS_JSON])

    assert [ids(each["changed"]) for each in watching.objects] == [[], []]


def test_an_outage_is_marked_and_sat_out(files: FilesRegistry) -> None:
    files.put(A)
    away = files.directory.with_name("away")
    with watch(files) as watching:
        watching.says("+ web")
        files.directory.rename(away)
        gone = watching.says("!")
        away.rename(files.directory)
        back = watching.says("answers again after")
        files.put(B)
        watching.says("+ shop")

    assert gone.endswith("No such file or directory; what stands is as last seen")
    assert "= files://" in back
    assert len(watching.lines) == 4


def test_an_outage_is_marked_for_programs(files: FilesRegistry) -> None:
    files.put(A)
    away = files.directory.with_name("away")
    with watch(files, "-o", "json") as watching:
        watching.tells(added=[AS_JSON])
        files.directory.rename(away)
        gone = watching.tells(current=False)
        away.rename(files.directory)
        until(lambda: len(watching.objects) == 3, "it tells that it is back")

    assert "No such file" in gone["error"]
    assert (gone["added"], gone["changed"], gone["removed"]) == ([], [], [])
    assert (watching.objects[2]["current"], watching.objects[2]["error"]) == (True, "")


def test_junk_that_turns_up_is_told_once(files: FilesRegistry) -> None:
    files.put(A)
    with watch(files) as watching:
        watching.says("+ web")
        files.write("junk.json", "{]")
        watching.says("! entries in no format known here: 1")
        files.put(B)
        watching.says("+ shop")

    assert len(watching.lines) == 3


def test_ctrl_c_ends_a_watch_quietly(files: FilesRegistry) -> None:
    files.put(A)
    with watch(files) as watching:
        watching.says("+ web")
        watching.process.send_signal(signal.SIGINT)
        code = watching.process.wait(timeout=60)

    assert code == 0
    assert len(watching.lines) == 1


def test_a_watch_whose_reader_goes_away_ends_quietly(files: FilesRegistry) -> None:
    files.put(A)
    with subprocess.Popen(
        [*CTL, "watch", "--from", files.uri],
        env={**os.environ, **files.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "+ web" in process.stdout.readline()
        process.stdout.close()
        files.put(B)
        said = process.stderr.read()

    assert (process.returncode, said) == (1, "")
