"""When the configuration is looked at anew."""

import os
from pathlib import Path

import pytest

from registrator.errors import ConfigError
from registrator.stamp import stamp
from registrator_haproxy.configuration.file import read
from registrator_haproxy.configuration.model import Configuration
from registrator_haproxy.wanted import Wanted

ONE, TWO = "services: {a: {listen: 1024}}", "services: {b: {listen: 1025}}"


class Desk:
    """A file, and who looks at it each second."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "haproxy.yaml"
        self.write(ONE)
        seen = stamp(self.file)
        self.used = self.read()
        self.wanted = Wanted(self.file, self.read, self.used, None, seen)
        self.now = 0.0

    def read(self) -> Configuration:
        return read(self.file.read_text(), "haproxy.yaml").configuration

    def write(self, text: str) -> None:
        self.file.write_text(text)
        # Two changes within one tick of the file system's clock are told apart.
        self._count = getattr(self, "_count", 0) + 1
        os.utime(self.file, ns=(0, self._count))

    def look(self, *, asked: bool = False) -> list[str] | None:
        """Name the services that are wanted; None: there is nothing new."""
        self.now += 1.0
        found = self.wanted.anew(self.used, self.now, asked=asked)
        return None if found is None else sorted(found.services)

    def take(self) -> None:
        self.used = self.wanted.configuration(self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_that_stays_as_it_is_is_no_news(desk: Desk) -> None:
    assert [desk.look(), desk.look()] == [None, None]


def test_what_changed_while_the_first_was_read_is_seen(tmp_path: Path) -> None:
    class Changing(Desk):
        def read(self) -> Configuration:
            found = super().read()
            self.write(TWO)
            return found

    desk = Changing(tmp_path)

    assert [desk.look(), desk.look()] == [None, ["b"]]


def test_a_file_that_is_being_written_is_not_read_before_it_stays(desk: Desk) -> None:
    desk.write("")
    assert desk.look() is None
    desk.write(TWO)
    assert [desk.look(), desk.look()] == [None, ["b"]]
    desk.take()
    assert desk.look() is None


def test_a_hangup_has_it_read_at_once(desk: Desk) -> None:
    assert desk.look(asked=True) == ["a"]
    desk.take()
    desk.write(TWO)
    assert [desk.look(asked=True), desk.look(asked=True)] == [["b"], ["b"]]


def test_what_was_not_taken_is_asked_for_again_after_a_while(desk: Desk) -> None:
    desk.write(TWO)
    assert [desk.look(), desk.look(), desk.look()] == [None, ["b"], None]
    desk.now += 30.0
    assert [desk.look(), desk.look()] == [["b"], None]
    desk.now += 30.0
    desk.take()
    assert desk.look() is None


def test_one_that_is_wrong_is_told_once_and_changes_nothing(desk: Desk) -> None:
    desk.write("services: [")
    assert desk.look() is None
    with pytest.raises(ConfigError, match="while parsing"):
        desk.look()
    desk.now += 30.0
    assert desk.look() is None


def test_another_haproxy_takes_a_restart(desk: Desk) -> None:
    desk.write("haproxy: {manage: nothing}")
    assert desk.look() is None
    with pytest.raises(ConfigError, match="haproxy: takes a restart to change"):
        desk.look()
    desk.write(TWO)
    assert [desk.look(), desk.look()] == [None, ["b"]]


def test_a_pipe_is_read_once(desk: Desk) -> None:
    desk.file.unlink()
    os.mkfifo(desk.file)
    wanted = Wanted(desk.file, desk.read, desk.used, None, stamp(desk.file))

    assert wanted.anew(desk.used, 1.0, asked=False) is None
    with pytest.raises(ConfigError, match="it is no file"):
        wanted.anew(desk.used, 2.0, asked=True)
