"""Files of the operator's, followed while they change."""

import logging
import os
from pathlib import Path

import pytest

from registrator.bell import Bell
from registrator.errors import ConfigError
from registrator.reading import Followed, content
from registrator.stamp import stamp
from waiting import eventually


def followed(path: Path, bell: Bell) -> Followed[int]:
    def read() -> int:
        text = content(path)
        if not text.isdecimal():
            raise ConfigError(f"{path}: no number")
        return int(text)

    return Followed(str(path), read, lambda: stamp(path), bell)


def test_a_text_is_read_without_its_mark_of_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa: \xc3\xa4")

    assert content(tmp_path / "file") == "a: ä"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(None, "cannot be read: No such file", id="no file"),
        pytest.param(b"\xff", "no text in UTF-8", id="no text"),
        pytest.param(b"a" * 1_000_001, "more than 1000000 octets", id="too long"),
    ],
)
def test_what_is_no_text_is_refused(
    tmp_path: Path, octets: bytes | None, why: str
) -> None:
    if octets is not None:
        (tmp_path / "file").write_bytes(octets)

    with pytest.raises(ConfigError, match=why):
        content(tmp_path / "file")


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file")

    with pytest.raises(ConfigError, match="is a pipe, which is read once only"):
        content(tmp_path / "file")


def test_a_file_that_is_wrong_at_first_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(ConfigError, match="no number"):
        followed(tmp_path / "file", Bell())


async def test_a_change_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("1")
    file = followed(path, Bell())

    assert not await file.look()
    path.write_text("22")

    await eventually(file.look, "the change is seen")
    assert file.said == 22
    assert not await file.look()


async def test_it_is_read_at_once_when_asked_for(tmp_path: Path) -> None:
    path, bell = tmp_path / "file", Bell()
    path.write_text("1")
    file = followed(path, bell)

    bell.ring()

    assert await file.look()
    assert not await file.look()


async def test_what_is_wrong_changes_nothing_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "file"
    path.write_text("1")
    file = followed(path, Bell())

    path.write_text("xx")
    for _ in range(4):
        assert not await file.look()

    assert file.said == 1
    told = [each.getMessage() for each in caplog.records if each.levelno > logging.INFO]
    assert told == [f"{path}: no number; what it said before stays in use"]

    path.write_text("333")
    await eventually(file.look, "it is right again")
    assert file.said == 333
